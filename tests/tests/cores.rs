//! tmp
#[path = "../../firmware-examples/self-test/src/check/mod.rs"]
mod check;
#[test]
fn here() {
    for group in check::GROUPS { let r = group.run(); if let Err(f) = r { eprintln!("{} {:?} {} {} {}", group.name, f, f.what, f.file, f.line); }
    if group.name == "text 0.0.4" { std::fs::write("../firmware-examples/self-test/expected/page.txt", narthex_tests::machine::page(&check::subject::REGISTRY, narthex::text::Format::Text)).unwrap();
     std::fs::write("../firmware-examples/self-test/expected/page.openmetrics", narthex_tests::machine::page(&check::subject::REGISTRY, narthex::text::Format::OpenMetrics)).unwrap();}
    }
}
