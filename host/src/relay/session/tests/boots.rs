//! Boots, and frames counted.

use super::*;

#[test]
fn frames_are_counted_as_the_link_lost_them() {
    let mut line = Line::known(&usual());
    let start = line.sink.counts.received;
    let mut held = Vec::new();
    for n in 0..200u16 {
        line.tick();
        let frame = line.frame(Kind::VALUES, &[1]);
        match n % 20 {
            // Lost; sent twice; held up behind the next.
            5 => {}
            9 => line.feed(&frame.repeat(2)),
            13 => held = frame,
            14 => {
                line.feed(&frame);
                line.feed(&std::mem::take(&mut held));
            }
            _ => line.feed(&frame),
        }
    }
    let FrameCounts { received, lost, repeated, reordered, .. } = line.sink.counts;
    assert_eq!((received - start, lost, repeated, reordered), (180, 10, 10, 10));
    // What is missing at the end is lost at the end.
    line.sequence += 3;
    line.tick();
    line.values(0, &[1]);
    assert_eq!(line.sink.counts.lost, 10);
    line.session.end(&mut line.sink);
    assert_eq!(line.sink.counts.lost, 13);
    line.session.end(&mut line.sink);
    assert_eq!(line.sink.counts.lost, 13);
}

#[test]
fn a_boot_settles_what_was_missing() {
    let mut line = Line::known(&usual());
    line.sequence += 2;
    line.tick();
    line.values(0, &[1]);
    line.boot += 1;
    line.sequence = 0;
    line.uptime = 5;
    line.values(0, &[1]);
    assert_eq!((line.sink.counts.lost, line.sink.resets.len()), (2, 2));
    assert!(line.sink.cells.is_empty());
}

#[test]
fn a_crash_loop_without_boot_ids_is_followed() {
    let families = usual();
    let mut line = Line::new(&families);
    line.boot = 0;
    for boot in 1..=5 {
        (line.sequence, line.uptime) = (0, 0);
        for n in 0..6 {
            line.tick();
            if n < 3 {
                line.family(&families, n);
            }
            line.values(0, &[boot; 13]);
        }
        // What was known of the boot before is not shown as of this.
        assert_eq!(line.sink.resets.len() as u64, boot);
        assert!(line.sink.cells.values().all(|cell| *cell == boot));
    }
}

#[test]
fn time_goes_on_after_13_years() {
    let families = usual();
    let mut line = Line::new(&families);
    line.uptime = u32::MAX - 25;
    line.tick();
    line.families(&families);
    for n in 0..5u32 {
        line.uptime = (u32::MAX - 14).wrapping_add(n * 10);
        line.values(0, &[u64::from(n); 13]);
        assert_eq!(line.sink.cells.get(&0), Some(&u64::from(n)));
    }
    assert_eq!((line.sink.resets.len(), line.sink.counts.lost), (1, 0));
}

#[test]
fn a_clock_from_the_future_is_forgiven() {
    let families = usual();
    let mut line = Line::known(&families);
    line.uptime = 50_000_000;
    line.values(0, &[1; 13]);
    line.uptime = u32::MAX - 5;
    line.values(0, &[2; 13]);
    assert_eq!(line.sink.cells.get(&0), Some(&2));
    line.uptime = 50_000_010;
    line.values(0, &[3; 13]);
    // That looks like a boot: nothing is shown that was received before.
    assert_eq!((line.sink.resets.len(), line.sink.cells.len()), (2, 0));
    line.families(&families);
    line.uptime += 10;
    line.values(0, &[4; 13]);
    assert_eq!((line.sink.cells.get(&0), line.sink.counts.lost), (Some(&4), 0));
}
