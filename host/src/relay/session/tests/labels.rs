//! Label records, and the texts that are made of them.

use super::*;

#[test]
fn labels_are_handed_on_with_their_birth() {
    let mut line = Line::known(&usual());
    line.tick();
    line.label(1, 0, 1, &["a\"b", "north"]);
    line.label(1, 2, 9, &["", ""]);
    let got: Vec<_> = line
        .sink
        .labels
        .iter()
        .map(|(place, slot, birth, values)| (*place, *slot, *birth, values.join("|")))
        .collect();
    assert_eq!(got, [(1, 0, 1, "a\"b|north".into()), (1, 2, 9, "|".into())]);
    let family = &line.sink.families[1];
    assert!(family.is_table() && family.is_overflow(3) && !family.is_overflow(2) && !family.is_overflow(7));
    assert_eq!((family.slots(), family.cells, family.labels(), family.series()), (4, 2, 2, 4));
    let child = family.child(0, &["a\"b", "north"]).unwrap();
    let text = String::from_utf8(child.text(&["device=\"x\""]).collect()).unwrap();
    assert_eq!(text, r#"device="x",peer="a\"b",zone="north""#);
    let [overflow] = &*family.children else { panic!() };
    assert_eq!(overflow.index, 3);
    assert_eq!(&*overflow.pieces[1], r#",peer="other",zone="other""#);
    assert_eq!(family.child(3, &["a", "b"]), None);
    assert_eq!(family.child(4, &["a", "b"]), None);
    assert_eq!(family.child(0, &["a"]), None);
    line.values(0, &[1, 1, 40, 0, 0, 9, 50, 3, 60]);
    assert_eq!(line.sink.cells.len(), 9);
}

#[test]
fn labels_come_in_parts() {
    let mut line = Line::known(&usual());
    line.tick();
    let bytes = record(|window| ["pump house", "north"].iter().for_each(|value| window.string(value)));
    for birth in [4u64, 5] {
        line.part(kind::LABEL, &[1, 1, birth], &bytes, 6, bytes.len());
    }
    line.part(kind::LABEL, &[1, 1, 4], &bytes, 0, 8);
    assert_eq!(line.sink.labels.len(), 1);
    assert_eq!(line.sink.labels[0].2, 4);
    // However many are begun, few are kept.
    for birth in 100..1000 {
        line.part(kind::LABEL, &[1, 1, birth], &bytes, 0, 8);
    }
    line.part(kind::LABEL, &[1, 1, 5], &bytes, 0, 8);
    assert_eq!(line.sink.labels.len(), 1);
    line.part(kind::LABEL, &[1, 1, 5], &bytes, 8, bytes.len());
    assert_eq!((line.sink.labels.len(), &line.sink.refused), (2, &vec![]));
}

#[test]
fn every_refusal_of_labels_is_told() {
    let why = |family, slot, birth, values: &[&str]| {
        let mut line = Line::known(&usual());
        line.tick();
        line.label(family, slot, birth, values);
        assert!(line.sink.labels.is_empty());
        line.sink.refused.pop().unwrap_or_default()
    };
    assert_eq!(
        why(0, 0, 1, &["a", "b"]),
        "boots_total: labels came for a slot of it, and it is no table family"
    );
    assert_eq!(why(1, 4, 1, &["a", "b"]), "signal: labels came for its slot 4, it has 4");
    assert_eq!(
        why(1, 3, 1, &["a", "b"]),
        "signal: labels came for its slot 3, which takes what does not fit"
    );
    assert_eq!(why(1, 0, 0, &["a", "b"]), "signal: labels came for its slot 0 without a birth");
    assert_eq!(why(1, 0, 1 << 32, &["a", "b"]), "signal: labels came for its slot 0 without a birth");
    assert_eq!(why(1, 0, 1, &["a"]), "signal: label 1 of its slot 0 is cut off, or not UTF-8");
    let long = "x".repeat(33);
    let told = "signal: label 1 of its slot 0 has 33 bytes, at most 32 are allowed";
    assert_eq!(why(1, 0, 1, &["a", &long]), told);
    let told = "signal: its slot 0 is called as the one that takes what does not fit";
    assert_eq!(why(1, 0, 1, &["other", "other"]), told);
    let mut line = Line::known(&usual());
    line.record(kind::LABEL, &[1, 0, 1], &[1, 0xff, 1, b'a']);
    assert_eq!(line.sink.refused, ["signal: label 0 of its slot 0 is cut off, or not UTF-8"]);
    // Of a family that is not known, nothing is made; what is behind the last label is for others.
    assert_eq!(why(9, 0, 1, &["a", "b"]), "");
    let mut line = Line::known(&usual());
    line.label(1, 0, 1, &["a", "b", "more"]);
    assert_eq!(line.sink.labels.len(), 1);
}

#[test]
fn labels_the_gateway_adds_go_where_they_belong() {
    let added = Added::new("device", ["site".into(), "area".into(), "device".into()]);
    assert_eq!(added.names().iter().map(|name| &**name).collect::<Vec<_>>(), ["area", "device", "site"]);
    let mine = [("a", "1"), ("b", "2"), ("port", "3"), ("zone", "4")];
    let child = ChildSchema { pieces: added.split(&mine).unwrap(), index: 0 };
    let bare = ChildSchema { pieces: added.split(&[]).unwrap(), index: 1 };
    let text = |child: &ChildSchema, ours: &[(&str, &str)]| {
        String::from_utf8(child.text(&added.render(ours).unwrap()).collect()).unwrap()
    };
    let all = [("site", "s"), ("device", "d"), ("area", "x")];
    assert_eq!(text(&child, &all), r#"a="1",area="x",b="2",device="d",port="3",site="s",zone="4""#);
    assert_eq!(text(&child, &all[1..2]), r#"a="1",b="2",device="d",port="3",zone="4""#);
    assert_eq!(text(&child, &all[..2]), r#"a="1",b="2",device="d",port="3",site="s",zone="4""#);
    assert_eq!(text(&bare, &all), r#"area="x",device="d",site="s""#);
    assert_eq!(text(&bare, &all[1..]), r#"area="x",device="d""#);
    assert_eq!(text(&bare, &all[1..2]), r#"device="d""#);
    for name in ["area", "device", "site"] {
        let refused = Err(format!("the label `{name}` is the gateway's own"));
        assert_eq!(added.split(&[("a", "1"), (name, "2")]), refused);
    }
    assert!(Added::new("le", []).render(&[("le", "x")]).is_err());
}
