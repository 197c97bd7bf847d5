//! Whether a whole snapshot has come.

/// Whether all values are known as they were at one time, or may be older than the device thinks: it sends what has
/// changed only, and something of it was lost, or what was before is not known.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Full {
    /// Whether a snapshot has come from its beginning to its end, and no number was missing since.
    known: bool,
    /// Whether the snapshot at hand has come from its beginning, without a gap.
    whole: bool,
    /// Whether the device sends sparse frames.
    sparse: bool,
}

impl Full {
    /// A frame has come, behind a gap or not; `later` if it begins another snapshot.
    pub(super) fn frame(&mut self, gap: bool, later: bool) {
        if gap {
            (self.known, self.whole) = (false, false);
        } else if later && self.whole {
            (self.known, self.whole) = (true, false);
        }
    }

    /// The frame has values from the first on.
    pub(super) fn begins(&mut self) {
        self.whole = true;
    }

    /// The frame has only what has changed.
    pub(super) fn sparse(&mut self) {
        (self.sparse, self.whole) = (true, false);
    }

    /// What has come was not kept.
    pub(super) fn void(&mut self) {
        (self.known, self.whole) = (false, false);
    }

    /// Whether a full snapshot would help: where none comes by itself soon.
    pub(super) fn is_wanted(self) -> bool {
        self.sparse && !self.known && !self.whole
    }
}
