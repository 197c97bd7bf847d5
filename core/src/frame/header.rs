//! The fifteen bytes in front of every payload.

use core::fmt;

use super::HEADER_LEN;

/// This version of the format.
const VERSION: u8 = 1;
const VERSION_SHIFT: u32 = 6;
/// Bit 5: a keyed check in place of the CRC. Bit 4: a device number behind the header.
const RESERVED: u8 = 0b0011_0000;
const KIND: u8 = 0b0000_1111;

/// What a payload is; an open set, so that a receiver can count what it does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Kind(u8);

impl Kind {
    /// Values from cell 0 on, to the end of the payload.
    pub const VALUES: Self = Self(0);
    /// The position of a first cell, then values from there on.
    pub const PART: Self = Self(1);
    /// Values of some cells, told by a bitmap.
    pub const SPARSE: Self = Self(2);
    /// Records: hello, schema, labels.
    pub const RECORDS: Self = Self(3);
    /// Requests of the host to a device, as records.
    pub const REQUESTS: Self = Self(4);

    /// The kind of this number, modulo 16.
    pub const fn new(number: u8) -> Self {
        Self(number & KIND)
    }

    /// The number, below 16.
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// What stands in front of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the payload is.
    pub kind: Kind,
    /// Differs from boot to boot; 0 if the device cannot tell.
    pub boot: u32,
    /// Hash of the schema by which values are read.
    pub schema: u32,
    /// Counts frames of this boot, modulo 2^16.
    pub sequence: u16,
    /// Tenths of a second since boot, frozen for a snapshot.
    pub uptime: u32,
}

/// Why a header is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeaderError {
    /// Another version of the format.
    Version {
        /// The version the frame has; this crate knows 1.
        version: u8,
    },
    /// A reserved bit is set: a keyed check or a device number.
    Reserved,
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version { version } => {
                write!(f, "a frame has version {version}, this is version {VERSION}")
            }
            Self::Reserved => {
                f.write_str("a frame needs a keyed check or a device number, which are not supported")
            }
        }
    }
}

impl core::error::Error for HeaderError {}

impl Header {
    /// The first byte of the header of this kind of frame, in this version.
    pub(crate) const fn first_byte(kind: Kind) -> u8 {
        (VERSION << VERSION_SHIFT) | kind.0
    }

    /// The header as it stands in a frame.
    pub fn to_bytes(&self) -> [u8; HEADER_LEN] {
        let [b0, b1, b2, b3] = self.boot.to_le_bytes();
        let [h0, h1, h2, h3] = self.schema.to_le_bytes();
        let [s0, s1] = self.sequence.to_le_bytes();
        let [u0, u1, u2, u3] = self.uptime.to_le_bytes();
        [Self::first_byte(self.kind), b0, b1, b2, b3, h0, h1, h2, h3, s0, s1, u0, u1, u2, u3]
    }

    /// Reads a header.
    ///
    /// # Errors
    /// [`HeaderError`] for a version or a reserved bit that this crate does not know.
    pub const fn from_bytes(bytes: &[u8; HEADER_LEN]) -> Result<Self, HeaderError> {
        let [first, b0, b1, b2, b3, h0, h1, h2, h3, s0, s1, u0, u1, u2, u3] = *bytes;
        if first >> VERSION_SHIFT != VERSION {
            return Err(HeaderError::Version { version: first >> VERSION_SHIFT });
        }
        if first & RESERVED != 0 {
            return Err(HeaderError::Reserved);
        }
        Ok(Self {
            kind: Kind::new(first),
            boot: u32::from_le_bytes([b0, b1, b2, b3]),
            schema: u32::from_le_bytes([h0, h1, h2, h3]),
            sequence: u16::from_le_bytes([s0, s1]),
            uptime: u32::from_le_bytes([u0, u1, u2, u3]),
        })
    }
}
