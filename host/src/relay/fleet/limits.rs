//! What the fleet may cost.

use std::sync::Arc;
use std::time::Duration;

use crate::model::{Defect, LabelText};

/// Bounds of the fleet.
///
/// Memory is at most devices × (series × 9 bytes + their label text + twice the schema), and some kilobytes for each
/// connection.
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
}

impl Limits {
    /// Labels of the gateway's own families.
    const OWN: &[&str] = &["cause", "firmware", "link", "outcome", "state"];

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
        }
    }
}
