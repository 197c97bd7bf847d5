//! Records and their fields.

use narthex::model::{Desc, Number};
use narthex::wire::record::{MAX_TOTAL, Part, Record, Records};
use narthex::wire::{
    Cell, Hello, MAX_VARINT, Request, RequestReader, Window, put_varint, schema, take_varint, take_varints,
    varint_len,
};

/// Every record, number and byte string: what can be read is as long as it says, is bounded, and comes back as it was
/// when it is written again.
pub fn wire(data: &[u8]) {
    records(data);
    requests(data);
    hello(data);
    family(data);
    numbers(data);
}

fn records(data: &[u8]) {
    let mut records = Records::new(data);
    let mut count = 0;
    for record in &mut records {
        count += 1;
        match record {
            Record::Hello(part) => {
                is_within(&part, data);
                hello(part.bytes);
            }
            Record::Schema { part, .. } => {
                is_within(&part, data);
                family(part.bytes);
            }
            Record::Label { part, .. } => is_within(&part, data),
            _ => {}
        }
    }
    // Each has a kind and a length.
    assert!(count * 2 <= data.len());
    assert!(records.next().is_none());
}

fn is_within(part: &Part<'_>, data: &[u8]) {
    assert!(part.offset + part.bytes.len() <= part.total && part.total <= MAX_TOTAL);
    assert!(part.bytes.len() <= data.len());
}

fn requests(data: &[u8]) {
    let mut reader = RequestReader::new();
    for byte in data {
        reader.take(*byte);
    }
    // What is asked for behind a whole payload adds to it, and takes nothing away.
    let (before, mut records) = (*reader.wants(), Records::new(data));
    let long = data.windows(4).any(|number| number.iter().all(|byte| *byte >= 0x80));
    let whole = !long && records.by_ref().count() > 0 && !records.is_truncated();
    let mut buf = [0; 64];
    let len = Request::Labels { family: 3, slot: 9 }.put(&mut buf).expect("it is short");
    for byte in &buf[..len] {
        reader.take(*byte);
    }
    let mut both = *reader.wants();
    assert!(!whole || both.labels(3, 9));
    both.add(&before);
    assert_eq!(both, *reader.wants());
}

fn hello(data: &[u8]) {
    let Ok(read) = Hello::read(data) else { return };
    let mut buf = [0; 256];
    let mut window = Window::new(&mut buf, 0);
    read.write(&mut window);
    let len = window.total();
    assert_eq!(Hello::read(&buf[..len]), Ok(read));
}

fn family(data: &[u8]) {
    let Ok((family, mut fields)) = schema::Family::read(data) else { return };
    assert!(family.name.len() + family.help.len() + family.unit.len() <= data.len());
    // As the host reads them: what a count promises can be there.
    let Ok(bounds) = fields.count() else { return };
    assert!(bounds <= data.len());
    for _ in 0..bounds {
        if fields.bound().is_err() {
            return;
        }
    }
    let Ok(labels) = fields.count() else { return };
    assert!(labels <= data.len());
    for _ in 0..labels {
        if fields.string().is_err() {
            return;
        }
        let Ok(values) = fields.count() else { return };
        assert!(values <= data.len());
    }
}

fn numbers(data: &[u8]) {
    let (mut rest, mut count, mut all) = (data, 0, vec![0; data.len()]);
    let at_once = take_varints(data, data.len(), &mut all);
    while !rest.is_empty() {
        let before = rest;
        let Some(number) = take_varint(&mut rest) else {
            assert_eq!((rest, at_once), (before, None), "what is refused is left");
            return;
        };
        if at_once.is_some() {
            assert_eq!(all.get(count), Some(&number));
        }
        count += 1;
        let taken = before.len() - rest.len();
        let mut buf = [0; MAX_VARINT];
        let len = put_varint(&mut buf, number).expect("the longest fits");
        assert!(len == varint_len(number) && len <= taken && taken <= MAX_VARINT);
        assert_eq!(take_varint(&mut &buf[..len]), Some(number));
        cell(number);
    }
    assert_eq!(at_once, Some(count));
}

/// A cell comes back as it was, as far as its number goes.
fn cell(bits: u64) {
    for number in [Number::Unsigned, Number::Signed, Number::F32, Number::F64] {
        for optional in [false, true] {
            let desc = Desc { number, optional, ..Desc::gauge("g", "G.") };
            let value = Cell(bits).value(number, optional);
            assert_eq!(value.is_none(), optional && bits == 0);
            let again = Cell::of(value, &desc);
            let kept = match number {
                // Bits beyond those of the float mean nothing.
                Number::F32 => u64::from(bits.wrapping_sub(optional.into()) as u32) + u64::from(optional),
                _ => bits,
            };
            assert_eq!(again.0, if value.is_none() { 0 } else { kept });
        }
    }
}
