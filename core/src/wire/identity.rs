//! Who a device is.

use super::bytes::{Truncated, take_len, take_string};
use super::{Window, take_varint};

/// What a device says of itself in its hello.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity<'a> {
    /// Name of the device, unique in the fleet, up to [`Identity::MAX`] bytes; empty if the link shall name it.
    pub device: &'a str,
    /// Version of the firmware, up to [`Identity::MAX`] bytes.
    pub firmware: &'a str,
}

/// An [`Identity`] with the size of the schema, as it travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello<'a> {
    /// Who it is.
    pub identity: Identity<'a>,
    /// How many families the schema has.
    pub families: usize,
    /// How many cells a snapshot has.
    pub cells: usize,
    /// What else is to be known of it: [`Hello::READS_REQUESTS`].
    pub flags: u32,
}

impl Identity<'_> {
    /// Longest name and longest version, in bytes.
    pub const MAX: usize = 32;
}

/// Writes the front of a name, cut between characters.
#[inline(never)]
fn write_name(window: &mut Window<'_>, name: &str) {
    let mut end = name.len().min(Identity::MAX);
    while !name.is_char_boundary(end) {
        end = end.wrapping_sub(1);
    }
    window.string(name.get(..end).unwrap_or_default());
}

impl<'a> Hello<'a> {
    /// The flag of a device that reads requests.
    pub const READS_REQUESTS: u32 = 1;

    /// Writes the byte string of a hello; names that are too long are cut.
    pub fn write(&self, window: &mut Window<'_>) {
        write_name(window, self.identity.device);
        write_name(window, self.identity.firmware);
        window.varint(self.families as u32);
        window.varint(self.cells as u32);
        if self.flags != 0 {
            window.varint(self.flags);
        }
    }

    /// Reads it back.
    ///
    /// # Errors
    /// [`Truncated`] when a field is cut off, is not UTF-8, or a name is too long.
    pub fn read(mut bytes: &'a [u8]) -> Result<Self, Truncated> {
        let device = take_string(&mut bytes)?;
        let firmware = take_string(&mut bytes)?;
        if device.len() > Identity::MAX || firmware.len() > Identity::MAX {
            return Err(Truncated);
        }
        let identity = Identity { device, firmware };
        let (families, cells) = (take_len(&mut bytes)?, take_len(&mut bytes)?);
        let flags = if bytes.is_empty() { 0 } else { take_varint(&mut bytes).ok_or(Truncated)? as u32 };
        Ok(Self { identity, families, cells, flags })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_the_round_trip_and_cuts_between_characters() {
        let identity = Identity { device: "a device with a name of 33 bytes°", firmware: "1.0" };
        let hello = Hello { identity, families: 300, cells: 4000, flags: 0 };
        let mut buf = [0; 80];
        let mut window = Window::new(&mut buf, 0);
        hello.write(&mut window);
        let len = window.total();
        let read = Hello::read(&buf[..len]).unwrap();
        assert_eq!(read.identity.device, "a device with a name of 33 bytes");
        assert_eq!((read.families, read.cells), (300, 4000));
        for cut in 0..len {
            assert_eq!(Hello::read(&buf[..cut]), Err(Truncated));
        }
    }

    #[test]
    fn counts_have_32_bits() {
        let hello = [0, 0, 1, 0x80, 0x80, 0x80, 0x80, 0x10];
        assert_eq!(Hello::read(&hello), Err(Truncated));
        assert_eq!(
            Hello::read(&[0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F]).map(|hello| hello.cells),
            Ok(0xFFFF_FFFF)
        );
    }

    #[test]
    fn flags_are_left_out_where_there_are_none() {
        let identity = Identity { device: "d", firmware: "" };
        for (flags, len) in [(0, 5), (Hello::READS_REQUESTS, 6), (300, 7)] {
            let hello = Hello { identity, families: 1, cells: 2, flags };
            let mut buf = [0; 16];
            let mut window = Window::new(&mut buf, 0);
            hello.write(&mut window);
            assert_eq!(window.total(), len);
            assert_eq!(Hello::read(&buf[..len]), Ok(hello));
        }
    }
}
