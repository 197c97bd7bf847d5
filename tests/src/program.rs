//! Programs that tests start, and end.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// A running program. It is killed when dropped, and then, if the test has failed, what it said is printed.
#[derive(Debug)]
pub struct Program {
    name: String,
    child: Child,
    said: Arc<Mutex<Vec<String>>>,
}

impl Program {
    /// Starts `command`, with nothing to read and all that it says kept.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn start(command: &mut Command) -> Self {
        Self::spawn(command.stdin(Stdio::null()))
    }

    /// Starts `command`, which reads what is written to the pipe that is returned.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn reading(command: &mut Command) -> (Self, ChildStdin) {
        let mut program = Self::spawn(command.stdin(Stdio::piped()));
        let stdin = program.child.stdin.take().expect("it is piped");
        (program, stdin)
    }

    fn spawn(command: &mut Command) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap_or_else(|why| panic!("{name} cannot be started: {why}"));
        let said = Arc::default();
        listen(child.stdout.take(), &said);
        listen(child.stderr.take(), &said);
        Self { name, child, said }
    }

    /// Waits for a line in which `find` finds something.
    ///
    /// # Panics
    /// If the program ends, or the time is up, before.
    #[track_caller]
    pub fn wait_for<T>(&mut self, within: Duration, find: impl Fn(&str) -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            // Asked before reading: all that an ended program said is then there to be read, or about to be.
            let ended = self.ended();
            if let Some(found) = self.said().iter().find_map(|line| find(line)) {
                return found;
            }
            assert!(!ended, "{} ended:\n{}", self.name, self.said().join("\n"));
            assert!(
                start.elapsed() < within,
                "{} did not say it in time:\n{}",
                self.name,
                self.said().join("\n")
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// All lines so far, of both streams.
    pub fn said(&self) -> Vec<String> {
        self.said.lock().map(|said| said.clone()).unwrap_or_default()
    }

    /// Whether the program has ended by itself.
    pub fn ended(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_some())
    }

    /// Asks the program to end (SIGTERM) and returns its status.
    ///
    /// # Panics
    /// If it does not end within a minute, or by the signal itself.
    pub fn stop(mut self) -> i32 {
        self.signal("TERM");
        let start = Instant::now();
        while !self.ended() {
            assert!(start.elapsed() < Duration::from_mins(1), "{} does not end", self.name);
            thread::sleep(Duration::from_millis(10));
        }
        self.child
            .wait()
            .ok()
            .and_then(|status| status.code())
            .unwrap_or_else(|| panic!("{} died", self.name))
    }

    /// Sends the program a signal: `STOP`, `CONT`, `HUP`.
    ///
    /// # Panics
    /// If the program is gone.
    #[track_caller]
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "{} was gone already", self.name);
    }

    /// Ends the program at once (SIGKILL).
    pub fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.end();
        if thread::panicking() {
            let said = self.said();
            eprintln!("{} said:\n{}", self.name, said[said.len().saturating_sub(40)..].join("\n"));
        }
    }
}

/// Keeps the lines of a stream, whatever bytes are in them.
fn listen(stream: Option<impl Read + Send + 'static>, said: &Arc<Mutex<Vec<String>>>) {
    let said = Arc::clone(said);
    let Some(stream) = stream else { return };
    thread::spawn(move || {
        for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
            if let Ok(mut said) = said.lock() {
                said.push(String::from_utf8_lossy(&line).into_owned());
            }
        }
    });
}

/// Runs `command` with `input`, and returns whether it succeeded and what it said on both streams.
///
/// # Panics
/// If it cannot be run.
pub fn run(command: &mut Command, input: impl AsRef<[u8]>) -> (bool, String) {
    use std::io::Write;
    let name = command.get_program().to_string_lossy().into_owned();
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap_or_else(|why| panic!("{name} cannot be run: {why}"));
    let mut stdin = child.stdin.take().expect("it is piped");
    let input = input.as_ref().to_owned();
    // A program that ends before it has read all breaks the pipe; its status tells.
    let writer = thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().expect("it can be waited for");
    writer.join().expect("the writer does not panic");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// Asks again and again until there is an answer.
///
/// # Panics
/// If there is none in time; `what` says what was awaited.
#[track_caller]
pub fn eventually<T>(within: Duration, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < within, "not within {within:?}: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}
