//! Snapshots of all metrics, out of UART0, and what the gateway asks for, into it.

use core::time::Duration;

use narthex::Registry;
use narthex::transport::{Inbox, Reporter};
use narthex::wire::Identity;

use crate::meter::METER;
use crate::{REGISTRY, UART0};

/// Longest frame, in bytes: 22 ms of the line.
const FRAME: usize = 256;

/// Which firmware this is.
const FIRMWARE: &str = if cfg!(feature = "gaps") {
    concat!(env!("CARGO_PKG_VERSION"), "+gaps")
} else {
    env!("CARGO_PKG_VERSION")
};

/// Who this is. A real device would take its name from its serial number.
const IDENTITY: Identity<'static> = Identity { device: "flow-meter-1", firmware: FIRMWARE };

/// One snapshot a second, frame by frame as the line has room.
pub(crate) struct Report {
    reporter: Reporter<'static, Registry, (), Inbox>,
    /// The second in which the last snapshot was begun.
    second: Option<u64>,
}

impl Report {
    /// Reports for the boot with this id.
    pub(crate) fn new(boot: u32) -> Self {
        Self { reporter: Reporter::new(&REGISTRY, IDENTITY, boot).with_requests(), second: None }
    }

    /// Reads what has come, begins a snapshot if a second has begun, and sends the next frame if the queue has room for
    /// a whole one: so no task ever waits for the line.
    pub(crate) fn advance(&mut self, uptime: Duration) {
        let mut asked = [0; 64];
        let n = UART0.receive(&mut asked);
        self.reporter.receive(asked.get(..n).unwrap_or_default());
        if self.second != Some(uptime.as_secs()) {
            self.second = Some(uptime.as_secs());
            METER
                .uptime_seconds
                .set(uptime.as_secs() as i32 * 10 + (uptime.subsec_millis() / 100).cast_signed());
            self.reporter.begin(uptime);
        }
        if UART0.room() < FRAME {
            return;
        }
        let mut buf = [0; FRAME];
        // The buffer is long enough for any frame, and the queue has room for it.
        if let Ok(Some(frame)) = self.reporter.frame(&mut buf) {
            let _ = UART0.send(frame);
        }
    }
}
