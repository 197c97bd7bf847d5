//! What the fleet may cost.

use std::sync::Arc;
use std::time::Duration;

/// Bounds of the fleet: memory is at most devices × (series + schema).
#[derive(Clone, Debug)]
pub struct Limits {
    /// Name of the label that tells devices apart.
    pub device_label: Arc<str>,
    /// After how long a silent device's series vanish.
    pub ttl: Duration,
    /// Most devices at once.
    pub max_devices: usize,
    /// Most series of one device.
    pub max_series: usize,
    /// Most bytes of one device's schema.
    pub max_schema_bytes: usize,
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
