//! Whatever comes: no panic, no more memory than is allowed, nothing wrong handed on.

use super::*;

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

/// The payloads of a device's frames, with their kinds.
fn payloads(families: &Families) -> Vec<(Kind, Vec<u8>)> {
    let mut payloads = vec![
        (Kind::VALUES, varints(&[9, 1, 20, 2, 30, 0, 0, 4, 8, 5, 6, 7, 300])),
        (Kind::PART, varints(&[3, 2, 30, 0, 0, 4, 8, 5, 6, 7, 300])),
        (
            Kind::SPARSE,
            [vec![0, 13, 0b0111_1001, 0b0001_1110], varints(&[5, 1, 10, 2, 20, 6, 7, 8, 9])].concat(),
        ),
        (
            Kind::RECORDS,
            record(|window| {
                window.bytes(&[kind::LABEL, 9, 1, 0, 1, 0, 4, 1, b'a', 1, b'b']);
            }),
        ),
    ];
    for (index, (first, bytes)) in families.records().iter().enumerate() {
        let part = varints(&[index as u64, 3, *first as u64, 0, bytes.len() as u64]);
        let body = [&part[..], bytes].concat();
        payloads.push((Kind::RECORDS, [vec![kind::SCHEMA], varints(&[body.len() as u64]), body].concat()));
    }
    payloads
}

#[test]
fn mutated_frames_with_a_good_check_do_no_harm() {
    let families = usual();
    let payloads = payloads(&families);
    let mut random = Random(1);
    for round in 0..400 {
        let mut line = if round % 2 == 0 { Line::new(&families) } else { Line::known(&families) };
        line.sink.unlabelled = (round % 3 == 0).then_some((round % 14, round));
        if round % 5 == 0 {
            let mut stored = families.preimage();
            let at = random.below(stored.len());
            stored[at] ^= (random.next() & 3) as u8;
            line.sink.stored.insert(line.schema, stored);
        }
        line.hello("pump", Hello::READS_REQUESTS);
        for _ in 0..60 {
            let (kind, mut payload) = payloads[random.below(payloads.len())].clone();
            for _ in 0..random.below(4) {
                let at = random.below(payload.len());
                match random.below(4) {
                    0 => payload[at] = random.next() as u8,
                    1 => payload.truncate(at.max(1)),
                    2 => payload.insert(at, random.next() as u8),
                    _ => payload.extend_from_within(at..),
                }
            }
            payload.truncate(1500);
            if random.below(4) == 0 {
                line.tick();
            }
            match random.below(40) {
                0 => line.sequence = random.next() as u16,
                1 => line.uptime = random.next() as u32,
                2 => line.boot = random.below(3) as u32,
                3 => line.schema ^= random.below(2) as u32,
                _ => {}
            }
            let kind = if random.below(20) == 0 { Kind::new(random.next() as u8) } else { kind };
            line.uptime = line.uptime.min(u32::MAX - 1000);
            line.send(kind, &payload);
            // The recorder has checked that cells fall on families; what families are, is bounded.
            let series: usize = line.sink.families.iter().map(|family| family.series()).sum();
            assert!(series <= 500);
            assert!(line.sink.next <= MAX_CELLS);
        }
        assert!(line.reply.len() <= 61 * 48);
    }
}

#[test]
fn random_bytes_do_no_harm() {
    let families = usual();
    let mut random = Random(2);
    let mut line = Line::known(&families);
    line.values(0, &[1; 13]);
    for _ in 0..2000 {
        let len = random.below(300);
        let bytes: Vec<u8> =
            (0..len).map(|_| if random.below(9) == 0 { 0 } else { random.next() as u8 }).collect();
        line.feed(&bytes);
    }
    assert_eq!((line.sink.cells.len(), line.sink.resets.len()), (13, 1));
    line.feed(&[0]);
    line.tick();
    line.values(0, &[2; 13]);
    assert_eq!(line.sink.cells.get(&0), Some(&2));
}

#[test]
fn random_records_of_families_are_read_or_refused() {
    let mut random = Random(3);
    let added = Added::new("device", ["site".into()]);
    let records: Vec<Vec<u8>> = usual().records().into_iter().map(|(_, bytes)| bytes).collect();
    let mut read = 0;
    for _ in 0..20_000 {
        let mut bytes = records[random.below(3)].clone();
        for _ in 0..random.below(4) {
            let at = random.below(bytes.len());
            bytes[at] = random.next() as u8;
        }
        let Ok(family) = FamilySchema::read(&bytes, &added, 300) else { continue };
        read += 1;
        assert!(family.series() <= 300 && family.total_cells() <= 600);
        for slot in 0..family.slots() {
            let values = vec!["v"; family.labels()];
            assert_eq!(family.child(slot, &values).is_some(), family.is_table() && !family.is_overflow(slot));
        }
    }
    assert!(read > 5000, "{read}");
}
