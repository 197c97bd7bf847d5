//! A real Prometheus server, scraping.

use crate::folder::Folder;
use crate::http::{self, escape};
use crate::program::{Program, eventually};
use serde_json::Value;
use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

/// A server that scrapes one target each second; it and its data are gone when dropped.
#[derive(Debug)]
pub struct Prometheus {
    address: SocketAddr,
    // Dropped, so killed, before its data.
    program: Program,
    _data: Folder,
}

impl Prometheus {
    /// Starts a server that scrapes `/metrics` of `target`, and waits until it has done so.
    ///
    /// # Panics
    /// If it does not come up, or the scrape fails.
    pub fn scraping(target: SocketAddr) -> Self {
        let text = format!(
            "global: {{scrape_interval: 1s}}\nscrape_configs:\n- job_name: narthex\n  static_configs:\n  - targets: ['{target}']\n"
        );
        Self::configured(&text)
    }

    /// Starts a server with this configuration, which must have a target, and waits until that was scraped.
    ///
    /// # Panics
    /// If it does not come up, or the scrape fails.
    pub fn configured(text: &str) -> Self {
        let address = http::free_address();
        let data = Folder::new();
        let config = data.join("prometheus.yml");
        fs::write(&config, text).expect("the configuration can be written");
        let mut command = Command::new("prometheus");
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", data.join("data").display()))
            .arg(format!("--web.listen-address={address}"));
        let mut server = Self { address, program: Program::start(&mut command), _data: data };
        server.program.wait_for(Duration::from_mins(1), |line| {
            line.contains("Server is ready to receive web requests").then_some(())
        });
        eventually(Duration::from_mins(1), "the first scrape", || server.query("up").first().map(|_| ()));
        server
    }

    /// The instant vector of an expression; empty where it has no value.
    ///
    /// # Panics
    /// If the server refuses the expression.
    #[track_caller]
    pub fn query(&self, expression: &str) -> Vec<Element> {
        let path = format!("/api/v1/query?query={}", escape(expression));
        let answer = self.ask(&path);
        assert_eq!(answer["status"], "success", "{expression}: {answer}");
        let Some(result) = answer["data"]["result"].as_array() else { return Vec::new() };
        result
            .iter()
            .map(|element| Element {
                labels: element["metric"].clone(),
                value: element["value"][1].as_str().and_then(|value| value.parse().ok()).expect("a number"),
            })
            .collect()
    }

    /// The value of an expression that has exactly one.
    ///
    /// # Panics
    /// If it has none or several.
    #[track_caller]
    pub fn value(&self, expression: &str) -> f64 {
        match self.query(expression).as_slice() {
            [one] => one.value,
            many => panic!("{expression} has {} values: {many:?}", many.len()),
        }
    }

    /// What was wrong with the last scrape; empty if nothing was.
    pub fn last_error(&self) -> String {
        self.errors().pop().unwrap_or_default()
    }

    /// What was wrong with the last scrape of each target with which something was.
    pub fn errors(&self) -> Vec<String> {
        let answer = self.ask("/api/v1/targets");
        let targets = answer["data"]["activeTargets"].as_array().cloned().unwrap_or_default();
        let errors = targets.iter().filter_map(|target| target["lastError"].as_str());
        errors.filter(|error| !error.is_empty()).map(str::to_owned).collect()
    }

    /// The jobs that have a metric, and the unit it has there, which only OpenMetrics can say; by job.
    pub fn units(&self, metric: &str) -> Vec<(String, String)> {
        let answer = self.ask(&format!("/api/v1/targets/metadata?metric={metric}"));
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let targets = answer["data"].as_array().cloned().unwrap_or_default();
        let mut units: Vec<_> =
            targets.iter().map(|of| (text(&of["target"]["job"]), text(&of["unit"]))).collect();
        units.sort();
        units
    }

    fn ask(&self, path: &str) -> Value {
        let response = http::get(self.address, path, "*/*").expect("Prometheus answers");
        serde_json::from_str(&response.body).expect("Prometheus answers in JSON")
    }
}

/// One element of a vector.
#[derive(Debug)]
pub struct Element {
    labels: Value,
    /// The value.
    pub value: f64,
}

impl Element {
    /// The value of a label, empty if there is none.
    pub fn label(&self, name: &str) -> &str {
        self.labels[name].as_str().unwrap_or_default()
    }
}
