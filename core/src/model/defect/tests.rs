//! Each rule, broken and kept.

use super::*;
use crate::model::{Details, Scale};

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
    assert_eq!(Desc { details: &Details { unit: "seconds", ..*desc.details }, ..desc }.check(), Ok(()));
    refused(Desc { details: &Details { unit: "bytes", ..*desc.details }, ..desc }, Defect::Unit);
    refused(Desc { details: &Details { unit: "conds", ..*desc.details }, ..desc }, Defect::Unit);
    refused(Desc { details: &Details { unit: "Seconds", ..*desc.details }, ..desc }, Defect::UnitText);
    refused(
        Desc { details: &Details { unit: "seconds", ..Details::NONE }, ..Desc::gauge("seconds", "S.") },
        Defect::Unit,
    );
}

#[test]
fn bounds_increase_and_stand_on_histograms_only() {
    assert_eq!(Desc::histogram("h", "H.", &Details { bounds: &[1, 2, 5], ..Details::NONE }).check(), Ok(()));
    refused(Desc::histogram("h", "H.", &Details { bounds: &[], ..Details::NONE }), Defect::Bounds);
    refused(Desc::histogram("h", "H.", &Details { bounds: &[1, 1], ..Details::NONE }), Defect::BoundsOrder);
    refused(
        Desc { details: &Details { bounds: &[1], ..Details::NONE }, ..Desc::gauge("g", "G.") },
        Defect::Bounds,
    );
    refused(Desc { optional: true, ..Desc::counter("c_total", "C.") }, Defect::Number);
    let float = Desc { number: Number::F32, ..Desc::gauge("g", "G.") };
    assert_eq!(float.check(), Ok(()));
    refused(Desc { scale: Scale::new(-2), ..float }, Defect::FloatScale);
}

#[test]
fn an_info_is_labels_and_no_number() {
    const LABELS: &[Dimension<'_>] = &[Dimension { name: "version", values: &["1.2.0"] }];
    let info = Desc::info("build_info", "Build.", &Details { dimensions: LABELS, ..Details::NONE });
    assert_eq!(info.check(), Ok(()));
    refused(Desc { name: "build", ..info }, Defect::NoInfo);
    refused(Desc { name: "_info", ..info }, Defect::Name(NameError::Empty));
    refused(
        Desc { name: "build_seconds_info", details: &Details { unit: "seconds", ..*info.details }, ..info },
        Defect::UnitOfText,
    );
    refused(Desc { scale: Scale::new(-3), ..info }, Defect::UnitOfText);
    refused(Desc { number: Number::Signed, ..info }, Defect::Number);
    assert_eq!(info.check_labels(&[Label::new("version", "")]), Err(Defect::DuplicateLabel));
}

#[test]
fn states_belong_to_state_sets() {
    let link = Desc::state_set("link", "Link.", &Details { states: &["down", "up"], ..Details::NONE });
    assert_eq!(link.check(), Ok(()));
    refused(Desc { details: &Details { states: &[], ..*link.details }, ..link }, Defect::States);
    refused(Desc { details: &Details { states: &["up", "up"], ..*link.details }, ..link }, Defect::States);
    refused(
        Desc { details: &Details { states: &["up"], ..Details::NONE }, ..Desc::gauge("link", "Link.") },
        Defect::States,
    );
    refused(Desc { name: "link_total", ..link }, Defect::Total);
    refused(
        Desc { name: "link_seconds", details: &Details { unit: "seconds", ..*link.details }, ..link },
        Defect::UnitOfText,
    );
    refused(Desc { scale: Scale::new(1), ..link }, Defect::UnitOfText);
    refused(Desc { optional: true, ..link }, Defect::Number);
    let radio = |name| [Dimension { name, values: &["uplink", "mesh"] }];
    assert_eq!(
        Desc { details: &Details { dimensions: &radio("radio"), ..*link.details }, ..link }.check(),
        Ok(())
    );
    refused(
        Desc { details: &Details { dimensions: &radio("link"), ..*link.details }, ..link },
        Defect::StateLabel,
    );
    assert_eq!(link.check_labels(&[Label::new("link", "a")]), Err(Defect::StateLabel));
}

#[test]
fn slots_take_labels_whose_values_nobody_lists() {
    let labels = [Dimension { name: "peer", values: &[] }];
    let table = Desc {
        details: &Details { capacity: 8, dimensions: &labels, ..Details::NONE },
        ..Desc::counter("frames_total", "Frames.")
    };
    assert_eq!(table.check(), Ok(()));
    refused(Desc { details: &Details { capacity: 0, ..*table.details }, ..table }, Defect::LabelValues);
    refused(Desc { details: &Details { dimensions: &[], ..*table.details }, ..table }, Defect::Capacity);
    let listed = [Dimension { name: "peer", values: &["a"] }];
    refused(Desc { details: &Details { dimensions: &listed, ..*table.details }, ..table }, Defect::Capacity);
    // Nine slots of two cells, the birth among them.
    assert_eq!(table.all_cells(), 18);
    refused(
        Desc { details: &Details { capacity: Desc::MAX_CELLS / 2, ..*table.details }, ..table },
        Defect::Cells,
    );
}

#[test]
fn labels_are_distinct_and_not_reserved() {
    let dims = [Dimension { name: "a", values: &["x", "y"] }, Dimension { name: "b", values: &["1"] }];
    let desc = Desc {
        scale: Scale::ONE,
        details: &Details { dimensions: &dims, ..Details::NONE },
        ..Desc::gauge("g", "G.")
    };
    assert_eq!(desc.check(), Ok(()));
    assert_eq!(desc.check_labels(&[Label::new("c", "")]), Ok(()));
    assert_eq!(desc.check_labels(&[Label::new("b", "")]), Err(Defect::DuplicateLabel));
    assert_eq!(desc.check_labels(&[Label::new("le", "")]), Err(Defect::ReservedLabel));
    let twice = [Dimension { name: "a", values: &["x", "x"] }];
    refused(Desc { details: &Details { dimensions: &twice, ..*desc.details }, ..desc }, Defect::LabelValues);
    let empty = [Dimension { name: "a", values: &[] }];
    refused(Desc { details: &Details { dimensions: &empty, ..*desc.details }, ..desc }, Defect::LabelValues);
}

#[test]
fn agreement_is_by_content() {
    let name = ["h", "x"].concat();
    let a = Desc::histogram(&name, "H.", &Details { bounds: &[1, 2], ..Details::NONE });
    assert!(a.agrees(&Desc::histogram("hx", "H.", &Details { bounds: &[1, 2], ..Details::NONE })));
    assert!(!a.agrees(&Desc::histogram("hx", "H.", &Details { bounds: &[1, 2, 3], ..Details::NONE })));
    assert!(!a.agrees(&Desc::histogram("hx", "h.", &Details { bounds: &[1, 2], ..Details::NONE })));
    let states = Desc::state_set("link", "Link.", &Details { states: &["down", "up"], ..Details::NONE });
    assert!(!states.agrees(&Desc::state_set(
        "link",
        "Link.",
        &Details { states: &["up", "down"], ..Details::NONE }
    )));
    assert!(
        !Desc { details: &Details { capacity: 8, ..*states.details }, ..states }
            .agrees(&Desc { details: &Details { capacity: 9, ..*states.details }, ..states })
    );
}
