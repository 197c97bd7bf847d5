//! What is refused, when, and in which words.

use super::*;
use crate::collector::Collected;
use crate::expose::{Format, Page};
use crate::instrument::{Bounds, Counter, Gauge, Histogram, Scalar, Vector};
use crate::model::{Child, Defect, Kind, Point, Scale, Value};

fn gauge(name: &str) -> Arc<Scalar<Gauge>> {
    Scalar::new(Family::gauge(name, "Help.").unwrap())
}

fn counter(name: &str) -> Arc<Scalar<Counter>> {
    Scalar::new(Family::counter(name, "Help.").unwrap())
}

fn histogram(name: &str) -> Arc<Scalar<Histogram>> {
    Scalar::with_shape(Family::histogram(name, "Help.").unwrap(), Bounds::new(&[1.0]).unwrap())
}

fn refusal(registry: &Registry, source: Arc<dyn Indexed>) -> String {
    registry.register(source).unwrap_err().to_string()
}

fn text(registry: &Registry) -> String {
    Page::new(registry.gather(), Format::Text).into_text()
}

#[test]
fn conflicts_are_refused_at_registration() {
    let registry = Registry::new();
    let x: Arc<dyn Indexed> = gauge("x");
    registry.register(Arc::clone(&x)).unwrap();
    assert_eq!(refusal(&registry, Arc::clone(&x)), "the source is registered already");
    assert_eq!(refusal(&registry, gauge("x")), "series x{}: a registered source has it already");
    assert_eq!(
        refusal(&registry, histogram("x")),
        "family `x`: it is a histogram here, and a gauge there already"
    );
    assert_eq!(
        refusal(&registry, counter("x_total")),
        "family `x_total`: the name `x` is already taken by the family `x`"
    );
    // Nothing of what was refused is left.
    registry.register(gauge("y")).unwrap();
    assert!(registry.unregister(&x));
    assert!(!registry.unregister(&x));
    registry.register(histogram("x")).unwrap();
    assert_eq!(registry.gather().families().len(), 2);
}

#[test]
fn descriptions_are_checked_at_registration() {
    let family = Family { name: "x".into(), help: "Help.".into(), unit: "".into(), kind: Kind::Counter };
    let source = Scalar::<Counter>::new(family);
    let e = Registry::new().register(source).unwrap_err();
    assert_eq!(e, RegisterError::Defect { family: "x".into(), defect: Defect::NoTotal });
}

#[test]
fn vectors_may_share_a_family() {
    let registry = Registry::new();
    let vector = |value| {
        let family = Family::counter("x_total", "Help.").unwrap();
        let vector = Vector::<Counter>::new(family, &["l"]).unwrap();
        vector.with(&[value]).unwrap();
        vector
    };
    let second = vector("2");
    registry.register(vector("1")).unwrap();
    registry.register(second.clone()).unwrap();
    let twice = registry.register(vector("2")).unwrap_err();
    assert_eq!(twice.to_string(), "series x_total{l=\"2\"}: a registered source has it already");
    // A child that appears later in both.
    second.with(&["1"]).unwrap().inc();
    let gathered = registry.gather();
    assert_eq!(
        gathered.errors().to_string(),
        "series x_total{l=\"1\"}: was collected before with the same name and labels"
    );
    let page = Page::new(gathered, Format::Text).into_text();
    assert!(page.ends_with("x_total{l=\"1\"} 0\nx_total{l=\"2\"} 0\n"), "{page}");
}

/// An indexed source whose families change.
#[derive(Default)]
struct Fleet(Mutex<Vec<Arc<Family>>>);

impl Indexed for Fleet {
    fn families(&self) -> Vec<Arc<Family>> {
        self.0.lock().unwrap().clone()
    }

    fn visit(&self, family: &str, _: &mut Resume, visitor: &mut dyn Visitor) -> bool {
        if !self.0.lock().unwrap().iter().any(|there| *there.name == *family) {
            return true;
        }
        let point = Point::Value { value: Value::Unsigned(1), scale: Scale::ONE };
        visitor.child(&Child { labels: &["device=\"a\""], point, created: None }).is_continue()
    }
}

#[test]
fn a_family_that_appears_later_gives_way() {
    let registry = Registry::new();
    let fleet = Arc::new(Fleet::default());
    registry.register(fleet.clone()).unwrap();
    registry.register(gauge("own")).unwrap();
    registry.register(gauge("shared")).unwrap();
    let family = |kind, name: &str| {
        Arc::new(Family { name: name.into(), help: "Help.".into(), unit: "".into(), kind })
    };
    *fleet.0.lock().unwrap() =
        vec![family(Kind::Gauge, "fresh"), family(Kind::Counter, "own_total"), family(Kind::Gauge, "shared")];
    let gathered = registry.gather();
    assert_eq!(
        gathered.errors().to_string(),
        "family `own_total`: the name `own` is already taken by the family `own`"
    );
    let page = Page::new(gathered, Format::Text).into_text();
    let series: Vec<_> = page.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(series, ["fresh{device=\"a\"} 1", "own 0", "shared 0", "shared{device=\"a\"} 1"]);
    // A family that goes while a page is under way is left out of it.
    let gathered = registry.gather();
    fleet.0.lock().unwrap().clear();
    assert!(!Page::new(gathered, Format::Text).into_text().contains("fresh"));
}

/// A collector made of a description and a function.
struct Free<F>(Vec<Family>, F);

impl<F: Fn(&mut Collected) + Send + Sync> Collector for Free<F> {
    fn describe(&self) -> Vec<Family> {
        self.0.clone()
    }

    fn collect(&self, into: &mut Collected) {
        self.1(into);
    }
}

fn described() -> Vec<Family> {
    vec![
        Family::counter("c_total", "Help.").unwrap(),
        Family::gauge("g", "Help.").unwrap(),
        Family::histogram("h", "Help.").unwrap(),
    ]
}

#[test]
fn a_bad_sample_costs_itself() {
    let registry = Registry::new();
    let collector = Free(described(), |into: &mut Collected| {
        into.push("g", &[("l", "2")], Value::F64(f64::NAN));
        into.push("g", &[("l", "1")], Value::F32(36.6));
        into.push("nobody", &[], Value::Unsigned(1));
        into.push("h", &[], Value::Unsigned(1));
        into.push_histogram("g", &[], &[1.0], &[0, 0], 0.0);
        into.push("g", &[("l-l", "1")], Value::Unsigned(1));
        into.push("g", &[("l", "1"), ("l", "2")], Value::Unsigned(1));
        into.push("g", &[("le", "1")], Value::Unsigned(1));
        into.push("c_total", &[("l", "1")], Value::Signed(-1));
        into.push("c_total", &[("l", "2")], Value::F64(f64::INFINITY));
        into.push("c_total", &[("l", "3")], Value::F64(2.5));
        into.push_histogram("h", &[("l", "1")], &[1.0], &[0, 0, 0], 0.0);
        into.push_histogram("h", &[("l", "2")], &[1.0, 1.0], &[0, 0, 0], 0.0);
        into.push_histogram("h", &[("l", "3")], &[1.0], &[0, 0], f64::NAN);
        into.push_histogram("h", &[("l", "4")], &[1.0], &[0, 1], 2.0);
        into.push("g", &[("l", "1")], Value::Unsigned(7));
    });
    registry.register_collector(Arc::new(collector)).unwrap();
    let gathered = registry.gather();
    assert_eq!(
        gathered.errors().to_string(),
        "12 error(s) occurred:\n\
         * family `nobody`: its collector does not describe it\n\
         * family `h`: a sample should be of type histogram\n\
         * family `g`: a sample should be of type gauge\n\
         * family `g`: a sample's labels: a label name must match [a-zA-Z_][a-zA-Z0-9_]*\n\
         * family `g`: a sample's labels: a label name is used twice\n\
         * family `g`: a sample's labels: the label names `le` and `quantile` are reserved\n\
         * series c_total{l=\"1\"}: its value is negative, infinite or not a number\n\
         * series c_total{l=\"2\"}: its value is negative, infinite or not a number\n\
         * series h{l=\"1\"}: bounds must increase, with one bucket more than bounds\n\
         * series h{l=\"2\"}: bounds must increase, with one bucket more than bounds\n\
         * series h{l=\"3\"}: its value is negative, infinite or not a number\n\
         * series g{l=\"1\"}: was collected before with the same name and labels"
    );
    let page = Page::new(gathered, Format::Text).into_text();
    let series: Vec<_> = page.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(
        series,
        [
            "c_total{l=\"3\"} 2.5",
            "g{l=\"1\"} 36.6",
            "g{l=\"2\"} NaN",
            "h_bucket{l=\"4\",le=\"1\"} 0",
            "h_bucket{l=\"4\",le=\"+Inf\"} 1",
            "h_sum{l=\"4\"} 2",
            "h_count{l=\"4\"} 1",
        ]
    );
}

#[test]
fn a_panic_costs_its_collector() {
    let registry = Registry::new();
    registry.register(gauge("other")).unwrap();
    let collector = Free(described(), |into: &mut Collected| {
        into.push("g", &[], Value::Unsigned(1));
        panic!("no disk {}", 7);
    });
    registry.register_collector(Arc::new(collector)).unwrap();
    let steady = Free(vec![Family::gauge("steady", "Help.").unwrap()], |into: &mut Collected| {
        into.push("steady", &[], Value::Unsigned(1));
    });
    registry.register_collector(Arc::new(steady)).unwrap();
    for _ in 0..2 {
        let gathered = registry.gather();
        assert_eq!(gathered.errors().to_string(), "a collector panicked: no disk 7");
        let names: Vec<_> = gathered.families().iter().map(|planned| &*planned.family.name).collect();
        assert_eq!(names, ["other", "steady"]);
    }
}

#[test]
fn an_unchecked_collector_declares_and_gives_way() {
    let registry = Registry::new();
    let unchecked = || {
        Arc::new(Free(Vec::new(), |into: &mut Collected| {
            into.declare(Family::gauge("g", "Help.").unwrap());
            into.declare(Family::gauge("late", "Help.").unwrap());
            into.declare(Family { help: "".into(), ..Family::gauge("bad", "Help.").unwrap() });
            into.push("g", &[], Value::Unsigned(1));
            into.push("late", &[], Value::Unsigned(1));
        }))
    };
    registry.register_collector(unchecked()).unwrap();
    registry.register(histogram("g")).unwrap();
    let gathered = registry.gather();
    assert_eq!(
        gathered.errors().to_string(),
        "2 error(s) occurred:\n\
         * family `bad`: there is no help text: write a doc comment\n\
         * family `g`: it is a gauge here, and a histogram there already"
    );
    let page = Page::new(gathered, Format::Text).into_text();
    assert!(page.contains("late 1\n") && page.contains("g_count 0\n") && !page.contains("g 1"));
}

#[test]
fn errors_are_counted_past_the_limit() {
    let registry = Registry::new();
    let collector = Free(described(), |into: &mut Collected| {
        for _ in 0..1_000 {
            into.push("x", &[], Value::Unsigned(1));
        }
    });
    registry.register_collector(Arc::new(collector)).unwrap();
    let gathered = registry.gather();
    assert_eq!((gathered.errors().len(), gathered.errors().as_slice().len()), (1_000, GatherErrors::MAX));
    assert!(gathered.errors().to_string().ends_with("\n* and 936 more"));
}

#[test]
fn collectors_are_unregistered_and_their_names_freed() {
    let registry = Registry::new();
    let collector: Arc<dyn Collector> = Arc::new(Free(described(), |_: &mut Collected| {}));
    registry.register_collector(Arc::clone(&collector)).unwrap();
    assert!(registry.register_collector(Arc::clone(&collector)).is_err());
    assert_eq!(
        refusal(&registry, gauge("c")),
        "family `c`: the name `c` is already taken by the family `c_total`"
    );
    assert!(registry.unregister_collector(&collector));
    assert!(!registry.unregister_collector(&collector));
    registry.register(gauge("c")).unwrap();
}

#[test]
fn pages_under_way_do_not_disturb_each_other() {
    let registry = Registry::new();
    let calls = std::sync::atomic::AtomicU64::new(0);
    let collector = Free(described(), move |into: &mut Collected| {
        let n = calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        into.push("g", &[("call", &n.to_string())], Value::Unsigned(n));
    });
    registry.register_collector(Arc::new(collector)).unwrap();
    let (first, second) = (registry.gather(), registry.gather());
    assert!(text(&registry).contains("g{call=\"2\"} 2\n"));
    assert!(Page::new(second, Format::Text).into_text().contains("g{call=\"1\"} 1\n"));
    assert!(Page::new(first, Format::Text).into_text().contains("g{call=\"0\"} 0\n"));
    assert!(registry.arenas.lock().unwrap().len() <= 3);
}
