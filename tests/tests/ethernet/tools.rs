//! Clients that everybody has: curl and wrk.

use crate::device::{Device, agrees, next, read, value};
use narthex_tests::page::Format;
use narthex_tests::program::run;
use std::io::Write;
use std::process::Command;

/// What curl says of the device's page, or of `path`.
#[track_caller]
fn curl(device: &Device, path: &str, arguments: &[&str]) -> String {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--max-time", "30"]).args(arguments);
    let (good, said) = run(command.arg(format!("http://{}{path}", device.http)), "");
    assert!(good, "curl {arguments:?}: {said}");
    said
}

/// What the device answers to bytes that no good client sends.
#[track_caller]
fn status(device: &Device, request: &str) -> u16 {
    let mut stream = device.dial();
    stream.write_all(request.as_bytes()).expect("the device reads");
    next(&mut stream, &mut Vec::new()).unwrap_or_else(|why| panic!("{request:?}: {why}")).status
}

#[test]
fn curl_and_wrk_get_what_they_ask_for() {
    let device = Device::boot("ethernet", &[]);
    device.serve_all_at_once().expect("no socket is stuck");
    let before = device.answered();

    // Pages, in each version and format.
    for version in ["--http1.0", "--http1.1"] {
        agrees(&read(&curl(&device, "/metrics", &[version]), Format::Text));
        let open = curl(&device, "/metrics", &[version, "--header", "Accept: application/openmetrics-text"]);
        agrees(&read(&open, Format::OpenMetrics));
    }
    let head = curl(&device, "/metrics", &["--head"]);
    let fields = "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\nTransfer-Encoding: chunked";
    assert_eq!(head, format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n"));
    let head = curl(&device, "/metrics?debug=1", &["--head", "--http1.0"]);
    let fields = "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\nConnection: close";
    assert_eq!(head, format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n"));
    // The second goes over the connection of the first.
    let url = format!("http://{}/metrics", device.http);
    let write = ["--output", "/dev/null", "--write-out", "%{http_code} %{num_connects}\n"];
    let twice = [&write[..], &[&url], &write[..2]].concat();
    assert_eq!(curl(&device, "/metrics", &twice), "200 1\n200 0\n");

    // Refusals, each counted.
    let code = |path: &str, arguments: &[&str]| {
        let write = ["--output", "/dev/null", "--write-out", "%{http_code}"];
        curl(&device, path, &[&write[..], arguments].concat())
    };
    let long = "x".repeat(1_000);
    assert_eq!(code("/", &[]), "404");
    assert_eq!(code("/metrics/", &["--head"]), "404");
    assert!(
        curl(&device, "/metrics", &["--request", "POST", "--include"]).contains("\r\nAllow: GET, HEAD\r\n")
    );
    assert_eq!(code("/metrics", &["--request", "GET", "--data", "x"]), "413");
    assert_eq!(code(&format!("/{long}"), &[]), "414");
    assert_eq!(code("/metrics", &["--header", &format!("X: {long}")]), "431");
    assert_eq!(code("/metrics", &["--header", "Host:"]), "400");
    assert_eq!(status(&device, "GET /metrics HTTP/2.0\r\n\r\n"), 505);
    assert_eq!(status(&device, "GET /metrics HTTP/1.1\r\nHost: "), 408);
    let after = device.answered();
    let counted = ["200", "400", "404", "405", "408", "413", "414", "431", "505"]
        .map(|code| after(code) - before(code));
    // Four pages, two heads, two on one connection; and the one that tells.
    assert_eq!(counted, [9, 1, 2, 1, 1, 1, 1, 1, 1]);

    // Four that never rest.
    let before = device.answered();
    let load = ["--connections", "4", "--threads", "2", "--duration", "5s", "--timeout", "30s", &url];
    let (good, said) = run(Command::new("wrk").args(load), "");
    assert!(good && !said.contains("Non-2xx") && !said.contains("Socket errors"), "{said}");
    let requests = said.lines().find_map(|line| line.trim().split_once(" requests in ")?.0.parse().ok());
    let requests: u64 = requests.unwrap_or_else(|| panic!("how many? {said}"));
    println!("{}", said.lines().filter(|line| line.contains("requests in")).collect::<String>().trim());
    // When the time is up, wrk forgets what it has asked for last.
    let served = device.answered()("200") - before("200") - 1;
    assert!(
        requests > 100 && (requests..=requests + 4).contains(&served),
        "{served} served, {requests} asked"
    );
    let page = device.page(Format::Text);
    assert!(value(&page, "http_aborted_pages_total", &[]) <= 4);
    agrees(&page);
    device.serve_all_at_once().expect("no socket is stuck");
}
