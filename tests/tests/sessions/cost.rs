//! What an attack costs: memory that does not grow with its length, and time in proportion to it.

use super::{any_attack, besieged, limits};
use narthex_tests::attacks::{ATTACKS, Attack, Foe};
use narthex_tests::hostile::Liar;
use narthex_tests::hub::Hub;
use narthex_tests::random::Random;
use nix::time::{ClockId, clock_gettime};
use std::env;
use std::hint::black_box;
use std::time::Duration;

/// All that foes may make a gateway of these [`limits`] keep: 6 devices of 400 series, 16 KiB of schema three times over,
/// and label texts; some connections.
const MOST: i64 = 3 << 20;

/// What is kept of foes does not grow with the length of their attack.
#[test]
fn memory_is_flat() {
    let kept = |rounds: u64| {
        let mut hub = None;
        let info = allocation_counter::measure(|| hub = Some(attacked(rounds)));
        let totals = hub.expect("it was attacked").totals();
        println!(
            "{rounds} rounds: {} bytes kept, {} at most; {totals:?}",
            info.bytes_current, info.bytes_max
        );
        assert!(totals.devices <= limits().max_devices);
        (info.bytes_current, info.bytes_max)
    };
    let (short, long) = (kept(400), kept(3200));
    assert!(long.0 <= MOST && i64::try_from(long.1).is_ok_and(|most| most <= 2 * MOST), "{long:?}");
    assert!(long.0 <= short.0 * 3 / 2 + (1 << 18), "{short:?}, {long:?}");
}

/// A gateway with eight foes that attacked so many times, and connected anew now and then.
fn attacked(rounds: u64) -> Hub {
    let (mut hub, mut random) = (Hub::new(limits()), Random(1));
    let mut foes: Vec<_> = (0..8).map(|n| (hub.connect(&format!("foe-{n}")), Foe::new(n))).collect();
    for round in 0..rounds {
        let (connection, foe) = &mut foes[random.below(8)];
        for frame in (any_attack(&mut random).frames)(foe, &mut random) {
            drop(hub.feed(*connection, &frame));
        }
        if random.below(50) == 0 {
            hub.cut(*connection);
            *connection = hub.connect("foe");
        }
        if round % 16 == 0 {
            hub.at(Duration::from_secs(round));
        }
    }
    hub
}

/// Names without end, each a boot of its own, 50 to a connection: `NARTHEX_NAMES` says how many, for the long form.
#[test]
fn invented_names_are_forgotten() {
    let names: u32 =
        env::var("NARTHEX_NAMES").map_or(20_000, |count| count.parse().expect("a number of names"));
    let mut hub = None;
    let info = allocation_counter::measure(|| {
        let hub = hub.insert(Hub::new(limits()));
        let mut connection = 0;
        for number in 0..names {
            if number % 50 == 0 {
                hub.cut(connection);
                connection = hub.connect("foe");
                hub.at(Duration::from_millis(number.into()));
            }
            let mut liar = Liar::new(number);
            hub.feed(connection, &liar.hello(&format!("liar-{number}"), "1", 1, 1));
            hub.feed(connection, &liar.values(&[1]));
        }
    });
    let totals = hub.expect("it was attacked").totals();
    println!("{names} names: {} bytes kept; {totals:?}", info.bytes_current);
    assert_eq!(totals.frames_received, 2 * u64::from(names));
    assert!(totals.devices <= limits().max_devices && totals.devices_refused > u64::from(names / 2));
    assert!(info.bytes_current <= 1 << 18, "{} bytes kept", info.bytes_current);
}

/// Eight times as much of an attack takes eight times as long, by the clock of this thread alone.
#[test]
fn time_is_in_proportion() {
    for attack in ATTACKS {
        // The least of some runs: nothing makes code faster than it is.
        let least = |rounds: u64| (0..3).map(|_| time(attack, rounds)).min().expect("there are some");
        let ((one, _), (eight, bytes)) = (least(25), least(200));
        let (ratio, each) = (eight.div_duration_f64(one), eight.as_nanos() / bytes);
        println!("{attack:?}: {each} ns a byte, {:?} a round, {ratio:.1} times for 8 times", eight / 200);
        assert!(ratio < 24.0, "{attack:?}: {ratio:.1} times as long for 8 times as much");
        // A link of a mebibyte a second does not fill a core. In a debug build, all is some ten times slower.
        let most = if cfg!(debug_assertions) { 20_000 } else { 1000 };
        assert!(each < most, "{attack:?}: {each} ns a byte");
    }
}

/// How long so many rounds of an attack take, and how many bytes they are.
fn time(attack: Attack, rounds: u64) -> (Duration, u128) {
    let (mut hub, connection, mut foe) = besieged();
    let mut random = Random(3);
    let frames: Vec<_> = (0..rounds).flat_map(|_| (attack.frames)(&mut foe, &mut random)).collect();
    let start = own_time();
    for frame in &frames {
        black_box(hub.feed(connection, frame));
    }
    (own_time().saturating_sub(start), frames.iter().map(|frame| frame.len() as u128).sum())
}

/// How long this thread has run, waiting not counted.
fn own_time() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("Linux has this clock").into()
}
