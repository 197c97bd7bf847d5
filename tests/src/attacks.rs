//! What a source that lies may send, one lie after the other: each kind of attack makes the next frames of a [`Foe`].

use crate::hostile::{self, Liar, NAMES};
use crate::random::Random;
use narthex::frame::Kind;
use narthex::wire::record::kind;
use std::fmt;

/// A source that lies, and what it has overheard.
#[derive(Clone, Debug)]
pub struct Foe {
    /// Its numbers.
    pub liar: Liar,
    /// Payloads of others' frames, with their kinds, and the schema they are of.
    pub overheard: Vec<(Kind, Vec<u8>)>,
    /// The schema of others.
    pub schema: u32,
    /// Families of others, as byte strings.
    pub families: Vec<Vec<u8>>,
    /// Names of others.
    pub names: Vec<String>,
    /// How many names it has invented.
    pub invented: u32,
}

/// A kind of attack.
#[derive(Clone, Copy)]
pub struct Attack {
    /// What it is called.
    pub name: &'static str,
    /// The next frames.
    pub frames: fn(&mut Foe, &mut Random) -> Vec<Vec<u8>>,
    /// Where the gateway counts what it refuses of it: a family of its own, and a label with its value.
    pub counted: (&'static str, &'static str, &'static str),
}

impl fmt::Debug for Attack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

const FRAMES: &str = "narthex_frames_total";
const DEVICES: &str = "narthex_devices_refused_total";
const REFUSALS: &str = "narthex_refusals_total";

/// All kinds of attack.
pub const ATTACKS: [Attack; 20] = [
    Attack { name: "noise", frames: noise, counted: (FRAMES, "outcome", "corrupt") },
    Attack { name: "another version", frames: another_version, counted: (REFUSALS, "cause", "frame") },
    Attack {
        name: "an unknown kind of frame",
        frames: unknown_kind,
        counted: (FRAMES, "outcome", "unknown_kind"),
    },
    Attack { name: "records of 4 GiB", frames: long_records, counted: (FRAMES, "outcome", "unknown_record") },
    Attack { name: "cells behind the last", frames: far_cells, counted: (REFUSALS, "cause", "values") },
    Attack {
        name: "values of an unknown schema",
        frames: unknown_schema,
        counted: (FRAMES, "outcome", "unknown_schema"),
    },
    Attack {
        name: "sparse frames that contradict themselves",
        frames: bad_sparse,
        counted: (REFUSALS, "cause", "values"),
    },
    Attack { name: "parts of children", frames: part_of_child, counted: (REFUSALS, "cause", "values") },
    Attack {
        name: "another schema under a known hash",
        frames: collision,
        counted: (REFUSALS, "cause", "schema"),
    },
    Attack { name: "a schema without its hash", frames: wrong_hash, counted: (REFUSALS, "cause", "schema") },
    Attack {
        name: "families in any order, in parts that overlap",
        frames: scattered,
        counted: (REFUSALS, "cause", "schema"),
    },
    Attack { name: "thousands of families", frames: many_families, counted: (REFUSALS, "cause", "limit") },
    Attack {
        name: "families that never end",
        frames: endless_families,
        counted: (REFUSALS, "cause", "limit"),
    },
    Attack { name: "a product of labels", frames: label_bomb, counted: (REFUSALS, "cause", "limit") },
    Attack { name: "labels of other births", frames: births, counted: (REFUSALS, "cause", "labels") },
    Attack { name: "jumps of the sequence", frames: jumps, counted: (FRAMES, "outcome", "lost") },
    Attack { name: "frames again and again", frames: again, counted: (FRAMES, "outcome", "repeated") },
    Attack {
        name: "boots and clocks that run back",
        frames: boots,
        counted: (FRAMES, "outcome", "reordered"),
    },
    Attack { name: "names of others", frames: others_names, counted: (DEVICES, "cause", "name_taken") },
    Attack { name: "invented names", frames: invented_names, counted: (DEVICES, "cause", "fleet_full") },
];

impl Foe {
    /// One that has overheard nothing.
    pub fn new(boot: u32) -> Self {
        Self {
            liar: Liar::new(boot),
            overheard: Vec::new(),
            schema: 0x5eed,
            families: Vec::new(),
            names: Vec::new(),
            invented: 0,
        }
    }

    /// It says who it is.
    pub fn hello(&mut self) -> Vec<u8> {
        self.liar.hello("foe", "1", 1, 1)
    }

    /// A frame of the next snapshot.
    fn next(&mut self, kind: Kind, body: &[u8]) -> Vec<u8> {
        self.liar.uptime = self.liar.uptime.wrapping_add(1);
        self.liar.frame(kind, body)
    }

    /// Begins another schema, by a hash that nobody has had.
    fn other_schema(&mut self, random: &mut Random) {
        self.liar.schema = random.bits() as u32;
        self.liar.uptime = self.liar.uptime.wrapping_add(1);
    }

    /// The frames of a whole schema, families in order.
    fn whole(&mut self, families: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let total = families.len() as u64;
        let family = |(index, family): (usize, &Vec<u8>)| {
            let index = index as u64;
            self.liar.family([index, total, index], 0, family.len() as u64, family)
        };
        families.iter().enumerate().map(family).collect()
    }
}

/// Bytes of a record, whatever its length is said to be.
fn record(kind: u8, claimed: Option<u64>, numbers: &[u64], rest: &[u8]) -> Vec<u8> {
    let mut body = varints(numbers);
    body.extend(rest);
    let mut record = vec![kind];
    record.extend(varints(&[claimed.unwrap_or(body.len() as u64)]));
    record.extend(body);
    record
}

fn varints(numbers: &[u64]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in numbers {
        hostile::put(&mut bytes, *number);
    }
    bytes
}

/// Of a list, any.
fn any<'a, T>(list: &'a [T], random: &mut Random) -> &'a T {
    &list[random.below(list.len())]
}

/// Claims that no length can have.
const CLAIMS: [u64; 6] = [u32::MAX as u64, 1 << 32, 1 << 20, 1025, u64::MAX, u64::MAX >> 1];

fn noise(_: &mut Foe, random: &mut Random) -> Vec<Vec<u8>> {
    // No zero but the last, and no text.
    let mut bytes: Vec<u8> = (0..=random.below(1500)).map(|_| 128 + (random.bits() as u8 >> 1)).collect();
    bytes.push(0);
    vec![vec![0], bytes]
}

fn another_version(foe: &mut Foe, random: &mut Random) -> Vec<Vec<u8>> {
    // The first byte of the body, and its check made good again: the frame is opened, changed and sealed by hand.
    let frame = foe.next(Kind::VALUES, &[1, 2, 3]);
    let mut body = frame[..frame.len() - 1].to_vec();
    let opened = narthex::frame::open(&mut body).expect("it is a frame").expect("of this version");
    let mut bytes = opened.header.to_bytes().to_vec();
    bytes.extend([1, 2, 3]);
    bytes[0] = [0x83, 0xc3, 0x03, 0x63, 0x53][random.below(5)];
    let check = narthex::frame::crc32(bytes.iter().copied());
    bytes.extend(check.to_le_bytes());
    vec![hostile::stuffed(&bytes)]
}

fn unknown_kind(foe: &mut Foe, random: &mut Random) -> Vec<Vec<u8>> {
    let body: Vec<u8> = (0..random.below(60)).map(|_| random.bits() as u8).collect();
    vec![foe.next(Kind::new(4 + random.below(12) as u8), &body)]
}

fn long_records(foe: &mut Foe, random: &mut Random) -> Vec<Vec<u8>> {
    let claim = *any(&CLAIMS, random);
    let body = match random.below(4) {
        0 => record(1 + random.below(3) as u8, Some(claim), &[0, 0, 0, 0, 5], &[7; 20]),
        1 => record(kind::HELLO, None, &[0, claim], &[7; 20]),
        2 => record(kind::SCHEMA, None, &[claim, claim, claim, claim, claim], &[7; 20]),
        _ => record(kind::LABEL, None, &[0, claim, claim, 0, claim], &[7; 20]),
    };
    vec![foe.next(Kind::RECORDS, &body)]
}

fn far_cells(foe: &mut Foe, random: &mut Random) -> Vec<Vec<u8>> {
    let claim = (1 << 16) + (random.wide() >> 1);
    let (kind, body) = match random.below(3) {
        0 => (Kind::PART, varints(&[claim, 1, 2, 3])),
        1 => (Kind::SPARSE, varints(&[0, claim, 1, 2])),
        _ => (Kind::PART, varints(&[(1 << 16) - 1, 1, 2, 3])),
    };
    vec![foe.next(kind, &body)]
}

fn unknown_schema(foe: &mut Foe, random: &mut Random) -> Vec<Vec<u8>> {
    foe.other_schema(random);
    let sparse = [varints(&[0, 16]), vec![0x81, 0x01], varints(&[random.wide(), 2, 3])].concat();
    vec![foe.next(Kind::VALUES, &varints(&[random.wide(), 1])), foe.next(Kind::SPARSE, &sparse)]
}

fn bad_sparse(foe: &mut Foe, random: &mut Random) -> Vec<Vec<u8>> {
    let body = match random.below(4) {
        0 => [varints(&[0, 16]), vec![0xff, 0xff], varints(&[1, 2, 3])].concat(),
        1 => [varints(&[0, 4]), vec![0xf1], varints(&[1, 2, 3])].concat(),
        2 => [varints(&[0, 8]), vec![0x01], varints(&[1, 2, 3])].concat(),
        _ => varints(&[0, 60_000]),
    };
    vec![foe.next(Kind::SPARSE, &body)]
}

/// A histogram of eight buckets: sparse frames cover some cells, or have some where nothing is known of the others.
fn part_of_child(foe: &mut Foe, random: &mut Random) -> Vec<Vec<u8>> {
    let families = [hostile::histogram("mine_seconds", 8)];
    foe.liar.schema = hostile::hash(&families);
    let mut frames = foe.whole(&families);
    let sparse = [varints(&[0, 10]), vec![1 << (1 + random.below(7)), 0], varints(&[random.wide()])].concat();
    frames.push(foe.next(Kind::SPARSE, &sparse));
    let end = 1 + random.below(8) as u64;
    let sparse = [varints(&[0, end]), vec![1], varints(&[random.wide()])].concat();
    frames.push(foe.next(Kind::SPARSE, &sparse));
    frames
}

fn collision(foe: &mut Foe, random: &mut Random) -> Vec<Vec<u8>> {
    foe.liar.schema = foe.schema;
    let families = if foe.families.is_empty() || random.below(2) == 0 {
        vec![hostile::counter("mine_total", "Help."), hostile::counter("more_total", "Help.")]
    } else {
        let mut families = foe.families.clone();
        let at = random.below(families.len());
        let byte = random.below(families[at].len());
        families[at][byte] ^= 1 << random.below(8);
        families
    };
    let mut frames = foe.whole(&families);
    frames.push(foe.next(Kind::VALUES, &varints(&[random.wide(); 4])));
    // Then it is another's again, and this one's once more.
    foe.liar.schema = foe.schema.wrapping_add(1);
    frames.push(foe.next(Kind::VALUES, &varints(&[1, 2])));
    frames
}

fn wrong_hash(foe: &mut Foe, random: &mut Random) -> Vec<Vec<u8>> {
    foe.other_schema(random);
    let mut frames = foe.whole(&[hostile::counter("mine_total", "Help.")]);
    frames.push(foe.next(Kind::VALUES, &varints(&[random.wide()])));
    frames
}

fn scattered(foe: &mut Foe, random: &mut Random) -> Vec<Vec<u8>> {
    foe.other_schema(random);
    let mut frames = Vec::new();
    for _ in 0..8 {
        let bytes = if foe.families.is_empty() { vec![7; 200] } else { any(&foe.families, random).clone() };
        let (at, total) = (random.below(bytes.len()), bytes.len() as u64);
        let end = (at + random.below(100)).min(bytes.len());
        let numbers = [random.below(6) as u64, 6, random.below(40) as u64];
        frames.push(foe.liar.family(numbers, at as u64, total + random.below(2) as u64, &bytes[at..end]));
        frames.push(foe.liar.family(numbers, 0, total, &bytes[..bytes.len().min(1000)]));
    }
    frames
}

fn many_families(foe: &mut Foe, random: &mut Random) -> Vec<Vec<u8>> {
    foe.other_schema(random);
    let families: Vec<_> = (0..500).map(|n| hostile::counter(&format!("mine_{n}_total"), "Help.")).collect();
    let mut frames = Vec::new();
    // Several to a frame, and the greatest number of them first.
    for (index, family) in families.iter().enumerate().rev() {
        let numbers = [index as u64, 500, index as u64, 0, family.len() as u64];
        let record = record(kind::SCHEMA, None, &numbers, family);
        match frames.last_mut() {
            Some(frame) if Vec::len(frame) < 1500 => frame.extend(record),
            _ => frames.push(record),
        }
    }
    let mut frames: Vec<_> = frames.iter().map(|body| foe.liar.frame(Kind::RECORDS, body)).collect();
    frames.push(foe.next(Kind::VALUES, &varints(&[random.wide() >> 40; 500])));
    frames
}

fn endless_families(foe: &mut Foe, random: &mut Random) -> Vec<Vec<u8>> {
    foe.other_schema(random);
    let part = |family: u64| foe.liar.family([family, 400, family], 1, 1024, &[7; 900]);
    (0..100).map(part).collect()
}

fn label_bomb(foe: &mut Foe, random: &mut Random) -> Vec<Vec<u8>> {
    let family = hostile::product("bomb_total", 1 + random.below(6), 2 + random.below(12));
    let families = [family, hostile::table("table_total", *any(&CLAIMS, random))];
    foe.liar.schema = hostile::hash(&families);
    let mut frames = foe.whole(&families);
    frames.push(foe.next(Kind::VALUES, &varints(&[1; 600])));
    frames
}

/// A table of three slots: births that are no births, come again or run back; labels of them and of others.
fn births(foe: &mut Foe, random: &mut Random) -> Vec<Vec<u8>> {
    let families = [hostile::table("table_total", 3)];
    foe.liar.schema = hostile::hash(&families);
    let mut frames = foe.whole(&families);
    for _ in 0..4 {
        let mut cells = Vec::new();
        for _ in 0..4 {
            cells.extend([random.wide() % 5, random.wide()]);
        }
        let body = varints(&cells);
        frames.push(foe.next(Kind::VALUES, &body));
        let birth = [0, 1, 2, 3, 4, u64::MAX, 1 << 32][random.below(7)];
        let value = *any(&["a", "b", "other", "", "\u{1b}[31m\n\"\\"], random);
        let text = [&[value.len() as u8][..], value.as_bytes()].concat();
        let (slot, len) = (random.below(6) as u64, text.len() as u64);
        let record = record(kind::LABEL, None, &[random.below(2) as u64, slot, birth, 0, len], &text);
        frames.push(foe.liar.frame(Kind::RECORDS, &record));
    }
    frames
}

fn jumps(foe: &mut Foe, random: &mut Random) -> Vec<Vec<u8>> {
    foe.liar.sequence = foe.liar.sequence.wrapping_add(random.bits() as u16);
    let first = foe.next(Kind::VALUES, &[1]);
    foe.liar.sequence = foe.liar.sequence.wrapping_add(1 + random.below(40) as u16);
    vec![first, foe.next(Kind::VALUES, &[1]), foe.next(Kind::VALUES, &[2])]
}

fn again(foe: &mut Foe, random: &mut Random) -> Vec<Vec<u8>> {
    let frame = foe.next(Kind::VALUES, &varints(&[random.wide()]));
    vec![frame.clone(), frame.clone(), frame]
}

fn boots(foe: &mut Foe, random: &mut Random) -> Vec<Vec<u8>> {
    let mut frames = vec![foe.next(Kind::VALUES, &[1])];
    // A frame that is late by two.
    foe.liar.sequence = foe.liar.sequence.wrapping_add(2);
    frames.push(foe.next(Kind::VALUES, &[1]));
    let mut late = foe.liar;
    late.sequence = late.sequence.wrapping_sub(2);
    late.uptime = late.uptime.wrapping_sub(1);
    frames.push(late.frame(Kind::VALUES, &[2]));
    match random.below(4) {
        0 => foe.liar.boot = random.below(5) as u32,
        1 => foe.liar.uptime = foe.liar.uptime.wrapping_sub(random.below(300) as u32),
        2 => foe.liar.uptime = [0, u32::MAX, 1 << 31, random.bits() as u32][random.below(4)],
        _ => {}
    }
    frames.push(foe.next(Kind::VALUES, &[3]));
    frames
}

/// A hello of another's name, and what that one has said.
fn others_names(foe: &mut Foe, random: &mut Random) -> Vec<Vec<u8>> {
    foe.liar.boot = foe.liar.boot.wrapping_add(1);
    let name = if foe.names.is_empty() {
        (*any(&NAMES, random)).to_owned()
    } else {
        any(&foe.names, random).clone()
    };
    foe.liar.schema = foe.schema;
    let mut frames = vec![foe.liar.hello(&name, "1", 1, 1)];
    for _ in 0..4 {
        if foe.overheard.is_empty() {
            break;
        }
        let (kind, mut body) = any(&foe.overheard, random).clone();
        if !body.is_empty() && random.below(2) == 0 {
            let at = random.below(body.len());
            body[at] ^= 1 << random.below(8);
        }
        frames.push(foe.next(kind, &body));
    }
    frames
}

fn invented_names(foe: &mut Foe, random: &mut Random) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    for _ in 0..20 {
        foe.liar.boot = foe.liar.boot.wrapping_add(1);
        foe.invented += 1;
        frames.push(foe.liar.hello(&format!("invented-{}", foe.invented), "1", 1, 1));
        frames.push(foe.next(Kind::VALUES, &varints(&[random.wide()])));
    }
    frames
}
