//! What most gateways do: text, line by line, to where its series are kept.

use std::collections::HashMap;

use narthex::text::{Encoder, Format};

use crate::device::Work;

/// The series of one device, by their names and labels.
pub(crate) struct Series {
    places: HashMap<String, usize>,
    values: Vec<f64>,
}

impl Series {
    /// Those of a page.
    pub(crate) fn new(page: &str) -> Self {
        let names = page.lines().filter(|line| !line.starts_with('#'));
        let names = names.filter_map(|line| line.rsplit_once(' ')).map(|(name, _)| name.to_owned());
        let places: HashMap<_, _> = names.zip(0..).collect();
        Self { values: vec![0.0; places.len()], places }
    }

    /// Reads a page: each line is taken apart, its series looked up, its value kept. Returns how many series there were.
    pub(crate) fn read(&mut self, page: &str) -> usize {
        let (mut read, mut rest) = (0, page);
        while let Some(end) = memchr::memchr(b'\n', rest.as_bytes()) {
            let (line, behind) = rest.split_at(end);
            rest = behind.get(1..).unwrap_or_default();
            if line.starts_with('#') {
                continue;
            }
            let Some(space) = memchr::memrchr(b' ', line.as_bytes()) else { continue };
            let (name, value) = line.split_at(space);
            let Ok(value) = value[1..].parse() else { continue };
            if let Some(place) = self.places.get(name).and_then(|place| self.values.get_mut(*place)) {
                *place = value;
                read += 1;
            }
        }
        read
    }
}

/// The page that a device prints itself.
pub(crate) fn page(work: &impl Work) -> String {
    let (mut encoder, mut page, mut buf) = (Encoder::new(Format::Text), Vec::new(), [0; 4096]);
    while let Ok(n @ 1..) = encoder.fill(work.registry(), &mut buf) {
        page.extend(buf.iter().take(n));
    }
    String::from_utf8(page).expect("a page is UTF-8")
}
