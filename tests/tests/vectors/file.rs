//! The files of golden vectors.

use serde_json::Value;

/// One frame: `vector NAME`, then its `body` and what goes over the `link` in hex, then what it `says` as JSON.
#[derive(Debug, Default)]
pub(crate) struct Vector {
    pub(crate) name: String,
    /// Header, payload, check.
    pub(crate) body: Vec<u8>,
    /// The same in COBS, with its delimiter.
    pub(crate) link: Vec<u8>,
    pub(crate) says: Value,
}

/// The frames of `tests/vectors/frames.txt`.
pub(crate) fn frames() -> Vec<Vector> {
    let mut vectors: Vec<Vector> = Vec::new();
    let mut part = "";
    for line in text("frames.txt").lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        if let Some(name) = line.strip_prefix("vector ") {
            vectors.push(Vector { name: name.into(), ..Vector::default() });
            continue;
        }
        let vector = vectors.last_mut().expect("a vector begins with its name");
        match (line, part) {
            ("body", _) => part = "body",
            ("link", _) => part = "link",
            ("says", _) => part = "says",
            (line, "body") => vector.body.extend(hex(line)),
            (line, "link") => vector.link.extend(hex(line)),
            (line, "says") => vector.says = serde_json::from_str(line).expect("JSON"),
            _ => panic!("a line outside of a vector: {line}"),
        }
    }
    vectors
}

/// What goes over the link for the vector of that name.
pub(crate) fn link(name: &str) -> Vec<u8> {
    frames().into_iter().find(|vector| vector.name == name).expect(name).link
}

/// The numbers of `tests/vectors/numbers.txt`: kind, whether it may be unset, value, bytes.
pub(crate) fn numbers() -> Vec<(String, bool, String, Vec<u8>)> {
    let lines = text("numbers.txt");
    let lines = lines.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let number = |line: &str| {
        let (number, bytes) = line.split_once(" = ").expect("a number and its bytes");
        let (kind, value) = number.rsplit_once(' ').expect("a kind and a value");
        let optional = kind.strip_prefix("optional ");
        (optional.unwrap_or(kind).into(), optional.is_some(), value.into(), hex(bytes))
    };
    lines.map(number).collect()
}

/// A file of `tests/vectors`.
pub(crate) fn text(name: &str) -> String {
    let path = narthex_tests::root().join("tests/vectors").join(name);
    std::fs::read_to_string(&path).expect("the file is there")
}

/// The bytes of a line, up to its comment.
fn hex(line: &str) -> Vec<u8> {
    let bytes = line.split('#').next().unwrap_or_default().split_whitespace();
    bytes.map(|byte| u8::from_str_radix(byte, 16).expect("two digits")).collect()
}
