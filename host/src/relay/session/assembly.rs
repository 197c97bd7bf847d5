//! Byte strings put together from parts, in any order.

use narthex::wire::record::{MAX_TOTAL, Part};

/// A byte string of which parts have come.
#[derive(Clone, Debug, Default)]
pub(super) struct Assembly {
    bytes: Vec<u8>,
    /// Which bytes have come.
    have: Vec<bool>,
    missing: usize,
}

impl Assembly {
    /// Takes a part. Returns the whole when this part was the last one missing.
    ///
    /// A part that says another total begins the string anew: the device has changed its mind.
    pub(super) fn take(&mut self, part: &Part<'_>) -> Option<&[u8]> {
        let total = part.total.min(MAX_TOTAL);
        if self.bytes.len() != total {
            *self = Self { bytes: vec![0; total], have: vec![false; total], missing: total };
        }
        let end = part.offset.checked_add(part.bytes.len())?;
        let place = self.bytes.get_mut(part.offset..end)?;
        place.copy_from_slice(part.bytes);
        for have in self.have.get_mut(part.offset..end)? {
            self.missing -= usize::from(!*have);
            *have = true;
        }
        (self.missing == 0).then_some(&*self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_in_any_order_and_more_than_once() {
        let text = b"a byte string in parts";
        let part = |offset: usize, end: usize| Part { offset, total: text.len(), bytes: &text[offset..end] };
        let mut assembly = Assembly::default();
        assert_eq!(assembly.take(&part(10, 22)), None);
        assert_eq!(assembly.take(&part(12, 15)), None);
        assert_eq!(assembly.take(&part(0, 5)), None);
        assert_eq!(assembly.take(&part(3, 11)), Some(&text[..]));
        assert_eq!(assembly.take(&Part { offset: 0, total: 3, bytes: b"ab" }), None);
        assert_eq!(assembly.take(&Part { offset: 2, total: 3, bytes: b"c" }), Some(&b"abc"[..]));
        assert_eq!(assembly.take(&Part { offset: 2, total: 3, bytes: b"cd" }), None);
    }
}
