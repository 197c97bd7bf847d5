//! A real Prometheus scrapes the device itself.

use crate::device::Device;
use narthex_tests::page::Format;
use narthex_tests::program::eventually;
use narthex_tests::prometheus::Prometheus;
use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// Readings a second.
const READINGS: f64 = 50.0;

/// Passes requests on, but for what they accept, which is text 0.0.4. Prometheus 2.42 cannot be told to ask for it.
fn asking_for_text(device: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || pass(&client, device));
        }
    });
    address
}

fn pass(mut client: &TcpStream, device: SocketAddr) -> io::Result<()> {
    let mut server = TcpStream::connect(device)?;
    let (mut answers, mut back) = (server.try_clone()?, client.try_clone()?);
    thread::spawn(move || {
        let _ = io::copy(&mut answers, &mut back);
        back.shutdown(Shutdown::Both)
    });
    for line in BufReader::new(client).lines() {
        let line = line?;
        let accept = line.to_ascii_lowercase().starts_with("accept:");
        let line = if accept { "Accept: text/plain;version=0.0.4" } else { &line };
        server.write_all(format!("{line}\r\n").as_bytes())?;
    }
    server.shutdown(Shutdown::Both)?;
    client.flush()
}

/// Waits until so long no scrape has failed. One that this machine had no time for begins the time anew; any other
/// failure is one. Returns how many there were of the former.
#[track_caller]
fn without_failure(prometheus: &Prometheus, seconds: u64) -> f64 {
    let (begin, mut since, mut late) = (Instant::now(), Instant::now(), 0.0);
    while since.elapsed() < Duration::from_secs(seconds) {
        for error in prometheus.errors() {
            assert!(error.contains("deadline exceeded"), "a scrape failed: {error}");
            (since, late) = (Instant::now(), late + 1.0);
        }
        assert!(begin.elapsed() < Duration::from_mins(5) + since.elapsed(), "{late} scrapes took a second");
        thread::sleep(Duration::from_millis(300));
    }
    late
}

#[test]
fn prometheus_scrapes_the_device_itself() {
    let seconds = env::var("NARTHEX_SCRAPE_SECONDS").map_or(15, |seconds| seconds.parse().expect("seconds"));
    let device = Device::boot("ethernet", &[]);
    let before = device.answered();
    let prometheus = Prometheus::configured(&format!(
        "global: {{scrape_interval: 1s}}\nscrape_configs:\n\
        - job_name: open\n  static_configs:\n  - targets: ['{}']\n\
        - job_name: text\n  static_configs:\n  - targets: ['{}']\n",
        device.http,
        asking_for_text(device.http)
    ));
    eventually(Duration::from_secs(15), "both jobs have begun", || {
        (prometheus.query("up").len() == 2).then_some(())
    });
    let late = without_failure(&prometheus, seconds + 1);

    // Up throughout, by both ways; what OpenMetrics alone can say tells them apart.
    assert_eq!(prometheus.query(&format!("min_over_time(up[{seconds}s]) == 1")).len(), 2);
    let units = prometheus.units("mains_cycle_volts");
    assert_eq!(units, [("open".to_owned(), "volts".to_owned()), ("text".to_owned(), String::new())]);

    // The device tells how often it was scraped: what Prometheus has, and what may be under way.
    let scrapes = || prometheus.value("sum(count_over_time(up[1h]))");
    let (least, after, most) = (scrapes() - late, device.answered(), scrapes() + 2.0);
    let served = u32::try_from(after("200") - before("200") - 1).expect("some");
    assert!((least..=most).contains(&f64::from(served)), "{served} served, {least} to {most} scrapes");
    for code in ["400", "404", "405", "408", "413", "414", "431", "505"] {
        assert_eq!(after(code), 0, "of {code}");
    }

    for job in ["open", "text"] {
        let near = |expression: &str, expected: f64, tolerance: f64| {
            let expression = expression.replace('$', &format!("{{job=\"{job}\"}}"));
            let value = prometheus.value(&expression);
            assert!((value - expected).abs() <= tolerance, "{expression} = {value}, not {expected}");
        };
        // A second holds one measurement, so that a window may hold one more or less.
        near("rate(mains_readings_total$[12s])", READINGS, READINGS * 0.12);
        near("mains_readings_total$ / 50 - mcu_uptime_seconds$", 1.0, 1.5);
        // All from one scrape: exact.
        let refused = "sum by (job, instance) (mains_refused_readings_total$)";
        near(&format!("mains_readings_total$ - mains_cycle_volts_count$ - on(job) {refused}"), 0.0, 0.0);
        near("mains_highest_volts$", 244.9, 1e-9);
        // Voltages from 220.0 to 244.9 V, evenly spread.
        for quantile in [0.25, 0.5, 0.9] {
            let expression = format!("histogram_quantile({quantile}, mains_cycle_volts_bucket$)");
            near(&expression, 220.0 + 25.0 * quantile, 1.0);
        }
        near("mains_cycle_volts_sum$ / mains_cycle_volts_count$", 232.45, 0.5);
        near("count(mains_tariff$ == 1)", 1.0, 0.0);
        near("changes(ethernet_received_frames_total$[10s]) > bool 5", 1.0, 0.0);
        near("ethernet_interrupt_seconds_count$ > bool 20", 1.0, 0.0);
        near("sum(ethernet_dropped_frames_total$)", 0.0, 0.0);
        near("mcu_idle_seconds_total$ > bool 1", 1.0, 0.0);
    }
    crate::device::agrees(&device.page(Format::OpenMetrics));
}
