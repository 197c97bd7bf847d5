//! Whole sessions of sources that lie, beside devices that do not: all kinds of attack, one by one and mixed, over one
//! connection and over many.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests")]

mod cost;
mod crowd;

use narthex_host::relay::fleet::Limits;
use narthex_tests::attacks::{ATTACKS, Attack, Foe};
use narthex_tests::hub::Hub;
use narthex_tests::page::Page;
use narthex_tests::random::Random;
use std::env;

/// Limits that attacks reach.
fn limits() -> Limits {
    Limits { max_devices: 6, max_series: 400, max_schema_bytes: 16 << 10, ..Limits::default() }
}

/// How many seeds: `NARTHEX_SEEDS` says, for the long form.
fn seeds() -> u64 {
    env::var("NARTHEX_SEEDS").map_or(4, |count| count.parse().expect("a number of seeds"))
}

/// A count of the gateway's own; 0 if it is not there.
fn count(page: &Page, name: &str, label: &str, value: &str) -> u64 {
    page.sample(name, &[(label, value)]).map_or(0, |sample| sample.value.parse().expect("a whole number"))
}

/// A gateway with a foe whose name it knows, and a device whose name and schema others may use.
fn besieged() -> (Hub, usize, Foe) {
    let mut hub = Hub::new(limits());
    let victim = hub.connect("victim");
    let mut honest = Foe::new(1);
    let families = vec![narthex_tests::hostile::counter("good_total", "Help.")];
    honest.liar.schema = narthex_tests::hostile::hash(&families);
    hub.feed(victim, &honest.liar.hello("victim", "1", 1, 1));
    hub.feed(victim, &honest.liar.family([0, 1, 0], 0, families[0].len() as u64, &families[0]));
    hub.feed(victim, &honest.liar.values(&[42]));
    let mut foe = Foe::new(9);
    (foe.schema, foe.families, foe.names) = (honest.liar.schema, families, vec!["victim".to_owned()]);
    foe.overheard = vec![(narthex::frame::Kind::VALUES, vec![7])];
    let connection = hub.connect("foe");
    hub.feed(connection, &foe.hello());
    (hub, connection, foe)
}

/// What each attack is refused for is counted, under a name of its own; nobody else's values change.
#[test]
fn each_attack_is_counted() {
    for attack in ATTACKS {
        let (mut hub, connection, mut foe) = besieged();
        let mut random = Random(7);
        let (family, label, value) = attack.counted;
        let before = count(&hub.page(), family, label, value);
        for round in 0..30 {
            for frame in (attack.frames)(&mut foe, &mut random) {
                hub.feed(connection, &frame);
            }
            let page = hub.page();
            let good = page.sample("good_total", &[("device", "victim")]).expect("it is shown");
            assert_eq!(good.value, "42", "{attack:?}, {round}");
        }
        let after = count(&hub.page(), family, label, value);
        assert!(after > before, "{attack:?} is not counted in {family}");
        println!("{attack:?}: {}", after - before);
        println!("{:?}", hub.devices().iter().map(|device| &device.refused).collect::<Vec<_>>());
    }
}

/// The next frames of any attack.
fn any_attack(random: &mut Random) -> Attack {
    ATTACKS[random.below(ATTACKS.len())]
}
