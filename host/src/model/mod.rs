//! What a family is on the host: owned descriptions, and children as they are lent to those who write them.
//!
//! The rules for names, help and units are the core's; a device and a host refuse the same things.

mod bound;
mod child;
mod exponential;
mod family;
mod labels;
mod shape;

pub use bound::Bound;
pub use child::{Child, Point};
pub use exponential::Native;
pub use family::Family;
pub use labels::LabelText;
pub use narthex::model::{Defect, Exponential, Grid, Kind, Label, Number, Scale, Value};
pub use shape::{Form, Shape};
