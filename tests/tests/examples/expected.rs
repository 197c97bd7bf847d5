//! What an example is expected to say.

use narthex_tests::root;
use std::env;
use std::fs;
use std::path::PathBuf;

/// Stands for what depends on the compiler: anything but nothing and spaces.
const OPEN: char = '…';

/// A file beside an example.
pub(crate) fn beside(example: &str, file: &str) -> PathBuf {
    root().join("firmware-examples").join(example).join(file)
}

/// Whether what there is shall be written down.
pub(crate) fn accepts() -> bool {
    env::var_os("NARTHEX_ACCEPT").is_some()
}

/// Whether a line is as expected.
fn fits(expected: &str, line: &str) -> bool {
    let Some((before, rest)) = expected.split_once(OPEN) else { return expected == line };
    let Some(open) = line.strip_prefix(before) else { return false };
    let end = open.find(' ').unwrap_or(open.len());
    (1..=end).any(|end| open.is_char_boundary(end) && fits(rest, &open[end..]))
}

/// Compares what an example says with `expected.txt`, line by line.
#[track_caller]
pub(crate) fn is(example: &str, said: &str) {
    let path = beside(example, "expected.txt");
    let expected = fs::read_to_string(&path).unwrap_or_default();
    if accepts() {
        // What is open stays so.
        let text: Vec<_> = said
            .lines()
            .flat_map(|line| [expected.lines().find(|before| fits(before, line)).unwrap_or(line), "\n"])
            .collect();
        return fs::write(path, text.concat()).expect("it can be written");
    }
    let (mut expected, mut said) = (expected.lines(), said.lines());
    for number in 1.. {
        match (expected.next(), said.next()) {
            (None, None) => break,
            (Some(expected), Some(line)) if fits(expected, line) => {}
            (expected, line) => panic!(
                "{example} says\n    {}\nand {}:{number} has\n    {}",
                line.unwrap_or("nothing more"),
                path.display(),
                expected.unwrap_or("nothing more"),
            ),
        }
    }
}

#[test]
fn what_is_open_is_a_word_or_a_part_of_one() {
    assert!(fits("a … b", "a 17 b") && fits("a …", "a 17") && fits("a=… b=…", "a=1 b=2"));
    assert!(fits("x{le=\"…\"} …", "x{le=\"5\"} 7"));
    assert!(!fits("a …", "a ") && !fits("a …", "a 1 2") && !fits("a …", "b 1") && !fits("a … b", "a 1 c"));
    assert!(fits("a 1", "a 1") && !fits("a 1", "a 2") && !fits("a", "a 1"));
}
