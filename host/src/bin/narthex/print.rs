//! What comes between frames, for people: whole lines, harmless to a terminal.

use std::collections::HashMap;
use std::io::Write;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use narthex_host::relay::fleet::{Listener, Origin};
use tracing::warn;

use crate::Failure;

/// Longest part of a line that is waited for; a longer one is printed in pieces.
const MAX_LINE: usize = 1024;
/// Lines that are waited for at a time. With more, all are printed as they are.
const MAX_LINES: usize = 4096;

/// Pieces of output that wait to be written. A reader that is slower loses lines; links do not wait for it.
const MAX_WAITING: usize = 1024;
/// How long the last of them may take.
const LAST_WRITE: Duration = Duration::from_millis(500);

/// Prints what comes between frames, from a thread of its own.
#[derive(Debug)]
pub(crate) struct Printer(Mutex<State>);

#[derive(Debug)]
struct State {
    lines: Lines,
    /// To the thread that writes; gone once nobody reads what it writes.
    output: Option<SyncSender<String>>,
    /// Hangs up when that thread has ended.
    ended: Receiver<()>,
    /// Whether a slow reader is waited for, rather than that lines are dropped.
    patient: bool,
    /// Whether lines are being dropped.
    dropping: bool,
}

impl Printer {
    /// Prints to `out`; with names from the start, or only once there is more than one. A slow reader is waited for,
    /// or loses lines.
    ///
    /// # Errors
    /// Status 1 when no thread can be had.
    pub(crate) fn to(
        mut out: impl Write + Send + 'static,
        several: bool,
        patient: bool,
    ) -> Result<Arc<Self>, Failure> {
        let (output, waiting) = sync_channel::<String>(MAX_WAITING);
        let (end, ended) = channel();
        let thread = std::thread::Builder::new().name("print".to_owned()).spawn(move || {
            let _end = end;
            for text in waiting {
                if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
                    break;
                }
            }
        });
        thread.map_err(|error| Failure::later(format!("--print-text: {}", crate::why(&error))))?;
        let lines = Lines::new(several);
        Ok(Arc::new(Self(Mutex::new(State { lines, output: Some(output), ended, patient, dropping: false }))))
    }

    /// Prints what is left, and waits a little until it is written.
    pub(crate) fn finish(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = state.lines.end();
        state.print(rest);
        state.output = None;
        let _ = state.ended.recv_timeout(LAST_WRITE);
    }
}

impl Listener for Printer {
    fn text(&self, origin: &Origin, device: &str, bytes: &[u8]) {
        let connection = format!("{}\n{}", origin.link, origin.peer);
        let name = match (device, &origin.name) {
            ("", Some(name)) => &**name,
            ("", None) => &origin.peer,
            (device, _) => device,
        };
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let printed = state.lines.take(&connection, name, bytes);
        state.print(printed);
    }
}

impl State {
    fn print(&mut self, text: String) {
        let Some(output) = self.output.as_ref().filter(|_| !text.is_empty()) else { return };
        let sent = if self.patient { output.send(text).map_err(Into::into) } else { output.try_send(text) };
        match sent {
            Ok(()) => self.dropping = false,
            Err(TrySendError::Full(_)) => {
                if !std::mem::replace(&mut self.dropping, true) {
                    warn!("--print-text: what reads it is too slow; lines are left out");
                }
            }
            Err(TrySendError::Disconnected(_)) => {
                warn!("--print-text: nobody reads it any more");
                self.output = None;
            }
        }
    }
}

/// Makes lines of what comes between frames, of all connections.
///
/// A line begins with its device's name as soon as there is more than one: until then, it is clear whose it is.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// What has come of a line that has not ended, by connection.
    begun: HashMap<String, Vec<u8>>,
    /// Whom the first line was of.
    first: Option<String>,
    /// Whether there was another.
    several: bool,
}

impl Lines {
    /// With names from the start, or only once there is more than one.
    pub(crate) fn new(several: bool) -> Self {
        Self { several, ..Self::default() }
    }

    /// Takes bytes that `connection` brought, of the device `name`. Returns the lines that they complete.
    pub(crate) fn take(&mut self, connection: &str, name: &str, bytes: &[u8]) -> String {
        let mut printed = String::new();
        let mut begun = self.begun.remove(connection).unwrap_or_default();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            for part in piece.chunks(MAX_LINE) {
                if begun.len().saturating_add(part.len()) > MAX_LINE {
                    self.print(name, &std::mem::take(&mut begun), &mut printed);
                }
                begun.extend_from_slice(part);
            }
            if begun.last() == Some(&b'\n') {
                self.print(name, &std::mem::take(&mut begun), &mut printed);
            }
        }
        if !begun.is_empty() {
            if self.begun.len() >= MAX_LINES {
                for (_, line) in std::mem::take(&mut self.begun) {
                    self.print("", &line, &mut printed);
                }
            }
            self.begun.insert(connection.to_owned(), begun);
        }
        printed
    }

    /// Returns what is left of lines that have not ended.
    pub(crate) fn end(&mut self) -> String {
        let mut printed = String::new();
        for (_, line) in std::mem::take(&mut self.begun) {
            self.print("", &line, &mut printed);
        }
        printed
    }

    fn print(&mut self, name: &str, line: &[u8], into: &mut String) {
        let text = harmless(line);
        // Delimiters of frames stand between lines, too.
        if text.is_empty() && !line.contains(&b'\n') {
            return;
        }
        if !name.is_empty() {
            match &self.first {
                None => self.first = Some(name.to_owned()),
                Some(first) => self.several |= first != name,
            }
        }
        if self.several && !name.is_empty() {
            into.push_str(&harmless(name.as_bytes()));
            into.push_str(": ");
        }
        into.push_str(&text);
        into.push('\n');
    }
}

/// Text that cannot steer a terminal. Colours and the like are left out (ECMA-48, 5.4: `ESC [`, parameters, a final
/// byte), other control characters are replaced, as is what would change the direction of the text.
fn harmless(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let mut clean = String::with_capacity(text.len());
    let mut chars = text.trim_end_matches(['\n', '\r']).chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\0' => {}
            '\x1b' if chars.peek() == Some(&'[') => {
                chars.next();
                while chars.next_if(|c| matches!(c, '\x20'..='\x3f')).is_some() {}
                let _ = chars.next_if(|c| matches!(c, '\x40'..='\x7e'));
            }
            '\t' => clean.push('\t'),
            c if c.is_control()
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}') =>
            {
                clean.push('\u{fffd}');
            }
            c => clean.push(c),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole_and_harmless() {
        let mut lines = Lines::default();
        assert_eq!(lines.take("a", "p", b"one\r\ntw"), "one\n");
        assert_eq!(
            lines.take("a", "p", b"o\x1b[1;31m red\x1b[0m\x07\x1b]0;title\x07\n"),
            "two red\u{fffd}\u{fffd}]0;title\u{fffd}\n"
        );
        assert_eq!(lines.take("a", "p", "\t\u{9b}2J\u{202e}\0é\n\n".as_bytes()), "\t\u{fffd}2J\u{fffd}é\n\n");
        assert_eq!(lines.take("a", "p", b"\0\0"), "");
        assert_eq!(lines.take("a", "p", b"\x1b[\x1b[31"), "");
        assert_eq!(lines.end(), "\n".repeat(0));
    }

    #[test]
    fn names_come_with_the_second_device() {
        let mut lines = Lines::default();
        assert_eq!(lines.take("1", "p", b"a\n"), "a\n");
        assert_eq!(lines.take("2", "q", b"b\n"), "q: b\n");
        assert_eq!(lines.take("1", "p", b"c\n"), "p: c\n");
        assert_eq!(Lines::new(true).take("1", "p\n", b"a\n"), "p: a\n");
    }

    #[test]
    fn memory_is_bounded() {
        let mut lines = Lines::default();
        let printed = lines.take("1", "p", &[b'x'; 10_000]);
        assert_eq!(printed.matches('x').count() + lines.begun["1"].len(), 10_000);
        for n in 0..3 * MAX_LINES {
            lines.take(&n.to_string(), "", b"y");
            assert!(lines.begun.len() <= MAX_LINES);
        }
    }
}
