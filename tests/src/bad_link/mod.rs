//! A link on which frames meet a fate, by a seed and rates; and what a gateway must count of it.
//!
//! Snapshots go in, and what arrives comes out, piece by piece: a piece is a frame, whole or not, or the text of a log.
//! With [`Rates::wild`] anything happens to the bytes, and only the invariant can be demanded. Without, a flip neither
//! makes nor hits a delimiter and no frame comes so late that it would be given up, so that every frame's fate is known by
//! its number, and [`BadLink::counts`] is what the gateway must say.

mod ledger;
pub mod wire;

pub use ledger::Counts;

use crate::random::Random;
use ledger::Ledger;

/// How often what happens, of 1000 frames.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rates {
    /// Frames that never arrive.
    pub lost: u16,
    /// Frames that arrive with some bits flipped.
    pub flipped: u16,
    /// Frames that arrive once more, at once or a little later.
    pub repeated: u16,
    /// Frames that arrive behind others that were sent after them, the last of a snapshot even behind those of the next.
    pub late: u16,
    /// Frames in front of which a log line is on the link.
    pub text: u16,
    /// Frames behind which the rest is held until the next snapshot.
    pub delayed: u16,
    /// Frames in which the connection is cut; the next begins in a frame, or between two.
    pub cut: u16,
    /// Whether any byte may be flipped, inserted, left out and sent anew.
    pub wild: bool,
}

impl Rates {
    /// Rates drawn from a seed, some of them 0.
    #[must_use]
    pub fn random(random: &mut Random) -> Self {
        let mut rate = |most: usize| if random.below(3) == 0 { 0 } else { random.below(most) as u16 };
        Self {
            lost: rate(400),
            flipped: rate(150),
            repeated: rate(150),
            late: rate(200),
            text: rate(150),
            delayed: rate(100),
            cut: 0,
            wild: false,
        }
    }
}

/// What comes out of the link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Bytes: a frame, part of one, or text.
    Bytes(Vec<u8>),
    /// The connection ends, and another begins.
    Cut,
}

/// How many frames back the receiver remembers.
const MEMORY: u64 = 64;

/// Where a frame comes from.
#[derive(Clone, Copy, Debug)]
struct Number {
    boot: usize,
    snapshot: u64,
    /// Counted from 1 in the boot.
    frame: u64,
}

/// What a piece is to the receiver.
#[derive(Clone, Copy, Debug)]
enum What {
    Frame(Number),
    Damaged,
    Text,
}

/// The link.
#[derive(Debug)]
pub struct BadLink {
    rates: Rates,
    random: Random,
    ledger: Ledger,
    boot: usize,
    sent: u64,
    snapshots: u64,
    /// The frame that came last, if it was not newer than all before.
    old: Option<Number>,
    /// The newest that has come, or will.
    newest: u64,
    /// Frames that come later, and behind how many others.
    late: Vec<Late>,
    /// Pieces that were held until the next snapshot.
    delayed: Vec<(What, Vec<u8>)>,
    /// Whether the receiver has had no delimiter yet on this connection.
    joining: bool,
}

#[derive(Debug)]
struct Late {
    number: Number,
    frame: Vec<u8>,
    behind: usize,
    snapshots: usize,
}

impl BadLink {
    /// A link of these rates.
    pub fn new(seed: u64, rates: Rates) -> Self {
        Self {
            rates,
            random: Random(seed),
            ledger: Ledger::default(),
            boot: 0,
            sent: 0,
            snapshots: 0,
            old: None,
            newest: 0,
            late: Vec::new(),
            delayed: Vec::new(),
            joining: true,
        }
    }

    /// From now on everything arrives.
    pub fn calm(&mut self) {
        self.rates = Rates::default();
    }

    /// The device boots: the next frame is the first of another boot. What was under way never arrives.
    pub fn boots(&mut self) {
        self.boot += 1;
        (self.sent, self.newest, self.old) = (0, 0, None);
        self.late.clear();
        self.delayed.clear();
    }

    /// What the gateway must have counted, once the link was calm for some snapshots.
    pub fn counts(&self) -> Counts {
        self.ledger.counts()
    }

    /// What arrives of the frames of the next snapshot, and of some before them.
    pub fn carry(&mut self, frames: &[Vec<u8>]) -> Vec<Piece> {
        let mut out = Vec::new();
        for (what, bytes) in std::mem::take(&mut self.delayed) {
            self.put(&mut out, what, bytes);
        }
        for late in &mut self.late {
            late.snapshots += 1;
        }
        self.snapshots += 1;
        let mut held = false;
        for frame in frames {
            self.sent += 1;
            let number = Number { boot: self.boot, snapshot: self.snapshots, frame: self.sent };
            if self.random.happens(self.rates.cut) {
                self.cut(&mut out, frame);
                held = false;
                continue;
            }
            held |= self.random.happens(self.rates.delayed);
            for (what, bytes) in self.fate(number, frame) {
                self.bring(&mut out, held, what, bytes);
            }
            while let Some(at) = self.late.iter().position(|late| late.behind == 0 && !held) {
                let late = self.late.remove(at);
                self.bring(&mut out, held, What::Frame(late.number), late.frame);
            }
        }
        // By the second snapshot that is heard after the gap a frame would be given up: it comes no later than the end of
        // the first.
        while let Some(at) =
            self.late.iter().position(|late| late.snapshots > 0 || late.number.frame < self.newest)
        {
            let late = self.late.remove(at);
            self.bring(&mut out, held, What::Frame(late.number), late.frame);
        }
        if self.rates.wild { self.spoil(out) } else { out }
    }

    /// What arrives of one frame now.
    fn fate(&mut self, number: Number, frame: &[u8]) -> Vec<(What, Vec<u8>)> {
        let mut pieces = Vec::new();
        let Rates { lost, flipped, repeated, late, text, .. } = self.rates;
        if self.random.happens(text) {
            pieces.push((What::Text, b"[ 1.0] warm \xc2\xb0 \r\n\0".to_vec()));
        }
        if self.random.happens(late) {
            let behind = 1 + self.random.below(3);
            self.late.push(Late { number, frame: frame.to_vec(), behind, snapshots: 0 });
        } else if self.random.happens(flipped) {
            pieces.push((What::Damaged, self.flip(frame)));
        } else if !self.random.happens(lost) {
            pieces.push((What::Frame(number), frame.to_vec()));
        }
        if self.random.happens(repeated) {
            if self.random.below(2) == 0 {
                pieces.push((What::Frame(number), frame.to_vec()));
            } else {
                let behind = 1 + self.random.below(3);
                self.late.push(Late { number, frame: frame.to_vec(), behind, snapshots: 0 });
            }
        }
        for late in &mut self.late {
            late.behind = late.behind.saturating_sub(1);
        }
        pieces
    }

    /// Some bits of one byte, or a few, are wrong; no delimiter is made or hit.
    fn flip(&mut self, frame: &[u8]) -> Vec<u8> {
        let mut frame = frame.to_vec();
        let at = self.random.below(frame.len() - 1);
        for byte in at..(at + 1 + self.random.below(3)).min(frame.len() - 1) {
            let bits = 1 << self.random.below(8);
            frame[byte] ^= if frame[byte] == bits { 0xff } else { bits };
        }
        frame
    }

    /// Sends a piece now, or with the next snapshot.
    fn bring(&mut self, out: &mut Vec<Piece>, held: bool, what: What, bytes: Vec<u8>) {
        if let What::Frame(number) = what {
            self.newest = self.newest.max(number.frame);
        }
        if held {
            self.delayed.push((what, bytes));
        } else {
            self.put(out, what, bytes);
        }
    }

    /// Whether the receiver can know nothing of this frame any more: that it was waited for, or that it has come.
    fn is_forgotten(&self, number: Number) -> bool {
        !self.rates.wild
            && self.ledger.newest(number.boot).is_some_and(|newest| number.frame + MEMORY <= newest)
    }

    /// Whether the receiver would take this frame, behind the one before, for the second of a device that has begun
    /// anew with the same boot id: both are old, one follows the other, and they are of two snapshots.
    fn looks_like_a_restart(&mut self, number: Number) -> bool {
        let is_old = self.ledger.newest(number.boot).is_some_and(|newest| number.frame <= newest);
        let follows = |old: Number| old.frame + 1 == number.frame && old.snapshot != number.snapshot;
        let looks = is_old && self.old.is_some_and(follows);
        self.old = if is_old { Some(number) } else { None };
        looks && !self.rates.wild
    }

    fn put(&mut self, out: &mut Vec<Piece>, what: What, bytes: Vec<u8>) {
        match what {
            What::Frame(number) if self.is_forgotten(number) || self.looks_like_a_restart(number) => return,
            What::Frame(number) => self.ledger.arrives(number),
            // What may lack its beginning is not held against the device.
            What::Damaged if !self.joining => self.ledger.is_corrupt(),
            What::Damaged | What::Text => {}
        }
        self.joining = false;
        out.push(Piece::Bytes(bytes));
    }

    /// The connection ends within a frame, and all that is under way with it; the next may begin in its rest.
    fn cut(&mut self, out: &mut Vec<Piece>, frame: &[u8]) {
        let at = self.random.below(frame.len());
        out.push(Piece::Bytes(frame[..at].to_vec()));
        out.push(Piece::Cut);
        self.late.clear();
        self.delayed.clear();
        self.joining = true;
        if self.random.below(2) == 0 {
            let at = 1 + self.random.below(frame.len() - 1);
            out.push(Piece::Bytes(frame[at..].to_vec()));
            self.joining = false;
        }
    }

    /// Does anything to the bytes.
    fn spoil(&mut self, pieces: Vec<Piece>) -> Vec<Piece> {
        let random = &mut self.random;
        let spoil = |piece| {
            let Piece::Bytes(mut bytes) = piece else { return piece };
            if random.below(4) == 0 && !bytes.is_empty() {
                let at = random.below(bytes.len());
                let end = (at + random.below(40)).min(bytes.len());
                match random.below(6) {
                    0 => bytes[at] ^= 1 << random.below(8),
                    1 => drop(bytes.drain(at..end)),
                    2 => {
                        let again = bytes[at..].to_vec();
                        bytes.extend(again);
                    }
                    3 => drop(bytes.splice(at..at, b"[ 1.0] log line\r\n".iter().copied())),
                    4 => bytes[at] = 0,
                    _ => drop(bytes.splice(at..end, std::iter::repeat_with(|| random.bits() as u8).take(20))),
                }
            }
            Piece::Bytes(bytes)
        };
        pieces.into_iter().map(spoil).collect()
    }
}
