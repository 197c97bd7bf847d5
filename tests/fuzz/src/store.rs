//! Schemas on disk.

use std::fs;
use std::time::Duration;

use narthex::frame::{Header, Kind};
use narthex::wire::schema::{HASH_START, hash_family};
use narthex_host::relay::fleet::Limits;
use narthex_host::relay::store::Store;
use narthex_tests::folder::Folder;
use narthex_tests::hub::Hub;

use crate::bytes::Bytes;
use crate::frames::sealed;

/// A file of any bytes in the place of a device's schema, and a device that has this schema: a file without its hash is
/// counted and not used, one with it is checked like a schema that comes over a link, and the page stands by the letter.
///
/// The first byte tells how the file is damaged; then comes the length of the file, the file, and the values.
pub fn store(data: &[u8]) {
    let mut input = Bytes(data);
    let (damage, file, values) = (input.byte(), input.piece(), input.0);
    let folder = Folder::new();
    let device = folder.join("schemas").join("peer");
    fs::create_dir_all(&device).expect("a folder can be made");
    let right = hash(file);
    let schema = right.unwrap_or(0x5eed);
    let path = device.join(format!("{schema:08x}.schema"));
    let mut bytes = file.to_vec();
    match damage % 8 {
        1 => bytes.truncate(bytes.len() / 2),
        2 => bytes.push(damage),
        3 => bytes.iter_mut().take(1).for_each(|byte| *byte ^= damage),
        _ => {}
    }
    match damage % 8 {
        4 => fs::create_dir(&path).expect("a folder can be made"),
        5 => std::os::unix::fs::symlink(&path, &path).expect("a link can be made"),
        6 => fs::write(device.join("half.tmp"), &bytes).expect("a file can be written"),
        7 => {}
        _ => fs::write(&path, &bytes).expect("a file can be written"),
    }
    let store = Store::open(folder.path()).expect("the folder is there");
    let is_there = damage % 8 < 4;
    let has_hash = is_there && hash(&bytes) == Some(schema);
    let limits = Limits { max_series: 500, ..Limits::default() };
    let loaded = store.load("peer", schema);
    assert_eq!(loaded.as_deref(), has_hash.then_some(&*bytes));
    let counts = store.counts();
    assert_eq!(counts.corrupt + counts.failed, u64::from(is_there && !has_hash), "{counts:?}");
    assert_eq!(counts.loaded, u64::from(has_hash), "{counts:?}");

    let mut hub = Hub::with_store(limits, store);
    let connection = hub.connect("peer");
    let mut header = Header { kind: Kind::VALUES, boot: 1, schema, sequence: 0, uptime: 0 };
    for _ in 0..2 {
        (header.sequence, header.uptime) = (header.sequence + 1, header.uptime + 310);
        hub.at(Duration::from_secs(u64::from(header.uptime) / 10));
        drop(hub.feed(connection, &sealed(&header, &values[..values.len().min(1900)])));
    }
    hub.page();
    let totals = hub.totals();
    assert_eq!(totals.frames_received, 2);
    assert!(has_hash || totals.series == 0, "{totals:?}");
    // The store's thread ends before its folder goes.
    drop(hub);
}

/// The hash of a schema; `None` if the bytes are not families with their lengths.
fn hash(mut bytes: &[u8]) -> Option<u32> {
    let mut hash = HASH_START;
    while let Some((len, rest)) = bytes.split_first_chunk() {
        let (family, rest) = rest.split_at_checked(u16::from_le_bytes(*len).into())?;
        hash = hash_family(hash, family);
        bytes = rest;
    }
    bytes.is_empty().then_some(hash)
}
