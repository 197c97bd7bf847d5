//! `narthex decode`: a capture to readable form, and what was lost.

mod decoder;
mod json;
mod report;

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use narthex_host::expose::{Format, Page};
use narthex_host::model::Family;
use narthex_host::registry::{GatherErrors, Gathered, Indexed, Planned, Resume, Visitor};
use narthex_host::relay::fleet::Fleet;

use crate::Failure;
use crate::options::{Decode, Form};
use crate::print::Printer;
use crate::settings::Limits;
use decoder::Decoder;

/// Bytes read at once.
const CHUNK: usize = 64 * 1024;
/// A device is shown as it last was, however long it was silent: a century.
const FOR_EVER: Duration = Duration::from_secs(36525 * 86400);

/// Decodes. Returns whether all is well.
///
/// # Errors
/// Status 2 when the capture cannot be read, 1 when nothing can be written.
pub(crate) fn run(options: &Decode, quiet: bool) -> Result<bool, Failure> {
    let (mut input, name): (Box<dyn Read>, _) = match &options.file {
        None => (Box::new(io::stdin().lock()), "stdin".to_owned()),
        Some(path) => {
            let name = path.display().to_string();
            let file = File::open(path).map_err(|error| unreadable(&name, &error))?;
            (Box::new(file), name)
        }
    };
    let limits = Limits { ttl: FOR_EVER, ..Limits::default() };
    let mut fleet = Fleet::new(limits.fleet());
    let printer = options.print_text.then(|| Printer::to(io::stderr(), false, true)).transpose()?;
    if let Some(printer) = &printer {
        fleet = fleet.with_listener(Arc::clone(printer) as _);
    }
    let fleet = Arc::new(fleet);
    let mut decoder = Decoder::new(Arc::clone(&fleet), &name);
    let mut chunk = vec![0; CHUNK];
    loop {
        match input.read(&mut chunk) {
            Ok(0) => break,
            Ok(n) => decoder.feed(chunk.get(..n).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(&name, &error)),
        }
    }
    let mut report = decoder.end(&limits.device_label);
    if let Some(printer) = printer {
        printer.finish();
    }
    let written = write(&fleet, options.format, &limits.device_label);
    if let Err(error) = written
        // Who reads the beginning only is served with that.
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        return Err(Failure::later(format!("standard output: {}", crate::why(&error))));
    }
    if quiet && !report.lacks {
        report.lines.clear();
    }
    let mut stderr = io::stderr().lock();
    for line in &report.lines {
        let _ = writeln!(stderr, "{line}");
    }
    Ok(!report.lacks)
}

fn unreadable(name: &str, error: &io::Error) -> Failure {
    Failure::usage(format!("{name}: {}", crate::why(error)))
}

/// The final state of all devices.
fn write(fleet: &Arc<Fleet>, form: Form, device_label: &str) -> io::Result<()> {
    let source = Arc::new(Devices(Arc::clone(fleet)));
    let mut out = BufWriter::with_capacity(Page::CHUNK, io::stdout().lock());
    let format = match form {
        Form::Json => return json::write(&*source, device_label, &mut out),
        Form::Text => Format::Text,
        Form::Openmetrics => Format::OpenMetrics,
    };
    let plan = |family| Planned { family, source: Arc::clone(&source) as _ };
    let families = source.families().into_iter().map(plan).collect();
    let mut page = Page::new(Gathered::new(families, GatherErrors::default()), format);
    let mut chunk = Vec::new();
    loop {
        let more = page.chunk(&mut chunk);
        out.write_all(&chunk)?;
        if !more {
            return out.flush();
        }
    }
}

/// The families of devices, without those that the fleet has about them.
struct Devices(Arc<Fleet>);

impl Indexed for Devices {
    fn families(&self) -> Vec<Arc<Family>> {
        let mut families = self.0.families();
        families.retain(|family| !family.name.starts_with("narthex_"));
        families
    }

    fn visit(&self, family: &str, resume: &mut Resume, visitor: &mut dyn Visitor) -> bool {
        self.0.visit(family, resume, visitor)
    }
}
