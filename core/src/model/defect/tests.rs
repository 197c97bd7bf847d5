//! Each rule, broken and kept.

use super::*;
use crate::model::Scale;

fn refused(desc: Desc<'_>, defect: Defect) {
    assert_eq!(desc.check(), Err(defect), "{desc:?}");
}

#[test]
fn suffixes_belong_to_their_kinds() {
    refused(Desc::counter("bytes", "Bytes."), Defect::NoTotal);
    refused(Desc::gauge("bytes_total", "Bytes."), Defect::Total);
    refused(Desc::counter("_total", "All."), Defect::Name(NameError::Empty));
    refused(Desc::gauge("queue_count", "Items."), Defect::ReservedSuffix);
    refused(Desc::counter("queue_sum_total", "Items."), Defect::ReservedSuffix);
    assert_eq!(Desc::counter("bytes_total", "Bytes.").check(), Ok(()));
}

#[test]
fn the_unit_is_a_suffix() {
    let desc = Desc::counter("busy_seconds_total", "Busy.");
    assert_eq!(Desc { unit: "seconds", ..desc }.check(), Ok(()));
    refused(Desc { unit: "bytes", ..desc }, Defect::Unit);
    refused(Desc { unit: "conds", ..desc }, Defect::Unit);
    refused(Desc { unit: "Seconds", ..desc }, Defect::UnitText);
    refused(Desc { unit: "seconds", ..Desc::gauge("seconds", "S.") }, Defect::Unit);
}

#[test]
fn bounds_increase_and_stand_on_histograms_only() {
    assert_eq!(Desc::histogram("h", "H.", &[1, 2, 5]).check(), Ok(()));
    refused(Desc::histogram("h", "H.", &[]), Defect::Bounds);
    refused(Desc::histogram("h", "H.", &[1, 1]), Defect::BoundsOrder);
    refused(Desc { bounds: &[1], ..Desc::gauge("g", "G.") }, Defect::Bounds);
    refused(Desc { optional: true, ..Desc::counter("c_total", "C.") }, Defect::Number);
    let float = Desc { number: Number::F32, ..Desc::gauge("g", "G.") };
    assert_eq!(float.check(), Ok(()));
    refused(Desc { scale: Scale::new(-2), ..float }, Defect::FloatScale);
}

#[test]
fn an_info_is_labels_and_no_number() {
    let labels = [Dimension { name: "version", values: &["1.2.0"] }];
    let info = Desc::info("build_info", "Build.", &labels);
    assert_eq!(info.check(), Ok(()));
    refused(Desc { name: "build", ..info }, Defect::NoInfo);
    refused(Desc { name: "_info", ..info }, Defect::Name(NameError::Empty));
    refused(Desc { name: "build_seconds_info", unit: "seconds", ..info }, Defect::UnitOfText);
    refused(Desc { scale: Scale::new(-3), ..info }, Defect::UnitOfText);
    refused(Desc { number: Number::Signed, ..info }, Defect::Number);
    assert_eq!(info.check_labels(&[Label::new("version", "")]), Err(Defect::DuplicateLabel));
}

#[test]
fn states_belong_to_state_sets() {
    let link = Desc::state_set("link", "Link.", &["down", "up"]);
    assert_eq!(link.check(), Ok(()));
    refused(Desc { states: &[], ..link }, Defect::States);
    refused(Desc { states: &["up", "up"], ..link }, Defect::States);
    refused(Desc { states: &["up"], ..Desc::gauge("link", "Link.") }, Defect::States);
    refused(Desc { name: "link_total", ..link }, Defect::Total);
    refused(Desc { name: "link_seconds", unit: "seconds", ..link }, Defect::UnitOfText);
    refused(Desc { scale: Scale::new(1), ..link }, Defect::UnitOfText);
    refused(Desc { optional: true, ..link }, Defect::Number);
    let radio = |name| [Dimension { name, values: &["uplink", "mesh"] }];
    assert_eq!(Desc { dimensions: &radio("radio"), ..link }.check(), Ok(()));
    refused(Desc { dimensions: &radio("link"), ..link }, Defect::StateLabel);
    assert_eq!(link.check_labels(&[Label::new("link", "a")]), Err(Defect::StateLabel));
}

#[test]
fn slots_take_labels_whose_values_nobody_lists() {
    let labels = [Dimension { name: "peer", values: &[] }];
    let table = Desc { capacity: 8, dimensions: &labels, ..Desc::counter("frames_total", "Frames.") };
    assert_eq!(table.check(), Ok(()));
    refused(Desc { capacity: 0, ..table }, Defect::LabelValues);
    refused(Desc { dimensions: &[], ..table }, Defect::Capacity);
    let listed = [Dimension { name: "peer", values: &["a"] }];
    refused(Desc { dimensions: &listed, ..table }, Defect::Capacity);
    // Nine slots of two cells, the birth among them.
    assert_eq!(table.all_cells(), 18);
    refused(Desc { capacity: Desc::MAX_CELLS / 2, ..table }, Defect::Cells);
}

#[test]
fn labels_are_distinct_and_not_reserved() {
    let dims = [Dimension { name: "a", values: &["x", "y"] }, Dimension { name: "b", values: &["1"] }];
    let desc = Desc { dimensions: &dims, scale: Scale::ONE, ..Desc::gauge("g", "G.") };
    assert_eq!(desc.check(), Ok(()));
    assert_eq!(desc.check_labels(&[Label::new("c", "")]), Ok(()));
    assert_eq!(desc.check_labels(&[Label::new("b", "")]), Err(Defect::DuplicateLabel));
    assert_eq!(desc.check_labels(&[Label::new("le", "")]), Err(Defect::ReservedLabel));
    let twice = [Dimension { name: "a", values: &["x", "x"] }];
    refused(Desc { dimensions: &twice, ..desc }, Defect::LabelValues);
    let empty = [Dimension { name: "a", values: &[] }];
    refused(Desc { dimensions: &empty, ..desc }, Defect::LabelValues);
}

#[test]
fn agreement_is_by_content() {
    let name = ["h", "x"].concat();
    let a = Desc::histogram(&name, "H.", &[1, 2]);
    assert!(a.agrees(&Desc::histogram("hx", "H.", &[1, 2])));
    assert!(!a.agrees(&Desc::histogram("hx", "H.", &[1, 2, 3])));
    assert!(!a.agrees(&Desc::histogram("hx", "h.", &[1, 2])));
    let states = Desc::state_set("link", "Link.", &["down", "up"]);
    assert!(!states.agrees(&Desc::state_set("link", "Link.", &["up", "down"])));
    assert!(!Desc { capacity: 8, ..states }.agrees(&Desc { capacity: 9, ..states }));
}
