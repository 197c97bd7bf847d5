//! How short text is copied. The texts of a line are so short that a call of `memcpy` would take longer than to copy them
//! in place: a small core copies words, a host two halves.

use core::mem::take;

/// Copies `bytes` to the front of `room`, if they fit.
#[inline]
pub(super) fn copy(room: &mut [u8], bytes: &[u8]) {
    if cfg!(not(target_pointer_width = "64")) {
        by_words(room, bytes);
    } else if let Some(room) = room.get_mut(..bytes.len()) {
        by_halves(room, bytes);
    }
}

/// Copies as much as fits, word by word. Both lengths are looked at in each round, else compilers make a call of `memcpy`
/// of it, which for the eight bytes that are usual takes a Cortex-M3 twice as long.
fn by_words(mut room: &mut [u8], mut bytes: &[u8]) {
    while let Some((word, rest)) = bytes.split_first_chunk::<4>() {
        let Some((place, behind)) = take(&mut room).split_first_chunk_mut::<4>() else { return };
        *place = *word;
        (room, bytes) = (behind, rest);
    }
    for byte in bytes {
        let Some((place, behind)) = take(&mut room).split_first_mut() else { return };
        *place = *byte;
        room = behind;
    }
}

/// Copies `bytes` to `room`, which is as long: up to 64 bytes as two halves of a fixed size, which overlap.
#[inline]
fn by_halves(room: &mut [u8], bytes: &[u8]) {
    let copied = match bytes.len() {
        ..4 => None,
        4..8 => halves::<4>(room, bytes),
        8..16 => halves::<8>(room, bytes),
        16..=32 => halves::<16>(room, bytes),
        33..=64 => halves::<32>(room, bytes),
        _ => return room.copy_from_slice(bytes),
    };
    if copied.is_none() {
        for (to, byte) in room.iter_mut().zip(bytes) {
            *to = *byte;
        }
    }
}

#[inline]
fn halves<const N: usize>(room: &mut [u8], bytes: &[u8]) -> Option<()> {
    *room.first_chunk_mut::<N>()? = *bytes.first_chunk()?;
    *room.last_chunk_mut::<N>()? = *bytes.last_chunk()?;
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_lengths_are_copied_whole() {
        let bytes: [u8; 100] = core::array::from_fn(|at| at as u8 + 1);
        for copy in [by_words, by_halves] {
            for len in 0..=bytes.len() {
                let mut room = [0; 100];
                copy(&mut room[..len], &bytes[..len]);
                assert_eq!(room[..len], bytes[..len]);
                assert!(room[len..].iter().all(|byte| *byte == 0));
            }
        }
    }

    #[test]
    fn nothing_is_copied_past_the_end() {
        let bytes = [7; 17];
        for len in 0..=bytes.len() {
            for has in 0..len {
                let mut room = [0; 17];
                copy(&mut room[..has], &bytes[..len]);
                by_words(&mut room[..has], &bytes[..len]);
                assert!(room[has..].iter().all(|byte| *byte == 0));
            }
        }
    }
}
