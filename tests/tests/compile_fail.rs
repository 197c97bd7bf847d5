//! What the compiler accepts and refuses, and in which words.
//!
//! The words are those of one version of Rust. After a change, `TRYBUILD=overwrite cargo test -p narthex-tests --test
//! compile_fail` writes them anew; each must name the metric, field, type or variant, and say what to do.

#[test]
fn declarations_are_accepted_or_refused_with_a_clear_message() {
    let cases = trybuild::TestCases::new();
    cases.pass("compile_pass/*.rs");
    cases.compile_fail("compile_fail/*.rs");
}
