//! What is told apart by labels: those that are known beforehand, and those that are not.

use narthex::model::{Cells as _, Slots as _, Value};
use narthex::registry::RemoveError;
use narthex::{Counter, LabelSet as _};

use super::subject::{ALL, Fault, Mode, Peer, Side};
use super::{Made, Outcome, holds};

/// One of several.
pub(super) fn state_set() -> Outcome {
    holds!(ALL.mode.get() == Mode::Idle);
    ALL.mode.set(Mode::Failed);
    holds!(ALL.mode.get() == Mode::Failed);
    ALL.arm_mode.at(Side::Right).set(Mode::Busy);
    holds!(ALL.arm_mode.at(Side::Left).get() == Mode::Idle);
    holds!(ALL.arm_mode.at(Side::Right).get() == Mode::Busy);
    Ok(Made::default())
}

/// Every combination is there, and each is its own.
pub(super) fn family() -> Outcome {
    for child in 0..Fault::COUNT {
        let Some(fault) = Fault::from_index(child) else { continue };
        ALL.faults_total.at(fault).add(10 + child as u32);
    }
    for child in 0..4 {
        holds!(ALL.faults_total.read(child, 0) == Some(Value::Unsigned(10 + child as u64)));
    }
    holds!(ALL.faults_total.read(4, 0).is_none());
    ALL.faults_total.at(Fault { side: Side::Right, fatal: false }).inc();
    holds!(ALL.faults_total.read(2, 0) == Some(Value::Unsigned(13)));
    for value in [1, 2, 61] {
        ALL.pause_seconds().at(Side::Left).observe(value);
    }
    holds!(ALL.pause_seconds.read(0, 3) == Some(Value::Unsigned(64)));
    holds!(ALL.pause_seconds.read(1, 3) == Some(Value::Unsigned(0)));
    Ok(Made::default())
}

/// Slots are found, pinned, given back and assigned again; what does not fit is counted together.
pub(super) fn table_family() -> Outcome {
    let table = &ALL.packets_total;
    let [first, second, third] = [Peer::new(1, "a"), Peer::new(2, "b \"c\""), Peer::new(3, "d\n\\")];
    holds!(table.is_empty());
    table.update(first, Counter::inc);
    table.update(second, Counter::inc);
    table.update(first, |packets| packets.add(4));
    holds!((table.len(), table.overflows()) == (2, 0));
    table.update(third, |packets| packets.add(7));
    holds!((table.len(), table.overflows()) == (2, 1));
    holds!(table.read(2, 0) == Some(Value::Unsigned(7)));

    let kept = table.pin(second);
    kept.add(u32::MAX);
    holds!(table.remove(second) == Err(RemoveError::Pinned));
    holds!(table.remove(third) == Err(RemoveError::Absent));
    let birth = table.birth(0);
    holds!(table.remove(first).is_ok());
    holds!((table.birth(0), table.len()) == (0, 1));
    // The slot has another child, from nothing.
    table.update(third, Counter::inc);
    holds!(table.birth(0) > birth);
    holds!(table.read(0, 0) == Some(Value::Unsigned(1)));
    holds!(table.label(0, birth, 0).is_none());
    holds!(kept.get() == 1 << 32);
    holds!(table.clear() == 1);
    drop(kept);
    holds!(table.len() == 1);
    table.update(third, |packets| packets.add(9));
    table.update(first, |packets| packets.add(2));
    holds!(table.overflows() == 2);
    Ok(Made::default())
}

/// A child of several cells.
pub(super) fn table_of_histograms() -> Outcome {
    let (one, other) = (Peer::new(65_535, "ÄÖÜ"), Peer::new(0, ""));
    ALL.packet_bytes().observe(one, 16);
    ALL.packet_bytes().observe(one, 1_500);
    let kept = ALL.packet_bytes().pin(other);
    kept.observe(17);
    holds!(ALL.packet_bytes.len() == 2);
    let cells = |slot| [0, 1, 2, 3].map(|cell| ALL.packet_bytes.read(slot, cell));
    holds!(cells(0) == [1, 0, 1, 1_516].map(|n| Some(Value::Unsigned(n))));
    holds!(cells(1) == [0, 1, 0, 17].map(|n| Some(Value::Unsigned(n))));
    Ok(Made::default())
}
