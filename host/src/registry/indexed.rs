//! Sources whose families are known and whose children stand in order.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::Run;
use crate::model::{Child, Family};

/// A source that writes its children straight from where they are: an instrument, or a fleet of devices.
///
/// What it holds was checked when it came in, its label texts were rendered once, so showing it cannot fail.
pub trait Indexed: Send + Sync {
    /// Its families as of now, sorted by name. Later calls may give others.
    fn families(&self) -> Vec<Arc<Family>>;

    /// Shows the children of `family` in an order of the source's own, in which each has its place by its labels
    /// (an instrument: by label text; the fleet: by device, then by label text), from where `resume` stands. Returns
    /// true when there is none left; false when `visitor` breaks: `resume` then stands at the child that was refused,
    /// which is shown again next time. Children that are alike may be shown many at once, as a [`Run`].
    ///
    /// Locks are held during one call at most. Children may come and go between calls; no child is shown twice. A
    /// family that is not there (any more) has no children.
    fn visit(&self, family: &str, resume: &mut Resume, visitor: &mut dyn Visitor) -> bool;
}

/// Who is shown children: a closure, or what can do with a whole [`Run`] better than child by child.
pub trait Visitor {
    /// Takes a child, or refuses it, and wants no more.
    fn child(&mut self, child: &Child<'_>) -> ControlFlow<()>;

    /// Takes children of a run, in their order. Returns how many, counted through all rows; if that is not all of them,
    /// it has refused the next one, and wants no more.
    fn run(&mut self, run: &Run) -> usize {
        let children = run.children();
        (0..children).find(|child| run.show(*child, self).is_break()).unwrap_or(children)
    }
}

impl<F: FnMut(&Child<'_>) -> ControlFlow<()>> Visitor for F {
    fn child(&mut self, child: &Child<'_>) -> ControlFlow<()> {
        self(child)
    }
}

/// A place among the children of one family. Its meaning is its source's own; the default is the start.
///
/// A source whose children come and go keeps a key rather than an index, so that nothing shifts between two calls.
#[derive(Debug, Default)]
pub struct Resume {
    /// A key, such as the label text of the child that was refused.
    pub key: String,
    /// An index, for sources that do not change, or within what `key` names.
    pub index: usize,
    /// Memory for the next key.
    spare: String,
    /// Memory for what is shown.
    room: Option<Box<Room>>,
}

/// Memory that a source copies to what it shows, so that it need not take any.
#[derive(Debug, Default)]
pub(crate) struct Room {
    /// For children that are alike.
    pub(crate) run: Run,
    /// For the cells of a child that is shown by itself.
    pub(crate) cells: Vec<u64>,
}

impl Resume {
    /// Goes back to the start; keeps the key's memory.
    pub fn restart(&mut self) {
        self.key.clear();
        self.index = 0;
    }

    /// Takes memory to copy to, to be given [back](Self::keep).
    pub(crate) fn take_room(&mut self) -> Box<Room> {
        self.room.take().unwrap_or_default()
    }

    /// Keeps memory to copy to.
    pub(crate) fn keep(&mut self, mut room: Box<Room>) {
        room.run.forget();
        self.room = Some(room);
    }

    /// Takes key and index out, to begin with, and memory for the next key.
    pub(crate) fn leave(&mut self) -> (String, usize, String) {
        self.spare.clear();
        (std::mem::take(&mut self.key), std::mem::take(&mut self.index), std::mem::take(&mut self.spare))
    }

    /// Stands at another key; what was the key before is memory for the one after it.
    pub(crate) fn stop(&mut self, key: String, index: usize, before: String) {
        (self.key, self.index, self.spare) = (key, index, before);
    }
}
