//! What is interrupted, and what interrupts.

/// Most numbers that one operation sees.
const ITEMS: usize = 48;
/// Most bytes that one operation writes.
const BYTES: usize = 1280;

/// What runs at some level.
pub(crate) type Run = extern "C" fn(&mut Seen);

/// An update or a read of narthex.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) subject: &'static Subject,
    pub(crate) run: Run,
    pub(crate) nature: Nature,
    /// It in two steps, where others can tell that they came between.
    pub(crate) halves: Option<[Run; 2]>,
    /// What a reader may see of it that began before and ends behind it.
    pub(crate) glimpse: Option<Run>,
    /// Whether two that preempt each other with it would be more than is promised.
    pub(crate) once: bool,
    /// Turns the bytes it has written into items. Not part of the operation.
    pub(crate) digest: Option<fn(&mut Seen)>,
    /// What it does instead when what it preempts does not let it.
    pub(crate) refused: Option<Run>,
    /// Whether it takes thousands of instructions.
    pub(crate) long: bool,
}

/// How an operation appears to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nature {
    /// As if it took no time: others come before or after it.
    Atomic,
    /// In steps, each of which takes no time: others may come between. What it reads, it reads item by item.
    Steps,
    /// In several critical sections: others may change between two of them what it works on.
    Sections,
}

impl Operation {
    pub(crate) const fn new(name: &'static str, subject: &'static Subject, nature: Nature, run: Run) -> Self {
        Self {
            name,
            subject,
            run,
            nature,
            halves: None,
            glimpse: None,
            once: false,
            digest: None,
            refused: None,
            long: false,
        }
    }

    pub(crate) const fn halves(self, halves: [Run; 2], glimpse: Run) -> Self {
        Self { halves: Some(halves), glimpse: Some(glimpse), once: true, ..self }
    }

    pub(crate) const fn once(self) -> Self {
        Self { once: true, ..self }
    }

    pub(crate) const fn refusing(self, refused: Run) -> Self {
        Self { refused: Some(refused), ..self }
    }

    pub(crate) const fn long(self) -> Self {
        Self { long: true, ..self }
    }

    pub(crate) const fn digest(self, digest: fn(&mut Seen)) -> Self {
        Self { digest: Some(digest), ..self }
    }
}

/// What operations work on.
#[derive(Debug)]
pub(crate) struct Subject {
    /// Puts it where an injection begins: beside a carry.
    pub(crate) reset: fn(),
    /// All that can be read of it, by itself.
    pub(crate) view: fn(&mut Digest),
}

/// What an operation has read or has been told, and bytes that it has written.
#[derive(Debug)]
pub(crate) struct Seen {
    items: [u64; ITEMS],
    len: usize,
    bytes: [u8; BYTES],
    written: usize,
}

impl Seen {
    pub(crate) const fn new() -> Self {
        Self { items: [0; ITEMS], len: 0, bytes: [0; BYTES], written: 0 }
    }

    pub(crate) fn clear(&mut self) -> &mut Self {
        (self.len, self.written) = (0, 0);
        self
    }

    /// Notes a number. One too many makes the last one wrong, which no order of operations explains.
    pub(crate) fn push(&mut self, item: u64) {
        if let Some(free) = self.items.get_mut(self.len) {
            *free = item;
            self.len += 1;
        } else if let Some(last) = self.items.last_mut() {
            *last = !*last;
        }
    }

    pub(crate) fn items(&self) -> &[u64] {
        self.items.get(..self.len).unwrap_or_default()
    }

    /// Where the next bytes go.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        self.bytes.get_mut(self.written..).unwrap_or_default()
    }

    /// So many bytes were written to the room.
    pub(crate) fn advance(&mut self, len: usize) {
        self.written += len;
    }

    /// The bytes, to be taken apart, and a place for what is found in them.
    pub(crate) fn split(&mut self) -> (&mut [u8], Found<'_>) {
        let Self { items, len, bytes, written } = self;
        (bytes.get_mut(..*written).unwrap_or_default(), Found { items, len })
    }
}

/// A place for items.
#[derive(Debug)]
pub(crate) struct Found<'a> {
    items: &'a mut [u64; ITEMS],
    len: &'a mut usize,
}

impl Found<'_> {
    pub(crate) fn push(&mut self, item: u64) {
        if let Some(free) = self.items.get_mut(*self.len) {
            *free = item;
            *self.len += 1;
        } else if let Some(last) = self.items.last_mut() {
            *last = !*last;
        }
    }
}

/// A hash of numbers, in two halves that must not agree by chance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Digest(u32, u32);

impl Digest {
    pub(crate) const EMPTY: Self = Self(0x811c_9dc5, 0x0100_0193);

    pub(crate) fn put(&mut self, number: u64) {
        for word in [number as u32, (number >> 32) as u32] {
            self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b1);
            self.1 = (self.1.rotate_left(7) ^ word).wrapping_mul(0x85eb_ca77);
        }
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.put(bytes.len() as u64);
        for byte in bytes {
            self.put((*byte).into());
        }
    }

    pub(crate) fn value(self) -> u64 {
        u64::from(self.0) << 32 | u64::from(self.1)
    }
}
