//! Devices and foes over many connections at once.

use super::{any_attack, limits, seeds};
use narthex::frame::{self, Decoder, Event, Kind, MAX_FRAME};
use narthex::text::Format;
use narthex::wire::record::{Record, Records};
use narthex_host::relay::fleet::Limits;
use narthex_tests::attacks::Foe;
use narthex_tests::children::of_devices;
use narthex_tests::history::History;
use narthex_tests::hub::Hub;
use narthex_tests::machine::{Machine, Voice};
use narthex_tests::random::Random;
use std::collections::BTreeMap;
use std::time::Duration;

const NAMES: [&str; 3] = ["left", "right \"b\"", "foe-1"];

/// An honest device, and all that it has ever shown.
struct Honest {
    machine: Machine,
    history: History,
    connection: usize,
}

/// Frames that were sent whole, and pieces that were not.
#[derive(Default)]
struct Sent {
    good: u64,
    refused: u64,
}

impl Sent {
    fn feed(&mut self, hub: &mut Hub, connection: usize, bytes: &[u8]) -> Vec<u8> {
        match bytes
            .split_last()
            .and_then(|(_, piece)| frame::open(&mut piece.to_vec()).map(|frame| frame.is_ok()))
        {
            Some(true) => self.good += 1,
            Some(false) => self.refused += 1,
            None => {}
        }
        hub.feed(connection, bytes)
    }
}

/// Whatever foes do over however many connections, of an honest device every value is shown as it was, and at last as
/// it is; the page stands by the letter after each step; every frame is counted once.
#[test]
fn the_honest_are_shown_as_they_are() {
    for seed in 0..seeds() {
        run(seed);
    }
}

fn run(seed: u64) {
    let mut random = Random(seed);
    let mut hub = Hub::new(Limits { max_series: 1000, max_devices: 5, ..limits() });
    let mut sent = Sent::default();
    let mut honest: Vec<_> =
        NAMES[..=random.below(NAMES.len())].iter().map(|name| joins(&mut hub, name, &mut random)).collect();
    let mut foes = Vec::new();
    for second in 1..60 {
        hub.at(Duration::from_secs(second));
        for device in &mut honest {
            device.machine.work(&mut random);
            device.history.records(&device.machine.page(Format::Text));
            for frame in device.machine.snapshot(Duration::from_secs(1)) {
                overhear(&mut foes, &device.machine, &frame);
                let reply = sent.feed(&mut hub, device.connection, &frame);
                device.machine.receive(&reply);
                besiege(&mut hub, &mut foes, &mut sent, &mut random);
            }
            if second % 3 == 0 {
                check(&hub, device, seed);
            }
        }
        // They come once the devices are known, and go again.
        if second > 3 && foes.len() < 1 + seed as usize % 4 && random.below(8) == 0 {
            let mut foe = Foe::new(random.below(3) as u32);
            foe.names = honest.iter().map(|device| device.machine.name().to_owned()).collect();
            foes.push((hub.connect(&format!("foe {}", foes.len())), foe));
        }
        if random.below(20) == 0 && !foes.is_empty() {
            let (connection, _) = &mut foes[random.below(1)];
            hub.cut(*connection);
            *connection = hub.connect("foe");
        }
        hub.page();
    }
    // All is quiet: everything is shown as it is.
    foes.clear();
    for device in &mut honest {
        device.machine.fill();
    }
    for second in 60..90 {
        hub.at(Duration::from_secs(second));
        for device in &mut honest {
            device.history.records(&device.machine.page(Format::Text));
            for frame in device.machine.snapshot(Duration::from_secs(1)) {
                let reply = sent.feed(&mut hub, device.connection, &frame);
                device.machine.receive(&reply);
            }
        }
    }
    for device in &mut honest {
        let shown = check(&hub, device, seed);
        let is = lines(&device.machine.page(Format::Text));
        assert_eq!(shown, is, "seed {seed}: {} values are shown", device.machine.name());
    }
    let totals = hub.totals();
    let counted = totals.frames_received + totals.frames_repeated + totals.frames_reordered;
    assert_eq!(counted, sent.good, "seed {seed}: {totals:?}");
    assert!(totals.frames_refused >= sent.refused, "seed {seed}: {totals:?}");
}

/// An honest device joins, and is known before a foe can be.
fn joins(hub: &mut Hub, name: &'static str, random: &mut Random) -> Honest {
    let voice = [Voice::Full, Voice::Sparse, Voice::Asked][random.below(3)];
    let mtu = [48, 90, 200, 1024][random.below(4)];
    let machine = Machine::new(name, random.bits() as u32, mtu, voice);
    Honest { machine, history: History::new(name), connection: hub.connect(name) }
}

/// What foes do between two frames of a device.
fn besiege(hub: &mut Hub, foes: &mut [(usize, Foe)], sent: &mut Sent, random: &mut Random) {
    for (connection, foe) in foes {
        if random.below(4) == 0 {
            for frame in (any_attack(random).frames)(foe, random) {
                sent.feed(hub, *connection, &frame);
            }
        }
    }
}

/// Foes hear what a device sends: its values, its schema, its labels.
fn overhear(foes: &mut [(usize, Foe)], machine: &Machine, frame: &[u8]) {
    let (mut decoder, mut rest) = (Decoder::<MAX_FRAME>::new(), frame);
    let Some(Event::Frame(frame)) = decoder.feed(&mut rest) else { return };
    for (_, foe) in foes {
        foe.schema = frame.header.schema;
        if foe.overheard.len() > 30 {
            foe.overheard.remove(0);
        }
        foe.overheard.push((frame.header.kind, frame.payload.to_vec()));
        if frame.header.kind == Kind::RECORDS {
            for record in Records::new(frame.payload) {
                // Whole ones only.
                if let Record::Schema { part, .. } = record
                    && part.bytes.len() == part.total
                    && foe.families.len() < 20
                {
                    foe.families.push(part.bytes.to_vec());
                }
            }
        }
    }
    assert!(!machine.name().is_empty());
}

/// Checks what is shown of a device, and returns its values.
#[track_caller]
fn check(hub: &Hub, device: &mut Honest, seed: u64) -> usize {
    let own = device.machine.page(Format::Text);
    let page = of_device(&of_devices(&hub.text(Format::Text)), device.machine.name(), &own);
    if let Err(why) = device.history.allows(&page) {
        panic!("seed {seed}: of {}: {why}", device.machine.name());
    }
    lines(&page)
}

/// How many values a page has.
fn lines(page: &str) -> usize {
    page.lines().filter(|line| !line.starts_with('#')).count()
}

/// What a page shows of one device. The help of a family is that of the newest schema, which may be another's: it is
/// put back.
fn of_device(page: &str, name: &str, own: &str) -> String {
    let label = format!("device=\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""));
    let helps: BTreeMap<_, _> = own
        .lines()
        .filter_map(|line| Some((line.strip_prefix("# HELP ")?.split(' ').next()?, line)))
        .collect();
    let (mut shown, mut comments) = (String::new(), String::new());
    for line in page.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let family = help.split(' ').next().unwrap_or_default();
            comments = format!("{}\n", helps.get(family).unwrap_or(&line));
        } else if line.starts_with('#') {
            comments.push_str(line);
            comments.push('\n');
        } else if line.contains(&label) {
            shown.push_str(&std::mem::take(&mut comments));
            shown.push_str(line);
            shown.push('\n');
        }
    }
    shown
}
