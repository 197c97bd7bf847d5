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
    use std::sync::mpsc::Sender;

    use super::*;

    /// Says that a piece has come, and keeps it once that is allowed.
    struct Slow(Sender<()>, Receiver<()>, Arc<Mutex<String>>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.send(());
            let _ = self.1.recv();
            self.2.lock().unwrap().push_str(std::str::from_utf8(bytes).unwrap());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn who_does_not_read_loses_lines_and_is_told() {
        let ((come, comes), (go, wait)) = (channel(), channel());
        let seen = Arc::new(Mutex::new(String::new()));
        let stderr = Stderr::to(Slow(come, wait, Arc::clone(&seen)));
        stderr.put("first\n".to_owned());
        // It waits no more, so that there is room for as many as may wait.
        comes.recv().unwrap();
        for n in 0..MAX_WAITING + 100 {
            stderr.put(format!("{n}\n"));
        }
        drop(go);
        for _ in 0..MAX_WAITING {
            comes.recv().unwrap();
        }
        stderr.put("last\n".to_owned());
        stderr.close();
        // The end of the thread, however long that takes.
        while comes.recv().is_ok() {}
        let kept = (0..MAX_WAITING).fold("first\n".to_owned(), |kept, n| format!("{kept}{n}\n"));
        let told = "narthex: 100 lines were not read and are left out\n";
        assert_eq!(*seen.lock().unwrap(), format!("{kept}{told}last\n"));
    }
}
