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
    /// Takes a part. Returns the whole when none is missing.
    ///
    /// A part of another total, or one that contradicts what has come, begins the string anew: what came before was
    /// another string's, and the two must not be mixed.
    pub(super) fn take(&mut self, part: &Part<'_>) -> Option<&[u8]> {
        let total = part.total.min(MAX_TOTAL);
        let range = part.offset..part.offset.checked_add(part.bytes.len())?;
        if self.bytes.len() != total || self.contradicts(range.start, part.bytes) {
            *self = Self { bytes: vec![0; total], have: vec![false; total], missing: total };
        }
        self.bytes.get_mut(range.clone())?.copy_from_slice(part.bytes);
        for have in self.have.get_mut(range)? {
            self.missing -= usize::from(!*have);
            *have = true;
        }
        (self.missing == 0).then_some(&*self.bytes)
    }

    /// Length of the string, as far as a part has said it.
    pub(super) fn total(&self) -> usize {
        self.bytes.len()
    }

    fn contradicts(&self, offset: usize, bytes: &[u8]) -> bool {
        let there = self.bytes.iter().zip(&self.have).skip(offset);
        there.zip(bytes).any(|((there, have), byte)| *have && there != byte)
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
        assert_eq!(assembly.take(&part(3, 5)), Some(&text[..]));
        assert_eq!(assembly.take(&Part { offset: 0, total: 3, bytes: b"ab" }), None);
        assert_eq!(assembly.take(&Part { offset: 2, total: 3, bytes: b"c" }), Some(&b"abc"[..]));
        assert_eq!(assembly.take(&Part { offset: 2, total: 3, bytes: b"cd" }), None);
    }

    #[test]
    fn two_strings_of_one_length_are_not_mixed() {
        let mut assembly = Assembly::default();
        assert_eq!(assembly.take(&Part { offset: 0, total: 6, bytes: b"pump-1" }), Some(&b"pump-1"[..]));
        assert_eq!(assembly.take(&Part { offset: 4, total: 6, bytes: b"-2" }), None);
        assert_eq!(assembly.take(&Part { offset: 0, total: 6, bytes: b"pump" }), Some(&b"pump-2"[..]));
    }
}
