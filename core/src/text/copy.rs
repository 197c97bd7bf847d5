//! How short text is copied. A device calls the one `memcpy` that it has; a host copies in place, as the texts of a
//! line are so short that the call would take longer than the copying.

/// Copies `bytes` to `room`, which is as long.
#[cfg(not(target_pointer_width = "64"))]
pub(super) fn copy(room: &mut [u8], bytes: &[u8]) {
    room.copy_from_slice(bytes);
}

/// Copies `bytes` to `room`, which is as long: up to 64 bytes as two halves of a fixed size, which overlap.
#[cfg(target_pointer_width = "64")]
#[inline]
pub(super) fn copy(room: &mut [u8], bytes: &[u8]) {
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

#[cfg(target_pointer_width = "64")]
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
        for len in 0..=bytes.len() {
            let mut room = [0; 100];
            copy(&mut room[..len], &bytes[..len]);
            assert_eq!(room[..len], bytes[..len]);
            assert!(room[len..].iter().all(|byte| *byte == 0));
        }
    }
}
