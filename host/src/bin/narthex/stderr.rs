//! Standard error, written by a thread of its own: a reader that has stopped, as a terminal does on Ctrl-S, must not
//! hold up the gateway.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Pieces that wait to be written; more are left out, and told of.
const MAX_WAITING: usize = 1024;
/// How long the last of them may take.
const LAST_WRITE: Duration = Duration::from_millis(300);

/// Where pieces of text go, in their order.
#[derive(Clone)]
pub(crate) struct Stderr(Arc<Mutex<State>>);

struct State {
    /// Gone at the end.
    waiting: Option<SyncSender<String>>,
    /// Hangs up when all is written.
    written: Receiver<()>,
    left_out: u64,
}

impl Stderr {
    pub(crate) fn new() -> Self {
        Self::to(io::stderr())
    }

    fn to(mut out: impl Write + Send + 'static) -> Self {
        let (waiting, pieces) = sync_channel::<String>(MAX_WAITING);
        let (end, written) = channel();
        let thread = std::thread::Builder::new().name("stderr".to_owned()).spawn(move || {
            let _end: std::sync::mpsc::Sender<()> = end;
            for piece in pieces {
                // If nobody reads, there is nobody to tell.
                let _ = out.write_all(piece.as_bytes());
            }
        });
        // Without a thread, pieces are written where they come from.
        drop(thread);
        Self(Arc::new(Mutex::new(State { waiting: Some(waiting), written, left_out: 0 })))
    }

    /// Writes a piece in one go, so that nothing half-written is seen.
    pub(crate) fn put(&self, mut text: String) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.left_out > 0 {
            text.insert_str(
                0,
                &format!("narthex: {} lines were not read and are left out\n", state.left_out),
            );
        }
        match state.waiting.as_ref().map(|waiting| waiting.try_send(text)) {
            Some(Ok(())) => state.left_out = 0,
            Some(Err(TrySendError::Full(_))) => state.left_out += 1,
            Some(Err(TrySendError::Disconnected(text))) => _ = io::stderr().write_all(text.as_bytes()),
            // The end has been written.
            None => {}
        }
    }

    /// Takes no more, and waits a little until all is written.
    pub(crate) fn close(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.waiting = None;
        let _ = state.written.recv_timeout(LAST_WRITE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Slow(Receiver<()>, Arc<Mutex<String>>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            self.1.lock().unwrap().push_str(std::str::from_utf8(bytes).unwrap());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn who_does_not_read_loses_lines_and_is_told() {
        let (go, wait) = channel();
        let seen = Arc::new(Mutex::new(String::new()));
        let stderr = Stderr::to(Slow(wait, Arc::clone(&seen)));
        for n in 0..MAX_WAITING + 100 {
            stderr.put(format!("{n}\n"));
        }
        // One may be with the writer already.
        drop(go);
        while seen.lock().unwrap().lines().count() < MAX_WAITING {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(20));
        stderr.put("last\n".to_owned());
        stderr.close();
        let seen = seen.lock().unwrap();
        let (told, last) = seen.rsplit_once("last\n").unwrap();
        assert!(seen.starts_with("0\n1\n2\n") && last.is_empty());
        let told = told.lines().last().unwrap();
        assert!(
            [
                "narthex: 100 lines were not read and are left out",
                "narthex: 99 lines were not read and are left out"
            ]
            .contains(&told),
            "{told}"
        );
    }
}
