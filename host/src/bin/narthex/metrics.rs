//! What the gateway says about its links at `/metrics`.

use std::sync::Arc;

use narthex::model::Value;
use narthex_host::collector::{Collected, Collector};
use narthex_host::model::{Defect, Family};
use narthex_host::relay::status::Refused;

use crate::links::Links;

const UP: &str = "narthex_link_up";
const OPEN: &str = "narthex_link_open_connections";
const OPENED: &str = "narthex_link_connections_total";
const RECEIVED: &str = "narthex_link_received_bytes_total";
const SENT: &str = "narthex_link_sent_bytes_total";
const UNSENT: &str = "narthex_link_unsent_bytes_total";
const PAUSES: &str = "narthex_link_pauses_total";
const REFUSED: &str = "narthex_link_refused_total";
const RECORDED: &str = "narthex_record_written_bytes_total";
const UNRECORDED: &str = "narthex_record_dropped_bytes_total";
const ERRORS: &str = "narthex_link_errors_total";

/// The metrics of the gateway's links.
pub(crate) struct LinkMetrics {
    links: Arc<Links>,
    families: Vec<Family>,
}

impl LinkMetrics {
    /// Those of these links.
    pub(crate) fn new(links: Arc<Links>) -> Result<Self, Defect> {
        let families = vec![
            Family::gauge(UP, "Whether the link can take bytes: its port is open, its address bound.")?,
            Family::gauge(OPEN, "Connections that are open.")?,
            Family::counter(OPENED, "Connections that were opened.")?,
            Family::counter(RECEIVED, "Bytes that came in.")?.with_unit("bytes")?,
            Family::counter(SENT, "Bytes of requests to devices that were sent.")?.with_unit("bytes")?,
            Family::counter(
                UNSENT,
                "Bytes of requests to devices that were dropped because the link was busy.",
            )?
            .with_unit("bytes")?,
            Family::counter(
                PAUSES,
                "How often a stream was not read for a while because its source sends more bytes a second than it may.",
            )?,
            Family::counter(
                REFUSED,
                "Connections (udp: datagrams) that were not taken, by cause. \
                 network: the source is in none of the allowed networks. \
                 rate: the source sends more bytes a second than it may. \
                 full: the limit of connections is reached.",
            )?,
            Family::counter(ERRORS, "Failed attempts to open the link, and connections lost to an error.")?,
            Family::counter(RECORDED, "Bytes that were written to the file of --record.")?
                .with_unit("bytes")?,
            Family::counter(
                UNRECORDED,
                "Bytes for the file of --record that were dropped because the disk was full or too slow.",
            )?
            .with_unit("bytes")?,
        ];
        Ok(Self { links, families })
    }
}

impl Collector for LinkMetrics {
    fn describe(&self) -> Vec<Family> {
        self.families.clone()
    }

    fn collect(&self, into: &mut Collected) {
        if let Some(record) = self.links.recorded() {
            into.push(RECORDED, &[], Value::Unsigned(record.written_bytes));
            into.push(UNRECORDED, &[], Value::Unsigned(record.dropped_bytes));
        }
        for report in self.links.reports() {
            let mut push =
                |family, value| into.push(family, &[("link", &*report.link)], Value::Unsigned(value));
            push(UP, u64::from(report.up));
            push(OPEN, report.connections);
            push(OPENED, report.connections_total);
            push(RECEIVED, report.received_bytes);
            push(SENT, report.sent_bytes);
            push(UNSENT, report.unsent_bytes);
            push(PAUSES, report.pauses);
            push(ERRORS, report.errors);
            let Refused { network, rate, full } = report.refused;
            for (cause, count) in [("network", network), ("rate", rate), ("full", full)] {
                into.push(REFUSED, &[("cause", cause), ("link", &*report.link)], Value::Unsigned(count));
            }
        }
    }
}
