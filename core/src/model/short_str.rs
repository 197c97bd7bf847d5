//! Short strings held in place.

use core::fmt;

/// A string of at most `N` bytes that is held in place and copied like a number: the value of a label that only
/// run time knows. All zeroes when empty.
///
/// ```
/// use narthex::model::ShortStr;
/// const MESH: Option<ShortStr<8>> = ShortStr::new("mesh");
/// assert_eq!(MESH.unwrap().as_str(), "mesh");
/// assert_eq!(ShortStr::<4>::new("uplink"), None);
/// assert_eq!(ShortStr::<4>::cut("uplink").as_str(), "upli");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ShortStr<const N: usize> {
    bytes: [u8; N],
    len: u8,
}

impl<const N: usize> ShortStr<N> {
    /// The empty string.
    pub const EMPTY: Self = {
        assert!(N <= u8::MAX as usize, "a short string has at most 255 bytes");
        Self { bytes: [0; N], len: 0 }
    };

    /// `text`, if it has at most `N` bytes.
    pub const fn new(text: &str) -> Option<Self> {
        if text.len() > N {
            return None;
        }
        let mut short = Self::EMPTY;
        if let (Some((into, _)), bytes) = (short.bytes.split_at_mut_checked(text.len()), text.as_bytes()) {
            into.copy_from_slice(bytes);
        }
        short.len = text.len() as u8;
        Some(short)
    }

    /// The front of `text`, as much as fits, cut between characters. Two texts may become one by it.
    pub fn cut(text: &str) -> Self {
        let front = (0..=N.min(text.len())).rev().find_map(|end| text.get(..end)).unwrap_or_default();
        Self::new(front).unwrap_or(Self::EMPTY)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The text in bytes, which costs no look at them.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

impl<const N: usize> Default for ShortStr<N> {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl<const N: usize> fmt::Debug for ShortStr<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_cut_between_characters() {
        assert_eq!(ShortStr::<3>::cut("aé°").as_str(), "aé");
        assert_eq!(ShortStr::<2>::cut("a°").as_str(), "a");
        assert_eq!(ShortStr::<1>::cut("°").as_str(), "");
        assert_eq!(ShortStr::<3>::new("aé").map(|text| text.as_str().len()), Some(3));
        assert_eq!(ShortStr::<0>::new("").as_ref().map(ShortStr::as_str), Some(""));
    }
}
