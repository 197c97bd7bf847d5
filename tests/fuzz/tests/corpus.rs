//! The inputs in `corpus/`, replayed: each as it is, cut off, and with some bytes wrong. Memory stays within bounds.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests")]

use narthex_fuzz::{TARGETS, Target};
use narthex_tests::random::Random;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// What an input may cost at once, in bytes: a gateway with a device or four, and its page.
const MOST: u64 = 8 << 20;
/// How often each input is spoiled.
const SPOILED: u64 = 12;

/// Replays an input, which must not take more memory than any input may.
fn replay(name: &str, target: Target, input: &[u8]) {
    let info = allocation_counter::measure(|| target(input));
    assert!(info.bytes_max <= MOST, "{name}: {} bytes at once for {}", info.bytes_max, input.len());
    // Of the store, some is freed by a thread of its own, where it is not seen.
    assert!(info.bytes_current <= 1 << 16 || name == "store", "{name}: {} bytes kept", info.bytes_current);
}

fn replay_all(name: &str) {
    let (_, target) = TARGETS.into_iter().find(|(target, _)| *target == name).expect("it is a target");
    // An input that was found to do harm, to be looked at.
    if let Some(path) = env::var_os("NARTHEX_FUZZ_INPUT") {
        return replay(name, target, &fs::read(path).expect("it can be read"));
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let mut inputs: Vec<PathBuf> =
        fs::read_dir(&folder).expect("it has inputs").map(|entry| entry.unwrap().path()).collect();
    inputs.sort();
    assert!(inputs.len() >= 5, "{}", folder.display());
    for path in inputs {
        let input = fs::read(&path).expect("it can be read");
        // Told when it fails.
        println!("{}", path.display());
        replay(name, target, &input);
        let mut random = Random(input.len() as u64);
        for _ in 0..SPOILED {
            replay(name, target, &spoiled(&input, &mut random));
        }
    }
}

/// An input cut off somewhere, with some bytes wrong, some left out, or some there twice.
fn spoiled(input: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=random.below(3) {
        if bytes.is_empty() {
            break;
        }
        let at = random.below(bytes.len());
        let end = (at + 1 + random.below(16)).min(bytes.len());
        match random.below(5) {
            0 => bytes.truncate(at),
            1 => bytes[at] = random.bits() as u8,
            2 => bytes[at] ^= 1 << random.below(8),
            3 => drop(bytes.drain(at..end)),
            _ => {
                let twice = bytes[at..end].to_vec();
                bytes.splice(at..at, twice);
            }
        }
    }
    bytes
}

macro_rules! replays {
    ($($target:ident)*) => {
        $(
            #[test]
            fn $target() {
                replay_all(stringify!($target));
            }
        )*

        #[test]
        fn every_target_is_replayed() {
            assert_eq!(TARGETS.map(|(name, _)| name), [$(stringify!($target)),*]);
        }
    };
}

replays! { accept capture command_line configuration family frame frames http request session store wire }
