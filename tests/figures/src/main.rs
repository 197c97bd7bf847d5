//! What narthex costs on the host, beside its peers; and how many bytes its snapshots have.
//!
//! `narthex-figures WAY` prints `what<TAB>measured` for each figure of that way of measuring. It is called by
//! `tests/figures.sh`, where budgets and peers stand beside the figures.

mod bytes;
mod callgrind;
mod clock;
mod device;
mod ingest;
mod pages;
mod parser;
mod random;
mod rig;
mod twin;
mod web;

// Only to be linked.
use critical_section as _;

/// Prints a figure with so many decimals.
fn row(what: &str, measured: f64, decimals: usize) {
    println!("{what}\t{measured:.decimals$}");
}

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match *arguments {
        ["bytes"] => bytes::all(),
        ["ingest"] => ingest::snapshots(),
        ["fleet"] => ingest::fleets(),
        ["text"] => pages::children(),
        ["scrape"] => pages::fleet(),
        ["state"] => pages::state(),
        ["http"] => web::pages(),
        // Called by itself under callgrind.
        ["count", name] => {
            let mut workloads = ingest::WORKLOADS.iter().chain(pages::WORKLOADS);
            let (_, workload) = workloads.find(|(known, _)| *known == name).expect("a workload");
            callgrind::count(*workload);
        }
        _ => {
            eprintln!("usage: narthex-figures bytes|ingest|fleet|text|scrape|state|http");
            std::process::exit(2);
        }
    }
}
