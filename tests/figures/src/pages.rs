//! What a page costs, and what is kept for it.

use narthex_host::registry::Gatherer as _;

use crate::callgrind::{self, Workload};
use crate::clock;
use crate::device::node::{CHILDREN, NODE};
use crate::device::pump::PUMP;
use crate::rig::{self, Rig};
use crate::{row, twin};

pub(crate) const WORKLOADS: &[(&str, Workload)] = &[("page", || {
    let rig = Rig::new();
    rig.populate(&NODE, 200).leak();
    let (devices, mut buf) = (rig.devices(), Vec::new());
    rig::scrape(&devices, &mut buf);
    (Box::new(move || _ = rig::scrape(&devices, &mut buf)), 200 * CHILDREN)
})];

/// Prints what a child costs on a page.
pub(crate) fn children() {
    for (size, children, rounds) in [("10 k", 10_000, 15), ("100 k", 100_000, 5)] {
        let (rig, mut buf, mut text) = (Rig::new(), Vec::new(), String::new());
        let _lines = rig.populate(&NODE, children / CHILDREN);
        let (devices, peer) = (rig.devices(), twin::nodes(children / CHILDREN));
        let (own_bytes, peer_bytes) = (rig::scrape(&devices, &mut buf), twin::scrape(&peer, &mut text));
        assert!(own_bytes.abs_diff(peer_bytes) * 20 < peer_bytes, "{own_bytes} and {peer_bytes} bytes");
        let [own, peer] = clock::rounds(
            rounds,
            [&mut || clock::nanoseconds(|| _ = rig::scrape(&devices, &mut buf)), &mut || {
                clock::nanoseconds(|| _ = twin::scrape(&peer, &mut text))
            }],
        );
        row(&format!("text of {size} children, time"), own / children as f64, 0);
        row(&format!("text of {size} children, ratio"), own / peer, 2);
        if children == 10_000 {
            let gathered = devices.gather();
            let written = allocation_counter::measure(|| _ = rig::write(gathered, &mut buf));
            row("text of 10 k children, allocations", written.count_total as f64, 0);
            let gathered = allocation_counter::measure(|| drop(rig.all.gather()));
            row("gathering, allocations", gathered.count_total as f64, 0);
        }
    }
    row("text, instructions", callgrind::instructions("page"), 0);
}

/// Prints what a page of many devices costs.
pub(crate) fn fleet() {
    let rig = Rig::new();
    let _lines = rig.populate(&PUMP, 10_000);
    let (devices, mut buf) = (rig.devices(), Vec::new());
    let bytes = rig::scrape(&devices, &mut buf);
    let [time, all] = clock::rounds(
        3,
        [&mut || clock::nanoseconds(|| _ = rig::scrape(&devices, &mut buf)), &mut || {
            clock::nanoseconds(|| _ = rig::scrape(&*rig.all, &mut Vec::new()))
        }],
    );
    row("scrape of 10 000 × 69 series, page", bytes as f64 / 1e6, 1);
    row("scrape of 10 000 × 69 series, time", time / 1e6, 1);
    row("scrape of 10 000 × 69 series, and the gateway's own, time", all / 1e6, 1);
    let taken = allocation_counter::measure(|| _ = rig::scrape(&devices, &mut Vec::new()));
    row("scrape of 10 000 × 69 series, memory", taken.bytes_max as f64 / 1024.0, 0);
}

/// Prints what is kept.
pub(crate) fn state() {
    const DEVICES: usize = 1_000;
    // Of a fleet that has the schema already.
    fn kept(work: &impl crate::device::Work) -> [f64; 2] {
        let rig = Rig::new();
        rig.populate(work, 24).leak();
        let mut snapshots = Vec::new();
        for n in 24..24 + DEVICES {
            snapshots.push(crate::device::Sender::full(work, rig::name(n)).snapshot());
        }
        let mut lines = Vec::with_capacity(DEVICES);
        let with = allocation_counter::measure(|| {
            for (n, snapshot) in snapshots.iter().enumerate() {
                let mut line = rig.connect(24 + n);
                line.feed(snapshot);
                lines.push(line);
            }
        });
        let without = allocation_counter::measure(|| lines.clear());
        let [with, without] = [with, without].map(|taken| taken.bytes_current as f64 / DEVICES as f64);
        [with + without, -without]
    }
    let [device, connection] = kept(&PUMP);
    row("state, a device of 69 series", device, 0);
    row("state, its connection", connection, 0);
    let [device, _] = kept(&NODE);
    row("state, a child", device / CHILDREN as f64, 0);
    let peer = allocation_counter::measure(|| std::mem::forget(twin::nodes(1_000)));
    row("state, a child of prometheus-client", peer.bytes_current as f64 / 10_000.0, 0);
}
