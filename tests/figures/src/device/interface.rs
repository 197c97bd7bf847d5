//! W5: what Zephyr counts of one network interface, 103 counters.

use narthex::{Counter, Metrics, Registry, registry};

use super::work;

/// A group of counters.
macro_rules! counters {
    ($($name:ident $help:tt,)*) => {
        /// A network interface.
        #[derive(Debug, Metrics)]
        #[metrics(prefix = "net")]
        pub(crate) struct Interface {
            $(#[doc = $help] $name: Counter,)*
        }

        work!(Interface, INTERFACES, |interface| &[$(&interface.$name),*]);
    };
}

pub(crate) static INTERFACE: Interface = Interface::new();
static INTERFACES: Registry = registry![INTERFACE { nic: "eth0" }];

counters! {
    received_bytes_total "Received bytes.",
    sent_bytes_total "Sent bytes.",
    received_packets_total "Received packets.",
    sent_packets_total "Sent packets.",
    received_broadcasts_total "Received broadcasts.",
    sent_broadcasts_total "Sent broadcasts.",
    received_multicasts_total "Received multicasts.",
    sent_multicasts_total "Sent multicasts.",
    ipv4_received_total "IPv4 received.",
    ipv4_sent_total "IPv4 sent.",
    ipv4_forwarded_total "IPv4 forwarded.",
    ipv4_dropped_total "IPv4 dropped.",
    ipv6_received_total "IPv6 received.",
    ipv6_sent_total "IPv6 sent.",
    ipv6_forwarded_total "IPv6 forwarded.",
    ipv6_dropped_total "IPv6 dropped.",
    ip_version_length_errors_total "IP version length errors.",
    ip_high_byte_length_errors_total "IP high byte length errors.",
    ip_low_byte_length_errors_total "IP low byte length errors.",
    ip_fragment_errors_total "IP fragment errors.",
    ip_checksum_errors_total "IP checksum errors.",
    ip_protocol_errors_total "IP protocol errors.",
    icmp_received_total "ICMP received.",
    icmp_sent_total "ICMP sent.",
    icmp_dropped_total "ICMP dropped.",
    icmp_type_errors_total "ICMP type errors.",
    icmp_checksum_errors_total "ICMP checksum errors.",
    tcp_bytes_received_total "TCP bytes received.",
    tcp_bytes_sent_total "TCP bytes sent.",
    tcp_received_total "TCP received.",
    tcp_sent_total "TCP sent.",
    tcp_dropped_total "TCP dropped.",
    tcp_resent_total "TCP resent.",
    tcp_checksum_errors_total "TCP checksum errors.",
    tcp_ack_errors_total "TCP ack errors.",
    tcp_reset_errors_total "TCP reset errors.",
    tcp_resets_received_total "TCP resets received.",
    tcp_resets_sent_total "TCP resets sent.",
    tcp_connections_dropped_total "TCP connections dropped.",
    tcp_connections_opened_total "TCP connections opened.",
    tcp_connections_accepted_total "TCP connections accepted.",
    udp_received_total "UDP received.",
    udp_sent_total "UDP sent.",
    udp_dropped_total "UDP dropped.",
    udp_checksum_errors_total "UDP checksum errors.",
    nd_received_total "ND received.",
    nd_sent_total "ND sent.",
    nd_dropped_total "ND dropped.",
    pmtu_received_total "PMTU received.",
    pmtu_sent_total "PMTU sent.",
    pmtu_dropped_total "PMTU dropped.",
    mld_received_total "MLD received.",
    mld_sent_total "MLD sent.",
    mld_dropped_total "MLD dropped.",
    igmp_received_total "IGMP received.",
    igmp_sent_total "IGMP sent.",
    igmp_dropped_total "IGMP dropped.",
    dns_received_total "DNS received.",
    dns_sent_total "DNS sent.",
    dns_dropped_total "DNS dropped.",
    priority_0_packets_total "Priority 0 packets.",
    priority_0_bytes_total "Priority 0 bytes.",
    priority_0_drops_total "Priority 0 drops.",
    priority_1_packets_total "Priority 1 packets.",
    priority_1_bytes_total "Priority 1 bytes.",
    priority_1_drops_total "Priority 1 drops.",
    priority_2_packets_total "Priority 2 packets.",
    priority_2_bytes_total "Priority 2 bytes.",
    priority_2_drops_total "Priority 2 drops.",
    priority_3_packets_total "Priority 3 packets.",
    priority_3_bytes_total "Priority 3 bytes.",
    priority_3_drops_total "Priority 3 drops.",
    eth_receive_errors_total "Eth receive errors.",
    eth_send_errors_total "Eth send errors.",
    eth_receive_length_errors_total "Eth receive length errors.",
    eth_receive_over_errors_total "Eth receive over errors.",
    eth_receive_crc_errors_total "Eth receive CRC errors.",
    eth_receive_frame_errors_total "Eth receive frame errors.",
    eth_receive_missed_total "Eth receive missed.",
    eth_receive_long_length_total "Eth receive long length.",
    eth_receive_short_length_total "Eth receive short length.",
    eth_receive_align_total "Eth receive align.",
    eth_receive_buffer_allocation_total "Eth receive buffer allocation.",
    eth_receive_dma_failed_total "Eth receive DMA failed.",
    eth_send_aborted_total "Eth send aborted.",
    eth_send_carrier_total "Eth send carrier.",
    eth_send_fifo_total "Eth send fifo.",
    eth_send_heartbeat_total "Eth send heartbeat.",
    eth_send_window_total "Eth send window.",
    eth_send_timeouts_total "Eth send timeouts.",
    eth_send_dma_failed_total "Eth send DMA failed.",
    flow_xon_received_total "Flow xon received.",
    flow_xoff_received_total "Flow xoff received.",
    flow_xon_sent_total "Flow xon sent.",
    flow_xoff_sent_total "Flow xoff sent.",
    checksum_offloads_good_total "Checksum offloads good.",
    checksum_offload_errors_total "Checksum offload errors.",
    hw_timestamps_sent_total "Hw timestamps sent.",
    hw_timestamps_missed_total "Hw timestamps missed.",
    hw_timestamps_cleared_total "Hw timestamps cleared.",
    collisions_total "Collisions.",
    late_collisions_total "Late collisions.",
    excess_collisions_total "Excess collisions.",
}
