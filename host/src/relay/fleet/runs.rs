//! Devices that are alike, gathered until there are many of them to be shown at once.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::roster::Roster;
use crate::model::Shape;
use crate::registry::{Resume, Room, Row, Run, Visitor};

/// Rows of one family under way to who is shown them, each of one device.
pub(super) struct Runs<'a> {
    devices: &'a Roster,
    visitor: &'a mut dyn Visitor,
    room: Box<Room>,
    /// The number of the device of each row.
    numbers: [u32; Run::ROWS],
}

impl<'a> Runs<'a> {
    /// None yet, with the memory that `resume` has for them.
    pub(super) fn new(devices: &'a Roster, resume: &mut Resume, visitor: &'a mut dyn Visitor) -> Self {
        Self { devices, visitor, room: resume.take_room(), numbers: [0; Run::ROWS] }
    }

    /// Gives the memory back.
    pub(super) fn end(self, resume: &mut Resume) {
        resume.keep(self.room);
    }

    /// Adds the row of the device of this number, if `fill` can fill it and returns true; what waited is shown first if
    /// that is full, or of another shape. Returns whether it is added; breaks as [`flush`](Self::flush) does.
    #[inline]
    pub(super) fn push(
        &mut self,
        number: u32,
        shape: &Arc<Shape>,
        next: &mut String,
        fill: impl FnOnce(&Shape, &mut Row, &mut [u64]) -> bool,
    ) -> ControlFlow<&'a str, bool> {
        if self.room.run.is_full() || !self.room.run.is_of(shape) {
            self.flush(next)?;
            self.room.run.begin(shape);
        }
        if let Some(place) = self.numbers.get_mut(self.room.run.rows().len()) {
            *place = number;
        }
        ControlFlow::Continue(self.room.run.push(fill))
    }

    /// Shows what waits. If a child is refused, breaks with its device, and writes its text to `next`.
    pub(super) fn flush(&mut self, next: &mut String) -> ControlFlow<&'a str> {
        let Some(shape) = self.room.run.shape().filter(|_| !self.room.run.is_empty()) else {
            return ControlFlow::Continue(());
        };
        let (all, children) = (self.room.run.children(), shape.labels.len().max(1));
        let taken = self.visitor.run(&self.room.run);
        if taken < all {
            let number = self.numbers.get(taken / children).copied().unwrap_or_default();
            if let Some(labels) = shape.labels.get(taken % children) {
                next.extend(labels.iter().map(|piece| &**piece));
            }
            if let Some(entry) = self.devices.entry(number) {
                return ControlFlow::Break(&entry.name);
            }
        }
        self.room.run.clear();
        ControlFlow::Continue(())
    }

    /// Who is shown children one by one, once nothing waits, and memory for their cells.
    pub(super) fn singly(&mut self) -> (&mut (dyn Visitor + 'a), &mut Vec<u64>) {
        (&mut *self.visitor, &mut self.room.cells)
    }
}
