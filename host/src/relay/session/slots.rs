//! The labels of table slots, put together from their records.

use std::collections::VecDeque;
use std::iter::from_fn;

use narthex::model::Label;
use narthex::wire::record::Part;
use narthex::wire::take_varint;

use super::assembly::Assembly;
use super::schema::Schema;
use super::{FamilySchema, Fault, Refused, Sink};

/// Most label records that may be there in part.
const MAX_PARTIAL: usize = 8;
/// What only the slot that takes what does not fit may be called.
const OVERFLOW: &str = "other";

/// Which slot of which family, and which assignment of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) family: usize,
    pub(super) index: usize,
    pub(super) birth: u64,
}

/// Label records that have come in part. Where there are too many, the one that was begun first goes.
#[derive(Debug, Default)]
pub(super) struct Slots {
    partial: VecDeque<(Slot, Assembly)>,
}

impl Slots {
    /// Takes part of a label record; hands it on when it is complete.
    pub(super) fn take(&mut self, slot: Slot, part: &Part<'_>, schema: &Schema, sink: &mut dyn Sink) {
        // Until its family is known nothing can be made of it; it comes again.
        let Some((family, place)) = schema.family(slot.family) else { return };
        let mut hand_on = |bytes: &[u8]| match check(slot, bytes, family) {
            Ok(birth) => {
                let mut values = bytes;
                sink.label(
                    place,
                    slot.index,
                    birth,
                    &mut from_fn(|| take_value(&mut values)).take(family.labels()),
                );
            }
            Err(why) => sink.refused(Refused::family(Fault::Labels, &family.family.name, why)),
        };
        if part.offset == 0 && part.bytes.len() == part.total {
            return hand_on(part.bytes);
        }
        let at = self.partial.iter().position(|(of, _)| *of == slot).unwrap_or_else(|| {
            if self.partial.len() >= MAX_PARTIAL {
                self.partial.pop_front();
            }
            self.partial.push_back((slot, Assembly::default()));
            self.partial.len() - 1
        });
        if let Some(bytes) = self.partial.get_mut(at).and_then(|(_, assembly)| assembly.take(part)) {
            hand_on(bytes);
            self.partial.remove(at);
        }
    }
}

/// Checks the labels of a slot. Returns its birth.
fn check(slot: Slot, mut bytes: &[u8], family: &FamilySchema) -> Result<u32, String> {
    let Slot { index: slot, birth, .. } = slot;
    let (slots, labels) = (family.slots(), family.labels());
    if !family.is_table() {
        return Err("labels came for a slot of it, and it is no table family".into());
    }
    if slot >= slots {
        return Err(format!("labels came for its slot {slot}, it has {slots}"));
    }
    if family.is_overflow(slot) {
        return Err(format!("labels came for its slot {slot}, which takes what does not fit"));
    }
    let birth = u32::try_from(birth).ok().filter(|birth| *birth > 0);
    let birth = birth.ok_or_else(|| format!("labels came for its slot {slot} without a birth"))?;
    let mut others = 0;
    for at in 0..labels {
        let value = take_value(&mut bytes);
        let value = value.ok_or_else(|| format!("label {at} of its slot {slot} is cut off, or not UTF-8"))?;
        if value.len() > Label::MAX_VALUE {
            let (len, max) = (value.len(), Label::MAX_VALUE);
            return Err(format!("label {at} of its slot {slot} has {len} bytes, at most {max} are allowed"));
        }
        others += usize::from(value == OVERFLOW);
    }
    if others == labels {
        return Err(format!("its slot {slot} is called as the one that takes what does not fit"));
    }
    Ok(birth)
}

fn take_value<'a>(bytes: &mut &'a [u8]) -> Option<&'a str> {
    let len = usize::try_from(take_varint(bytes)?).ok()?;
    let (value, rest) = bytes.split_at_checked(len)?;
    *bytes = rest;
    std::str::from_utf8(value).ok()
}
