//! Whole pages, byte for byte, and where they may be cut.

use std::collections::HashSet;
use std::sync::Arc;

use super::*;
use crate::collector::{Collected, Collector};
use crate::instrument::{Bounds, Counter, Gauge, Histogram, Scalar, Vector};
use crate::model::{Child, Family, Point, Scale, Value};
use crate::registry::{Gatherer, Indexed, Registerer, Registry, Resume};

fn registry() -> Registry {
    let registry = Registry::new();
    let frames = Family::counter("frames_total", "Frames,\nby \"outcome\".").unwrap();
    let frames = Vector::<Counter>::new(frames, &["outcome", "link"]).unwrap();
    frames.with(&["lost", "a\\b"]).unwrap().add(1_000_000);
    frames.with(&["kept", "a\\b"]).unwrap().add((1 << 53) + 1);
    let unused = Family::gauge("unused", "Never shown.").unwrap();
    let room = Family::gauge("room_celsius", "Temperature.").unwrap().with_unit("celsius").unwrap();
    let room = Scalar::<Gauge>::new(room);
    room.set(21.0);
    let wait = Family::histogram("wait_seconds", "Time.").unwrap().with_unit("seconds").unwrap();
    let bounds = Bounds::new(&[0.005, 1.0]).unwrap();
    let wait = Vector::<Histogram>::with_shape(wait, &["port"], bounds.clone()).unwrap();
    wait.with(&["1"]).unwrap().observe(0.5);
    wait.with(&["1"]).unwrap().observe(2.0);
    let bare = Scalar::<Histogram>::with_shape(Family::histogram("bare", "No labels.").unwrap(), bounds);
    bare.observe(0.0);
    registry.register(frames).unwrap();
    registry.register(Vector::<Gauge>::new(unused, &["x"]).unwrap()).unwrap();
    registry.register(room).unwrap();
    registry.register(wait).unwrap();
    registry.register(bare).unwrap();
    registry
}

#[test]
fn text_0_0_4() {
    let want = r#"# HELP bare No labels.
# TYPE bare histogram
bare_bucket{le="0.005"} 1
bare_bucket{le="1"} 1
bare_bucket{le="+Inf"} 1
bare_sum 0
bare_count 1
# HELP frames_total Frames,\nby "outcome".
# TYPE frames_total counter
frames_total{link="a\\b",outcome="kept"} 9007199254740993
frames_total{link="a\\b",outcome="lost"} 1000000
# HELP room_celsius Temperature.
# TYPE room_celsius gauge
room_celsius 21
# HELP wait_seconds Time.
# TYPE wait_seconds histogram
wait_seconds_bucket{port="1",le="0.005"} 0
wait_seconds_bucket{port="1",le="1"} 1
wait_seconds_bucket{port="1",le="+Inf"} 2
wait_seconds_sum{port="1"} 2.5
wait_seconds_count{port="1"} 2
"#;
    assert_eq!(Page::new(registry().gather(), Format::Text).into_text(), want);
}

#[test]
fn open_metrics() {
    let want = r#"# HELP bare No labels.
# TYPE bare histogram
bare_bucket{le="0.005"} 1
bare_bucket{le="1.0"} 1
bare_bucket{le="+Inf"} 1
bare_sum 0.0
bare_count 1
# HELP frames Frames,\nby \"outcome\".
# TYPE frames counter
frames_total{link="a\\b",outcome="kept"} 9007199254740993
frames_total{link="a\\b",outcome="lost"} 1000000
# HELP room_celsius Temperature.
# TYPE room_celsius gauge
# UNIT room_celsius celsius
room_celsius 21.0
# HELP wait_seconds Time.
# TYPE wait_seconds histogram
# UNIT wait_seconds seconds
wait_seconds_bucket{port="1",le="0.005"} 0
wait_seconds_bucket{port="1",le="1.0"} 1
wait_seconds_bucket{port="1",le="+Inf"} 2
wait_seconds_sum{port="1"} 2.5
wait_seconds_count{port="1"} 2
# EOF
"#;
    assert_eq!(Page::new(registry().gather(), Format::OpenMetrics).into_text(), want);
}

#[test]
fn created_times_are_shown_on_request() {
    let page = Page::new(registry().gather(), Format::OpenMetrics).with_created().into_text();
    let created = |head: &str| {
        let line = page.lines().find_map(|line| line.strip_prefix(head)).unwrap();
        line.trim().parse::<f64>().unwrap()
    };
    assert!(created(r#"frames_created{link="a\\b",outcome="kept"}"#) > 1.7e9);
    assert!(created(r#"wait_seconds_created{port="1"}"#) > 1.7e9);
    assert!(!page.contains("room_celsius_created"));
    let text = Page::new(registry().gather(), Format::Text).with_created().into_text();
    assert!(!text.contains("_created"));
}

#[test]
fn an_empty_page() {
    assert_eq!(Page::new(Gathered::default(), Format::Text).into_text(), "");
    assert_eq!(Page::new(Gathered::default(), Format::OpenMetrics).into_text(), "# EOF\n");
}

/// A page in chunks, checked to be cut between children, in one buffer.
fn chunks(gathered: Gathered, format: Format) -> Vec<String> {
    let (mut page, mut buf, mut chunks) = (Page::new(gathered, format), Vec::new(), Vec::new());
    loop {
        let more = page.chunk(&mut buf);
        chunks.push(String::from_utf8(buf.clone()).unwrap());
        if !more {
            return chunks;
        }
        assert!(buf.ends_with(b"\n"));
    }
}

#[test]
fn chunks_make_the_page() {
    let registry = registry();
    let many = Vector::<Counter>::new(Family::counter("many_total", "Many.").unwrap(), &["n"]).unwrap();
    for n in 0..10_000 {
        many.with(&[&n.to_string()]).unwrap();
    }
    registry.register(many).unwrap();
    for format in [Format::Text, Format::OpenMetrics] {
        let chunks = chunks(registry.gather(), format);
        assert!(chunks.len() > 3);
        assert!(chunks.iter().all(|chunk| chunk.len() <= Page::CHUNK));
        assert!(chunks.iter().rev().skip(1).all(|chunk| chunk.len() > Page::CHUNK - 1_000));
        assert_eq!(chunks.concat(), Page::new(registry.gather(), format).into_text());
        assert_eq!(chunks.concat().matches("# TYPE many").count(), 1);
        assert_eq!(chunks.concat().matches("many_total{n=").count(), 10_000);
    }
}

#[test]
fn a_child_larger_than_a_chunk_is_a_chunk() {
    let gauge = Vector::<Gauge>::new(Family::gauge("g", "G.").unwrap(), &["l"]).unwrap();
    for fill in ["a", "b", "c"] {
        gauge.with(&[&fill.repeat(2 * Page::CHUNK)]).unwrap();
    }
    let registry = Registry::new();
    registry.register(gauge).unwrap();
    let chunks = chunks(registry.gather(), Format::OpenMetrics);
    assert!(chunks.iter().all(|chunk| chunk.matches("g{").count() <= 1));
    assert_eq!(chunks.concat().matches("g{").count(), 3);
    assert!(chunks.concat().ends_with("# EOF\n"));
}

#[test]
fn what_comes_and_goes_between_chunks_breaks_nothing() {
    let many = Vector::<Gauge>::new(Family::gauge("many", "Many.").unwrap(), &["n"]).unwrap();
    for n in 10_000..20_000 {
        many.with(&[&n.to_string()]).unwrap();
    }
    let registry = Registry::new();
    registry.register(Arc::clone(&many) as Arc<dyn Indexed>).unwrap();
    let (mut page, mut buf, mut text) =
        (Page::new(registry.gather(), Format::Text), Vec::new(), String::new());
    let mut n = 0;
    while page.chunk(&mut buf) {
        text.push_str(std::str::from_utf8(&buf).unwrap());
        // One that was shown, the next ones, and new ones on both sides.
        for gone in (10_000..20_000).step_by(7).filter(|_| n == 0) {
            many.remove(&[&gone.to_string()]).unwrap();
        }
        many.with(&[&format!("0{n}")]).unwrap();
        many.with(&[&format!("3{n}")]).unwrap();
        n += 1;
    }
    text.push_str(std::str::from_utf8(&buf).unwrap());
    let series: Vec<_> = text.lines().filter(|line| line.starts_with("many")).collect();
    assert!(series.is_sorted_by(|a, b| a < b), "in order, none twice");
    assert_eq!(text.matches("# HELP").count(), 1);
    // All that stayed is there.
    let series: HashSet<_> = series.into_iter().collect();
    for n in (10_000..20_000).filter(|n| (n - 10_000) % 7 != 0) {
        assert!(series.contains(&*format!("many{{n=\"{n}\"}} 0")), "{n}");
    }
}

/// Label text in more pieces than a line is written from.
struct Pieces;

impl Indexed for Pieces {
    fn families(&self) -> Vec<Arc<Family>> {
        vec![Arc::new(Family::gauge("pieces", "Pieces.").unwrap())]
    }

    fn visit(&self, _: &str, _: &mut Resume, visitor: &mut dyn Visitor) -> bool {
        let point = Point::Value { value: Value::Signed(-15), scale: Scale::new(-1) };
        let all = ["a=\"1\"", ",b=\"2\"", ",c=\"3\"", ",d=\"4\"", ",e=\"5\"", ",f=\"6\"", ",g=\"7\""];
        [&["", ""][..], &all[..2], &all[..6], &all]
            .iter()
            .all(|labels| visitor.child(&Child { labels, point, created: None }).is_continue())
    }
}

#[test]
fn labels_may_come_in_pieces() {
    let registry = Registry::new();
    registry.register(Arc::new(Pieces)).unwrap();
    let want = r#"# HELP pieces Pieces.
# TYPE pieces gauge
pieces -1.5
pieces{a="1",b="2"} -1.5
pieces{a="1",b="2",c="3",d="4",e="5",f="6"} -1.5
pieces{a="1",b="2",c="3",d="4",e="5",f="6",g="7"} -1.5
"#;
    assert_eq!(Page::new(registry.gather(), Format::Text).into_text(), want);
}

/// Adds to families that instruments have, too.
struct Shared;

impl Collector for Shared {
    fn describe(&self) -> Vec<Family> {
        vec![
            Family::counter("frames_total", "Frames,\nby \"outcome\".").unwrap(),
            Family::histogram("bare", "No labels.").unwrap(),
        ]
    }

    fn collect(&self, into: &mut Collected) {
        into.push("frames_total", &[("outcome", "late"), ("link", "a\\b")], Value::F64(0.5));
        into.push("frames_total", &[], Value::Unsigned(3));
        into.push_histogram("bare", &[("x", "y")], &[1.0], &[1, 2], -3.5);
    }
}

#[test]
fn families_of_several_sources_stand_together() {
    let registry = registry();
    registry.register_collector(Arc::new(Shared)).unwrap();
    let gathered = registry.gather();
    assert!(gathered.errors().is_empty(), "{}", gathered.errors());
    let text = Page::new(gathered, Format::Text).into_text();
    let want = r#"frames_total 3
frames_total{link="a\\b",outcome="kept"} 9007199254740993
frames_total{link="a\\b",outcome="late"} 0.5
frames_total{link="a\\b",outcome="lost"} 1000000
"#;
    assert!(text.contains(want), "{text}");
    let want = r#"bare_sum 0
bare_count 1
bare_bucket{x="y",le="1"} 1
bare_bucket{x="y",le="+Inf"} 3
bare_sum{x="y"} -3.5
bare_count{x="y"} 3
"#;
    assert!(text.contains(want), "{text}");
}

struct Texts(fn(&mut Collected));

impl Collector for Texts {
    fn describe(&self) -> Vec<Family> {
        let (info, state) = (Family::info("build_info", "Build."), Family::state_set("door", "Doors."));
        [info, state].into_iter().map(Result::unwrap).collect()
    }

    fn collect(&self, into: &mut Collected) {
        (self.0)(into);
    }
}

fn gather(collect: fn(&mut Collected), format: Format) -> (String, String) {
    let registry = Registry::new();
    registry.register_collector(Arc::new(Texts(collect))).unwrap();
    let gathered = registry.gather();
    let errors = gathered.errors().to_string();
    (Page::new(gathered, format).into_text(), errors)
}

#[test]
fn infos_and_state_sets_have_their_own_types_in_open_metrics_only() {
    let collect = |into: &mut Collected| {
        into.push("build_info", &[("version", "1.\"2\"")], Value::Unsigned(1));
        into.push_states("door", &[("room", "hall")], &["open", "shut"], 1);
        into.push_states("door", &[], &["open", "shut"], 0);
    };
    let samples = "build_info{version=\"1.\\\"2\\\"\"} 1\n";
    let doors = "door{door=\"open\"} 1\ndoor{door=\"shut\"} 0\n\
                 door{room=\"hall\",door=\"open\"} 0\ndoor{room=\"hall\",door=\"shut\"} 1\n";
    let text = format!(
        "# HELP build_info Build.\n# TYPE build_info gauge\n{samples}# HELP door Doors.\n# TYPE door gauge\n{doors}"
    );
    assert_eq!(gather(collect, Format::Text).0, text);
    let open = format!(
        "# HELP build Build.\n# TYPE build info\n{samples}# HELP door Doors.\n# TYPE door stateset\n{doors}# EOF\n"
    );
    assert_eq!(gather(collect, Format::OpenMetrics).0, open);
}

#[test]
fn what_is_no_info_or_no_state_set_is_left_out() {
    let collect = |into: &mut Collected| {
        into.push("build_info", &[], Value::Unsigned(2));
        into.push("door", &[], Value::Unsigned(1));
        into.push_states("build_info", &[], &["a"], 0);
        into.push_states("door", &[], &["a"], 1);
        into.push_states("door", &[], &["a", "a"], 1);
        into.push_states("door", &[("door", "x")], &["a"], 0);
    };
    let (page, errors) = gather(collect, Format::Text);
    assert_eq!(page, "");
    for said in [
        "family `build_info`: a sample should be of type info",
        "family `door`: a sample should be of type stateset",
        "family `build_info`: a sample should be of type info",
        "a state set needs at least one state",
        "that is the label of its states",
    ] {
        assert!(errors.contains(said), "{said}\n{errors}");
    }
    assert!(errors.starts_with("6 error(s)"), "{errors}");
}
