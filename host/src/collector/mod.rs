//! Free sources: what a user's code reports when it is asked.
//!
//! A [`Collector`] describes its families once and pushes samples each time it is collected. What it pushes is
//! checked and sorted before the first byte of a page is written, so that a mistake costs one sample and is reported,
//! and never spoils the page.
//!
//! ```
//! use std::sync::Arc;
//! use narthex_host::collector::{Collected, Collector};
//! use narthex_host::model::{Defect, Family, Value};
//! use narthex_host::registry::{Gatherer, Registerer, Registry};
//!
//! struct Disks(Vec<Family>);
//! impl Collector for Disks {
//!     fn describe(&self) -> Vec<Family> {
//!         self.0.clone()
//!     }
//!     fn collect(&self, into: &mut Collected) {
//!         into.push("disk_free_bytes", &[("disk", "sda")], Value::Unsigned(1 << 30));
//!         into.push("disk_free_byte", &[("disk", "sda")], Value::Unsigned(1 << 30));
//!     }
//! }
//!
//! let registry = Registry::new();
//! let free = Family::gauge("disk_free_bytes", "Free space.")?;
//! registry.register_collector(Arc::new(Disks(vec![free])))?;
//! let gathered = registry.gather();
//! assert_eq!(gathered.families().len(), 1);
//! assert_eq!(
//!     gathered.errors().to_string(),
//!     "family `disk_free_byte`: its collector does not describe it"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod collected;

use crate::model::Family;
pub use collected::Collected;

/// A source that is asked for its samples at each gathering, possibly several times at once.
pub trait Collector: Send + Sync {
    /// Its families: all that it may ever push, so that conflicts are found when it is registered.
    ///
    /// One that describes nothing is *unchecked*: it is always accepted, [declares](Collected::declare) its families
    /// while it is collected, and loses to what is registered.
    fn describe(&self) -> Vec<Family>;

    /// Pushes its samples as of now.
    fn collect(&self, into: &mut Collected);
}
