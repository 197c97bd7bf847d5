//! What is asked of a device.

use std::time::{Duration, Instant};

use narthex::frame::{self, Header, Kind, MIN_FRAME};
use narthex::wire::Request;

/// Least time between two requests.
const PAUSE: Duration = Duration::from_secs(1);
/// Most time between two requests for the same, which nothing has answered.
const MAX_PAUSE: Duration = Duration::from_secs(64);

/// What a session lacks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wants {
    /// Who the device is.
    pub(super) hello: bool,
    /// Its schema, from this family on.
    pub(super) schema: Option<usize>,
    /// A full snapshot.
    pub(super) snapshot: bool,
    /// Labels, from this slot of this family on.
    pub(super) labels: Option<(usize, usize)>,
}

/// When what was asked for, of a device that reads it.
#[derive(Debug)]
pub(super) struct Requests {
    last: Option<(Wants, Instant)>,
    pause: Duration,
    sequence: u16,
}

impl Default for Requests {
    fn default() -> Self {
        Self { last: None, pause: PAUSE, sequence: 0 }
    }
}

impl Requests {
    /// Whether something may be asked now, if it is something new.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.last.is_none_or(|(_, last)| now.saturating_duration_since(last) >= PAUSE)
    }

    /// Frames are being lost, and so may requests be, and what answers them: nobody is to blame that what was asked for
    /// has not come.
    pub(super) fn excuse(&mut self) {
        self.pause = PAUSE;
    }

    /// Asks for what is wanted, if it is time: a frame is appended to `reply`. What was asked for before, and is still
    /// wanted, waits twice as long each time. `newest` is the header of the device's newest frame.
    pub(super) fn ask(&mut self, wants: Wants, newest: &Header, now: Instant, reply: &mut Vec<u8>) {
        if wants == Wants::default() || !self.is_due(now) {
            return;
        }
        match self.last {
            Some((asked, last)) if asked == wants => {
                if now.saturating_duration_since(last) < self.pause {
                    return;
                }
                self.pause = MAX_PAUSE.min(self.pause * 2);
            }
            _ => self.pause = PAUSE,
        }
        self.last = Some((wants, now));
        self.sequence = self.sequence.wrapping_add(1);
        // Devices take no longer ones.
        let mut buf = [0; MIN_FRAME];
        let len = wants.put(frame::payload(&mut buf));
        let header = Header { kind: Kind::REQUESTS, sequence: self.sequence, ..*newest };
        // Whatever noise came before it ends here.
        reply.push(frame::DELIMITER);
        reply.extend_from_slice(frame::seal(&mut buf, &header, len));
    }
}

impl Wants {
    /// Writes the requests. Returns how many bytes they have.
    fn put(&self, payload: &mut [u8]) -> usize {
        let requests = [
            self.hello.then_some(Request::Hello),
            self.schema.map(|family| Request::Schema { family }),
            self.snapshot.then_some(Request::Snapshot),
            self.labels.map(|(family, slot)| Request::Labels { family, slot }),
        ];
        let requests: Vec<_> = requests.into_iter().flatten().collect();
        Request::put_all(&requests, payload)
    }
}
