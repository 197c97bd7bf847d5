//! What the fleet may cost.

use std::sync::Arc;
use std::time::Duration;

use crate::model::{Defect, LabelText};

/// Bounds of the fleet.
///
/// Memory is at most devices × (series × 9 bytes + their label text + three times the schema), and some kilobytes for
/// each connection. Equal schemas are there once.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Name of the label that tells devices apart; see [`Limits::check_label`].
    pub device_label: Arc<str>,
    /// After how long a silent device's series vanish.
    pub ttl: Duration,
    /// Most devices at once.
    pub max_devices: usize,
    /// Most series of one device, each bucket counted.
    pub max_series: usize,
    /// Most bytes of one device's schema.
    pub max_schema_bytes: usize,
    /// Most names that are not in the fleet yet, a minute, of each source; `u32::MAX` for any number.
    pub new_names_per_minute: u32,
    /// Most schemas that are new to their device, a minute, of each source; `u32::MAX` for any number.
    pub new_schemas_per_minute: u32,
}

impl Limits {
    /// Labels of the gateway's own families.
    const OWN: &[&str] = &["cause", "firmware", "link", "outcome", "state"];

    /// Checks the name of a label that is added to series beside the device label, which is `device_label`.
    ///
    /// # Errors
    /// What is wrong with it, in one clause.
    pub fn check_added(name: &str, device_label: &str) -> Result<(), &'static str> {
        if name == device_label {
            return Err("that is the device label");
        }
        LabelText::new(&[(name, "")]).map(|_| ()).map_err(Defect::as_str)
    }

    /// Checks the name of the device label.
    ///
    /// # Errors
    /// What is wrong with it, in one clause.
    pub fn check_label(name: &str) -> Result<(), &'static str> {
        if Self::OWN.contains(&name) {
            return Err("the gateway's own series have a label of this name");
        }
        LabelText::new(&[(name, "")]).map(|_| ()).map_err(Defect::as_str)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            device_label: "device".into(),
            ttl: Duration::from_secs(300),
            max_devices: 16_384,
            max_series: 2048,
            max_schema_bytes: 65_536,
            new_names_per_minute: u32::MAX,
            new_schemas_per_minute: u32::MAX,
        }
    }
}
