//! What directories and files are called.

/// Longest name of a device that is kept, in bytes: escaped, it is a legal name of a directory still.
const MAX_NAME: usize = 80;
const SUFFIX: &str = ".schema";

/// The directory of a device: its name, of which all but lower-case letters, digits, `-` and `_` is escaped by bytes, as
/// `%2f`. So no name leads anywhere else, and no two are one where upper and lower case are. `None` for a name that is
/// empty or too long.
pub(super) fn directory(device: &str) -> Option<String> {
    if device.is_empty() || device.len() > MAX_NAME {
        return None;
    }
    let mut name = String::new();
    for byte in device.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => name.push(char::from(byte)),
            _ => {
                name.push('%');
                for digit in [byte >> 4, byte & 15] {
                    name.extend(char::from_digit(digit.into(), 16));
                }
            }
        }
    }
    Some(name)
}

/// The device of a directory; `None` if it is none that [`directory`] gives.
pub(super) fn device(name: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::new(), name.as_bytes());
    while let [byte, tail @ ..] = rest {
        rest = tail;
        if let (b'%', [high, low, tail @ ..]) = (*byte, tail) {
            let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|n| u8::try_from(n).ok());
            bytes.push(digit(*high)? << 4 | digit(*low)?);
            rest = tail;
        } else {
            bytes.push(*byte);
        }
    }
    let device = String::from_utf8(bytes).ok()?;
    (directory(&device).as_deref() == Some(name)).then_some(device)
}

/// The file of a schema.
pub(super) fn file(hash: u32) -> String {
    format!("{hash:08x}{SUFFIX}")
}

/// The hash of a file; `None` if its name is none that [`file`] gives.
pub(super) fn hash_of(name: &str) -> Option<u32> {
    let hash = u32::from_str_radix(name.strip_suffix(SUFFIX)?, 16).ok()?;
    (file(hash) == name).then_some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_is_one_directory_and_comes_back() {
        for (name, escaped) in [
            ("pump-1_a", "pump-1_a"),
            ("Pump", "%50ump"),
            ("..", "%2e%2e"),
            ("../../etc/passwd", "%2e%2e%2f%2e%2e%2fetc%2fpasswd"),
            ("a\0\n%", "a%00%0a%25"),
            ("é", "%c3%a9"),
        ] {
            assert_eq!(directory(name).as_deref(), Some(escaped));
            assert_eq!(device(escaped).as_deref(), Some(name));
        }
        assert_eq!((directory(""), directory(&"x".repeat(81))), (None, None));
        for other in ["", "..", "Pump", "%5", "%zz", "%61", "a%C3%A9", "%ff", "lost+found"] {
            assert_eq!(device(other), None, "{other}");
        }
        assert!(directory(&"\u{1}".repeat(80)).unwrap().len() < 255);
    }

    #[test]
    fn files_are_called_by_their_hash() {
        assert_eq!((file(0xbeef), hash_of("0000beef.schema")), ("0000beef.schema".into(), Some(0xbeef)));
        for other in ["beef.schema", "0000BEEF.schema", "0000beef", "0000beef.tmp", "+000beef.schema"] {
            assert_eq!(hash_of(other), None, "{other}");
        }
    }
}
