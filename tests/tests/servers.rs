//! What devices and the gateway serve, as it is read by others: promtool, Python's strict parser, and Prometheus.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

use narthex_tests::device::{self, Device, PARTS_PER_SECOND};
use narthex_tests::gateway::Gateway;
use narthex_tests::http::{free_address, serve};
use narthex_tests::page::{Format, Page};
use narthex_tests::peers;
use narthex_tests::program::eventually;
use narthex_tests::prometheus::Prometheus;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

/// One state in both formats: each must please all who read it, and both must say the same.
#[track_caller]
fn pleases_all(text: &str, open: &str) {
    peers::promtool(text).unwrap_or_else(|said| panic!("promtool: {said}\n{text}"));
    let families = peers::python(open).unwrap_or_else(|said| panic!("prometheus_client: {said}\n{open}"));
    let read = |page, format| Page::read(page, format).unwrap_or_else(|why| panic!("{why}\n{page}"));
    let (text, open) = (read(text, Format::Text), read(open, Format::OpenMetrics));

    // Python sees the families that our own reader sees.
    let ours: Vec<_> = open
        .families
        .iter()
        .map(|family| (family.name.clone(), family.kind.clone(), family.samples.len()))
        .collect();
    assert_eq!(families, ours);
    // The formats differ in `le` only (1 and 1.0), and that is no number of a series.
    let names = |page: &Page| page.samples().map(|sample| sample.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&text), names(&open));
}

#[test]
fn the_page_of_a_device_is_read_by_all() {
    device::work();
    let (text, open) =
        (device::page(narthex::text::Format::Text), device::page(narthex::text::Format::OpenMetrics));
    pleases_all(&text, &open);
    let page = Page::read(&text, Format::Text).unwrap();
    assert_eq!(
        page.family("press_parts_total").unwrap().help.as_deref(),
        Some("Parts made, with a \\ and a \"quote\" to escape.")
    );
    assert_eq!(page.sample("press_parts_total", &[("press", "spare \"B\"\n\\")]).unwrap().value, "0");
    assert!(page.family("press_missing_celsius").is_none(), "a gauge that was never set is not shown");
}

#[test]
fn peers_refuse_what_is_broken() {
    assert!(peers::promtool("# TYPE a counter\na 1\n").unwrap_err().contains("_total"));
    assert!(peers::python("# TYPE a counter\na_total 1\n").unwrap_err().contains("EOF"));
}

/// A gateway that listens for devices, and where.
fn relay() -> (Gateway, SocketAddr) {
    let devices = free_address();
    (Gateway::start(&["relay", "--tcp", &devices.to_string()]), devices)
}

/// Waits until the page has this series.
#[track_caller]
fn shows(gateway: &Gateway, name: &str, labels: &[(&str, &str)]) -> Page {
    eventually(Duration::from_mins(1), name, || {
        let page = gateway.page(Format::Text);
        page.sample(name, labels).is_some().then_some(page)
    })
}

#[test]
fn the_page_of_a_gateway_is_read_by_all() {
    let (gateway, devices) = relay();
    let device = Device::connect("press-1", devices);
    shows(&gateway, "press_cycle_seconds_count", &[("device", "press-1"), ("press", "main")]);
    drop(device);
    let (text, open) = (gateway.metrics(Format::Text), gateway.metrics(Format::OpenMetrics));
    assert_eq!(text.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert_eq!(
        open.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    pleases_all(&text.body, &open.body);
    assert_eq!(gateway.program.stop(), 0);
}

#[test]
fn the_page_of_the_demo_is_read_by_all() {
    let gateway = Gateway::start(&["demo", "--devices", "3"]);
    eventually(Duration::from_mins(1), "three devices up", || {
        let page = gateway.page(Format::Text);
        let up = page.family("narthex_device_up")?;
        (up.samples.iter().filter(|sample| sample.value == "1").count() == 3).then_some(())
    });
    pleases_all(&gateway.metrics(Format::Text).body, &gateway.metrics(Format::OpenMetrics).body);
    assert_eq!(gateway.program.stop(), 0);
}

/// What Prometheus must have after some seconds of the press at work.
#[track_caller]
fn knows_the_press(prometheus: &Prometheus) {
    assert_eq!(prometheus.last_error(), "");
    assert!((prometheus.value("up") - 1.0).abs() < f64::EPSILON);
    let rate = prometheus.value("rate(press_parts_total{press=\"main\"}[6s])");
    assert!((rate / PARTS_PER_SECOND - 1.0).abs() < 0.1, "{rate} parts a second");
    for (quantile, seconds) in [(0.5, 0.5e-3), (0.75, 0.75e-3), (0.95, 0.95e-3)] {
        let expression =
            format!("histogram_quantile({quantile}, press_cycle_seconds_bucket{{press=\"main\"}})");
        let value = prometheus.value(&expression);
        // Linear between bounds, as the parts are: exact but for a step that is half done.
        assert!((value / seconds - 1.0).abs() < 0.01, "{expression} = {value}");
    }
    let refused = prometheus.query("press_refused_parts_total{press=\"main\"} > 0");
    assert_eq!(refused.iter().map(|element| element.label("reason")).collect::<Vec<_>>(), ["surface"]);
    assert!((prometheus.value("press_oil_celsius{press=\"main\"}") - 42.17).abs() < 1e-9);
    let spare = prometheus.query("press_parts_total{press!=\"main\"}");
    assert_eq!(spare.iter().map(|element| element.label("press")).collect::<Vec<_>>(), ["spare \"B\"\n\\"]);
}

#[test]
fn prometheus_scrapes_the_page_of_a_device() {
    device::work();
    let open = || device::page(narthex::text::Format::OpenMetrics);
    let prometheus =
        Prometheus::scraping(serve("application/openmetrics-text; version=1.0.0; charset=utf-8", open));
    thread::sleep(Duration::from_secs(8));
    knows_the_press(&prometheus);
    let samples = Page::read(&open(), Format::OpenMetrics).unwrap().samples().count();
    assert_eq!(prometheus.value("scrape_samples_scraped").to_string(), samples.to_string());
}

#[test]
fn prometheus_scrapes_what_the_gateway_was_sent() {
    let (gateway, devices) = relay();
    let _device = Device::connect("press-1", devices);
    shows(&gateway, "press_parts_total", &[("device", "press-1"), ("press", "main")]);
    let prometheus = Prometheus::scraping(gateway.address);
    thread::sleep(Duration::from_secs(8));
    knows_the_press(&prometheus);
    assert!((prometheus.value("narthex_device_up{device=\"press-1\"}") - 1.0).abs() < f64::EPSILON);
    assert_eq!(prometheus.query("press_parts_total{device=\"press-1\"}").len(), 2);
}
