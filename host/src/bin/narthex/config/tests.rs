use super::*;

fn refused(text: &str) -> Vec<String> {
    Config::parse("f", text).unwrap_err()
}

#[test]
fn everything_can_be_said() {
    let text = r#"
listen = "127.0.0.1:9920"
state = "/var/lib/narthex"
device_label = "node"
ttl = "1h"
max_devices = 1
max_series_per_device = 2
max_schema_bytes = 3
max_connections = 4
max_scrapes = 0x5
print_text = true
record = "capture.nx"
[source]
bytes_per_second = 6
new_names_per_minute = 7
new_schemas_per_minute = 8
[[link]]
name = "floor-2"
tcp = "0.0.0.0:9100"
networks = ["10.0.0.0/8", "fd00::1"]
devices = ["pump-*"]
labels = { site = "b2", room = "1" }
bytes_per_second = 100
[[link]]
serial = "/dev/ttyUSB0"
baud = 9600
device = "pump"
[[link]]
tcp_connect = "a:1"
[[link]]
udp = "[::1]:5"
[[link]]
stdin = true
[[link]]
replay = "old.nx"
[[device]]
name = "pump-3"
labels = { room = "4" }
"#;
    let config = Config::parse("f", text).unwrap();
    let settings = Settings::new(config.said, config.rates, config.links, config.labels);
    assert_eq!(settings.limits.ttl.as_secs(), 3600);
    let limits = &settings.limits;
    assert_eq!(
        [
            limits.max_devices,
            limits.max_series_per_device,
            limits.max_schema_bytes,
            limits.max_connections,
            limits.max_scrapes
        ],
        [1, 2, 3, 4, 5]
    );
    assert_eq!(limits.device_label, "node");
    assert!(settings.print_text);
    assert_eq!(
        settings.rates,
        Rates { bytes_per_second: 6, new_names_per_minute: 7, new_schemas_per_minute: 8 }
    );
    let rates: Vec<_> = settings.links.iter().map(|link| link.bytes_per_second).collect();
    assert_eq!(rates, [Some(100), Some(6), Some(6), Some(6), None, None]);
    let shown: Vec<_> = settings.links.iter().map(LinkSettings::shown).collect();
    assert_eq!(
        shown,
        ["floor-2", "serial /dev/ttyUSB0", "tcp-connect a:1", "udp [::1]:5", "stdin", "replay old.nx"]
    );
    let [floor, serial, ..] = &*settings.links else { panic!("{:?}", settings.links) };
    assert_eq!((floor.networks.len(), &*floor.devices), (2, &["pump-*".to_owned()][..]));
    assert_eq!(floor.labels.len(), 2);
    assert_eq!(serial.device.as_deref(), Some("pump"));
    assert!(matches!(&serial.source, crate::settings::Source::Serial(port) if port.baud == 9600));
    assert_eq!(settings.labels["pump-3"], [("room".to_owned(), "4".to_owned())]);
}

#[test]
fn each_mistake_has_its_line_its_key_and_what_was_wanted() {
    for (text, said) in [
        ("lisen = 1", "f:1: key `lisen`: no such key; there are device, device_label, link, listen,"),
        ("\nlisten = 1", "f:2: key `listen`: wanted a text in quotes, found an integer"),
        ("listen = \"here\"", "f:1: key `listen`: `here`: wanted IP:PORT"),
        ("ttl = \"5\"", "f:1: key `ttl`: `5`: wanted a time above zero with its unit"),
        ("ttl = 5", "f:1: key `ttl`: wanted a text in quotes, found an integer"),
        ("state = \"\"", "f:1: key `state`: ``: wanted a path"),
        ("record = true", "f:1: key `record`: wanted a text in quotes, found true or false"),
        ("print_text = \"yes\"", "f:1: key `print_text`: wanted true or false, found a text"),
        ("max_devices = 0", "f:1: key `max_devices`: `0`: wanted a whole number above 0"),
        ("max_devices = -1", "f:1: key `max_devices`: `-1`: wanted a whole number above 0"),
        ("max_devices = 1.5", "f:1: key `max_devices`: wanted a whole number above 0, found a float"),
        ("max_scrapes = 99999999999999999999", "f:1: "),
        ("device_label = \"le\"", "f:1: key `device_label`: `le`: "),
        ("device_label = \"link\"", "f:1: key `device_label`: `link`: the gateway's own series"),
        ("source = 1", "f:1: key `source`: wanted a table, found an integer"),
        (
            "[source]\nbytes = 1",
            "f:2: key `source.bytes`: no such key; there are bytes_per_second, new_names",
        ),
        ("link = 1", "f:1: key `link`: wanted tables, each beginning with [[link]]"),
        ("[link]\nstdin = true", "f:1: key `link`: wanted tables, each beginning with [[link]]"),
        ("[[link]]\nname = \"a\"", "f:1: key `link`: does not say where bytes come from; wanted one of tcp,"),
        ("[[link]]\nstdin = true\ntcp = \"1.1.1.1:1\"", "f:2: key `link.stdin`: the link has `tcp` already"),
        ("[[link]]\nstdin = false", "f:2: key `link.stdin`: wanted true"),
        ("[[link]]\nstdin = true\nbaud = 1", "f:3: key `link.baud`: only a link with serial has it"),
        ("[[link]]\nserial = \"a\"\nbaud = 0", "f:3: key `link.baud`: `0`: wanted a whole number"),
        ("[[link]]\nserial = \"a@1\"\nbaud = 2", "f:3: key `link.baud`: `serial` says 1 already"),
        ("[[link]]\nserial = \"\"", "f:2: key `link.serial`: ``: no path"),
        (
            "[[link]]\nstdin = true\nnetworks = [\"::/0\"]",
            "f:3: key `link.networks`: only a link with tcp or udp",
        ),
        (
            "[[link]]\nudp = \"1.1.1.1:1\"\nnetworks = [\n\"10.0.0.0/8\",\n\"x\"]",
            "f:5: key `link.networks`: `x`: wanted a network",
        ),
        ("[[link]]\nudp = \"1.1.1.1:1\"\nnetworks = []", "f:3: key `link.networks`: the list is empty"),
        (
            "[[link]]\nudp = \"1.1.1.1:1\"\nnetworks = \"::/0\"",
            "f:3: key `link.networks`: wanted a list, found a text",
        ),
        (
            "[[link]]\nudp = \"1.1.1.1:1\"\ndevice = \"a\"",
            "f:3: key `link.device`: only a link with serial or tcp_connect",
        ),
        ("[[link]]\nstdin = true\ndevices = [\"\"]", "f:3: key `link.devices`: ``: wanted a name of 1 to 32"),
        ("[[link]]\nstdin = true\nname = \"\"", "f:3: key `link.name`: ``: wanted a name"),
        ("[[link]]\nstdin = true\nlabels = { le = \"1\" }", "f:3: key `link.labels.le`: "),
        ("[[link]]\nstdin = true\nlabels = { quantile = \"1\" }", "f:3: key `link.labels.quantile`: "),
        ("[[link]]\nstdin = true\nlabels = { __a = \"1\" }", "f:3: key `link.labels.__a`: "),
        (
            "[[link]]\nstdin = true\n[link.labels]\ndevice = \"1\"",
            "f:4: key `link.labels.device`: this is the label that",
        ),
        (
            "[[link]]\nstdin = true\nlabels = { a = 1 }",
            "f:3: key `link.labels.a`: wanted a text in quotes, found an integer",
        ),
        ("[[link]]\nstdin = true\nlabels = { a = \"\" }", "f:3: key `link.labels.a`: wanted a value"),
        (
            "[[link]]\nstdin = true\n\n[[link]]\nstdin = true",
            "f:4: key `link.stdin`: `stdin` is in use by the link `stdin`",
        ),
        (
            "[[link]]\nname = \"a\"\nstdin = true\n[[link]]\nname = \"a\"\nserial = \"b\"",
            "f:4: key `link.name`: `a` is the name of another link",
        ),
        (
            "[[link]]\nudp = \"0.0.0.0:5\"\n[[link]]\nudp = \"10.0.0.1:5\"",
            "f:3: key `link.udp`: `udp 10.0.0.1:5` is in use by the link `udp 0.0.0.0:5`",
        ),
        (
            "[[link]]\ntcp = \"127.0.0.1:9920\"",
            "f:1: key `link.tcp`: `127.0.0.1:9920` is where pages are served",
        ),
        ("[[device]]\nlabels = {}", "f:1: key `device`: has no `name`"),
        (
            "[[device]]\nname = \"a\"\n[[device]]\nname = \"a\"",
            "f:4: key `device.name`: `a` is the name of another",
        ),
        (
            "[[device]]\nname = \"a\"\nroom = \"1\"",
            "f:3: key `device.room`: no such key; there are labels, name",
        ),
        ("listen =", "f:1: "),
        ("a = 1\na = 2", "f:2: duplicate key"),
        ("[[link]\n", "f:1: "),
    ] {
        let lines = refused(text);
        assert!(lines.len() == 1 && lines[0].starts_with(said), "{text:?}: {lines:?}, wanted {said:?}");
    }
}

#[test]
fn all_mistakes_are_told_in_the_order_of_the_file() {
    let lines = refused("ttl = 1\n[[link]]\nbaud = \"x\"\nfoo = 1\n[[device]]\nname = 1\n");
    let places: Vec<_> =
        lines.iter().map(|line| line.split(' ').take(3).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(
        places,
        [
            "f:1: key `ttl`:",
            "f:2: key `link`:",
            "f:3: key `link.baud`:",
            "f:4: key `link.foo`:",
            "f:6: key `device.name`:"
        ]
    );
    let lines = refused("a = \nb = \n");
    assert_eq!(lines.len(), 2, "{lines:?}");
}

#[test]
fn nothing_steers_a_terminal() {
    let lines = refused("ttl = \"\\u001b[2J\\n\"");
    assert!(lines.len() == 1 && !lines[0].contains('\u{1b}') && !lines[0].contains('\n'), "{lines:?}");
}

#[test]
fn no_text_is_too_much() {
    let good = include_str!("../../../../examples/ops/narthex.toml");
    let mut state = 1u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize % below
    };
    for _ in 0..5000 {
        let mut bytes = good.as_bytes().to_vec();
        for _ in 0..=next(4) {
            let (at, length) = (next(bytes.len()), next(40));
            let piece: Vec<u8> = match next(3) {
                0 => vec![b" \n\"[]{}=.#,-0x"[next(14)]],
                1 => Vec::new(),
                _ => bytes.iter().copied().skip(next(bytes.len())).take(length).collect(),
            };
            let end = (at + length).min(bytes.len());
            bytes.splice(at..end, piece);
        }
        let text = String::from_utf8_lossy(&bytes);
        if let Err(lines) = Config::parse("f", &text) {
            let places = text.lines().count() + 1;
            let line = |line: &String| line.strip_prefix("f:")?.split(':').next()?.parse::<usize>().ok();
            assert!(
                !lines.is_empty() && lines.iter().all(|it| line(it).is_some_and(|n| n <= places)),
                "{lines:?}"
            );
        }
    }
}
