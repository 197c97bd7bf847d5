//! The program, running.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How often the program was run.
static RUNS: AtomicUsize = AtomicUsize::new(0);

pub fn narthex(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_narthex"));
    // Not in the home of whoever runs the tests, and nothing known from other runs.
    let run = format!("cli-{}-state-{}", std::process::id(), RUNS.fetch_add(1, Ordering::Relaxed));
    let state = Path::new(env!("CARGO_TARGET_TMPDIR")).join(run);
    command.env_remove("STATE_DIRECTORY").env("XDG_STATE_HOME", state);
    command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs to the end.
pub fn end(words: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = narthex(words).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// A gateway that is ready.
pub struct Running {
    pub child: Child,
    pub stderr: BufReader<ChildStderr>,
    pub address: String,
    /// What it said before it was ready.
    pub before: String,
}

impl Running {
    pub fn start(words: &[&str]) -> Self {
        Self::of(narthex(words).spawn().unwrap())
    }

    pub fn of(mut child: Child) -> Self {
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut before = String::new();
        loop {
            let mut line = String::new();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "ended before it was ready: {before}");
            let address = line
                .strip_prefix("narthex: listening on http://")
                .and_then(|rest| rest.strip_suffix("/metrics\n"))
                .map(str::to_owned);
            if let Some(address) = address {
                return Self { child, stderr, address, before };
            }
            before += &line;
        }
    }

    pub fn get(&self, path: &str) -> (String, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned())
    }

    /// Asks until the answer is as wished, for 10 s at most.
    pub fn until(&self, path: &str, wished: impl Fn(&str) -> bool) -> String {
        let start = Instant::now();
        loop {
            let (_, body) = self.get(path);
            if wished(&body) {
                return body;
            }
            assert!(start.elapsed() < Duration::from_secs(60), "{path} is not as wished: {body}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The address that the link of this kind listens on.
    pub fn listens(&self, kind: &str) -> String {
        let start = format!("\"link\":\"{kind} ");
        let links = self.get("/api/gateway").1;
        let (_, rest) = links.split_once(&start).unwrap_or_else(|| panic!("no {kind}: {links}"));
        rest.split('"').next().unwrap().to_owned()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Reads what it says until a line holds this.
    pub fn says(&mut self, what: &str) -> String {
        let mut said = String::new();
        loop {
            let mut line = String::new();
            assert!(self.stderr.read_line(&mut line).unwrap() > 0, "ended before it said {what:?}: {said}");
            said += &line;
            if line.contains(what) {
                return said;
            }
        }
    }

    /// Ends it by a signal. Returns its status and what it said since it was ready.
    pub fn stop(mut self, signal: &str) -> (Option<i32>, String) {
        self.signal(signal);
        self.wait()
    }

    pub fn wait(&mut self) -> (Option<i32>, String) {
        let start = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            if start.elapsed() > Duration::from_secs(60) {
                self.child.kill().unwrap();
                panic!("still there after a minute");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let mut said = String::new();
        self.stderr.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), said)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A test that failed leaves nothing behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder of its own for a test, which is empty at first.
pub fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("cli-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
