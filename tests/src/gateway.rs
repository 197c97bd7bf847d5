//! The program `narthex`, serving.

use crate::folder::Folder;
use crate::http::{self, Response};
use crate::page::{Format, Page, Sample};
use crate::program::Program;
use std::env;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

/// A running `narthex relay` or `narthex demo`.
#[derive(Debug)]
pub struct Gateway {
    /// The program.
    pub program: Program,
    /// Where it serves `/metrics`.
    pub address: SocketAddr,
    /// What it keeps, unless it was told where: each gateway begins without, and leaves nothing behind.
    _state: Folder,
}

impl Gateway {
    /// Starts `narthex` with these arguments and `--listen` on a free port of loopback, and waits until it is ready.
    ///
    /// # Panics
    /// If it does not say in time where it listens.
    pub fn start(arguments: &[&str]) -> Self {
        Self::listening("127.0.0.1:0", arguments)
    }

    /// The same on a given address.
    ///
    /// # Panics
    /// If it does not say in time where it listens.
    pub fn listening(address: &str, arguments: &[&str]) -> Self {
        let state = Folder::new();
        let program = Program::start(command(&state).args(arguments).args(["--listen", address]));
        Self::ready(program, state)
    }

    /// The same on a free port of loopback, with a pipe to its standard input.
    ///
    /// # Panics
    /// If it does not say in time where it listens.
    pub fn reading(arguments: &[&str]) -> (Self, ChildStdin) {
        let state = Folder::new();
        let mut command = command(&state);
        let (program, stdin) = Program::reading(command.args(arguments).args(["--listen", "127.0.0.1:0"]));
        (Self::ready(program, state), stdin)
    }

    fn ready(mut program: Program, state: Folder) -> Self {
        let address = program.wait_for(Duration::from_mins(1), |line| {
            let address = line.strip_prefix("narthex: listening on http://")?.strip_suffix("/metrics")?;
            address.parse().ok()
        });
        Self { program, address, _state: state }
    }

    /// Frames of devices that it has received since it started.
    ///
    /// # Panics
    /// If there is no page.
    #[track_caller]
    pub fn frames(&self) -> f64 {
        let page = self.page(Format::Text);
        page.sample("narthex_frames_total", &[("outcome", "received")]).map_or(0.0, Sample::number)
    }

    /// The page of metrics, as a scraper that accepts `format` gets it.
    ///
    /// # Panics
    /// If there is none.
    #[track_caller]
    pub fn metrics(&self, format: Format) -> Response {
        let accept = match format {
            Format::Text => "text/plain;version=0.0.4",
            Format::OpenMetrics => "application/openmetrics-text;version=1.0.0",
        };
        let response = http::get(self.address, "/metrics", accept).expect("the gateway answers");
        assert_eq!(response.status, 200, "{}", response.body);
        response
    }

    /// The page in OpenMetrics with created times.
    ///
    /// # Panics
    /// If there is none.
    #[track_caller]
    pub fn created(&self) -> String {
        let accept = "application/openmetrics-text;version=1.0.0";
        let response = http::get(self.address, "/metrics?created=true", accept).expect("the gateway answers");
        assert_eq!(response.status, 200, "{}", response.body);
        response.body
    }

    /// What the page for programs says of each device.
    ///
    /// # Panics
    /// If there is none.
    #[track_caller]
    pub fn devices(&self) -> Vec<serde_json::Value> {
        let response =
            http::get(self.address, "/api/devices", "application/json").expect("the gateway answers");
        serde_json::from_str(&response.body).unwrap_or_else(|why| panic!("{why}: {}", response.body))
    }

    /// The page, read strictly.
    ///
    /// # Panics
    /// If it breaks a rule.
    #[track_caller]
    pub fn page(&self, format: Format) -> Page {
        let body = self.metrics(format).body;
        Page::read(&body, format).unwrap_or_else(|why| panic!("{why} in\n{body}"))
    }
}

fn command(state: &Folder) -> Command {
    let mut command = Command::new(binary());
    command.env_remove("STATE_DIRECTORY").env("XDG_STATE_HOME", state.path());
    command
}

/// Where the program is: `NARTHEX_BIN` says, else it is built.
pub fn binary() -> &'static PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(binary) = env::var_os("NARTHEX_BIN") {
            return binary.into();
        }
        let arguments = ["build", "--package", "narthex-host", "--message-format", "json-render-diagnostics"];
        let mut cargo = Command::new(env!("CARGO"));
        let built = cargo.args(arguments).current_dir(crate::root()).stderr(Stdio::inherit()).output();
        let built = built.expect("cargo can be run");
        assert!(built.status.success(), "narthex cannot be built");
        let messages = String::from_utf8_lossy(&built.stdout).into_owned();
        let executable = |line: &str| {
            let message: serde_json::Value = serde_json::from_str(line).ok()?;
            message["executable"].as_str().map(PathBuf::from)
        };
        messages.lines().find_map(executable).expect("cargo says where it put narthex")
    })
}
