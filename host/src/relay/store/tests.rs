//! What is kept, what is not, and what the disk may do.

use super::*;

/// A directory of its own for each test, removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("narthex-store-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    fn open(&self) -> Store {
        Store::open(&self.0).unwrap()
    }

    fn path(&self, device: &str, hash: u32) -> PathBuf {
        self.0.join("schemas").join(directory(device).unwrap()).join(file(hash))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Families, and their hash.
fn schema(families: &[&[u8]]) -> (Vec<u8>, u32) {
    let (mut bytes, mut hash) = (Vec::new(), HASH_START);
    for family in families {
        bytes.extend(u16::try_from(family.len()).unwrap().to_le_bytes());
        bytes.extend(*family);
        hash = hash_family(hash, family);
    }
    (bytes, hash)
}

#[test]
fn what_was_saved_is_there_for_the_next_run_and_for_that_device_only() {
    let scratch = Scratch::new("saved");
    let (bytes, hash) = schema(&[b"one", b"two"]);
    let store = scratch.open();
    assert_eq!(store.load("pump", hash), None);
    store.save("pump", hash, &bytes);
    store.save("pump", hash, &bytes);
    drop(store);
    assert_eq!(fs::read(scratch.path("pump", hash)).unwrap(), bytes);
    let store = scratch.open();
    assert_eq!(store.load("pump", hash).as_deref(), Some(&bytes[..]));
    assert_eq!(
        (store.load("pump", hash ^ 1), store.load("Pump", hash), store.load("", hash)),
        (None, None, None)
    );
    let counts = StoreCounts { files: 1, loaded: 1, ..StoreCounts::default() };
    assert_eq!(store.counts(), counts);
}

#[test]
fn what_has_not_its_hash_is_neither_saved_nor_loaded_but_replaced() {
    let scratch = Scratch::new("corrupt");
    let (bytes, hash) = schema(&[b"one"]);
    let store = scratch.open();
    store.save("pump", hash ^ 1, &bytes);
    store.save("pump", hash, &bytes);
    drop(store);
    let path = scratch.path("pump", hash);
    for bad in [&b""[..], b"\x03\0onE", b"\x09\0one", b"\x03\0one\0", &vec![0xff; 200_000]] {
        fs::write(&path, bad).unwrap();
        let store = scratch.open();
        assert_eq!(store.load("pump", hash), None, "{bad:?}");
        assert_eq!(store.load("pump", hash), None);
        assert_eq!((store.counts().corrupt, store.counts().failed), (1, 0));
        store.save("pump", hash, &bytes);
        drop(store);
        assert_eq!(fs::read(&path).unwrap(), bytes);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }
}

#[test]
fn the_oldest_go_first() {
    let scratch = Scratch::new("oldest");
    let schemas: Vec<_> = [&b"0"[..], b"1", b"2", b"3"].iter().map(|family| schema(&[family])).collect();
    let store = scratch.open();
    store.set_limits(StoreLimits { devices: 3, schemas: 2, bytes: 100 });
    let wait = || std::thread::sleep(std::time::Duration::from_millis(5));
    for (bytes, hash) in &schemas {
        store.save("pump", *hash, bytes);
        wait();
    }
    let settle = |store: &Store, saved: u64| {
        while store.counts().saved < saved || store.counts().files > 4 {
            std::thread::yield_now();
        }
        wait();
    };
    settle(&store, 4);
    assert_eq!(store.counts().files, 2);
    assert!(store.load("pump", schemas[1].1).is_none() && store.load("pump", schemas[2].1).is_some());
    for (n, device) in ["a", "b", "c"].into_iter().enumerate() {
        let (bytes, hash) = &schemas[0];
        store.save(device, *hash, bytes);
        settle(&store, 5 + n as u64);
        // It is used again and again, so it is never the oldest.
        assert!(store.load("pump", schemas[2].1).is_some());
    }
    drop(store);
    let mut left: Vec<_> =
        fs::read_dir(scratch.0.join("schemas")).unwrap().map(|e| e.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["b", "c", "pump"]);
    // The limit holds for what an earlier run left, too.
    let store = scratch.open();
    store.set_limits(StoreLimits { devices: 1, schemas: 2, bytes: 100 });
    store.save("new", schemas[3].1, &schemas[3].0);
    settle(&store, 0);
    drop(store);
    assert_eq!(fs::read_dir(scratch.0.join("schemas")).unwrap().count(), 1);
}

#[test]
fn what_is_too_long_is_not_kept() {
    let scratch = Scratch::new("long");
    let store = scratch.open();
    store.set_limits(StoreLimits { bytes: 4, ..StoreLimits::default() });
    let (bytes, hash) = schema(&[b"one"]);
    store.save("pump", hash, &bytes);
    store.save(&"x".repeat(81), hash, &bytes);
    drop(store);
    assert_eq!(fs::read_dir(scratch.0.join("schemas")).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn nothing_outside_is_read_or_written() {
    let scratch = Scratch::new("links");
    let elsewhere = Scratch::new("elsewhere");
    let (bytes, hash) = schema(&[b"one"]);
    drop((scratch.open(), elsewhere.open()));
    fs::write(elsewhere.0.join(file(hash)), &bytes).unwrap();
    let root = scratch.0.join("schemas");
    std::os::unix::fs::symlink(&elsewhere.0, root.join("pump")).unwrap();
    fs::create_dir(root.join("boiler")).unwrap();
    std::os::unix::fs::symlink(elsewhere.0.join(file(hash)), root.join("boiler").join(file(hash))).unwrap();
    let store = scratch.open();
    assert_eq!((store.load("pump", hash), store.load("boiler", hash)), (None, None));
    let (other, other_hash) = schema(&[b"two"]);
    for name in ["pump", "../../x", "..", "/etc/x"] {
        store.save(name, other_hash, &other);
    }
    // A link in the place of a file is replaced, and not followed.
    store.save("boiler", hash, &bytes);
    drop(store);
    assert_eq!(fs::read_dir(&elsewhere.0).unwrap().count(), 2);
    assert!(fs::symlink_metadata(root.join("boiler").join(file(hash))).unwrap().is_file());
    assert!(root.join("%2e%2e%2f%2e%2e%2fx").join(file(other_hash)).is_file());
}

#[test]
fn a_directory_that_cannot_be_written_is_counted() {
    let scratch = Scratch::new("readonly");
    let (bytes, hash) = schema(&[b"one"]);
    let store = scratch.open();
    // What stands in the way is a file, so that the test holds for root too.
    fs::write(scratch.0.join("schemas").join("pump"), b"").unwrap();
    store.save("pump", hash, &bytes);
    while store.counts().failed == 0 {
        std::thread::yield_now();
    }
    assert!(store.shared.failing.load(Ordering::Relaxed));
    store.save("other", hash, &bytes);
    while store.counts().saved == 0 {
        std::thread::yield_now();
    }
    fs::write(scratch.0.join("file"), b"").unwrap();
    assert!(Store::open(scratch.0.join("file")).is_err());
}

#[test]
fn what_was_left_half_written_goes() {
    let scratch = Scratch::new("half");
    let directory = scratch.0.join("schemas").join("pump");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("00000001.tmp"), b"half").unwrap();
    fs::write(directory.join("notes.txt"), b"mine").unwrap();
    assert_eq!(scratch.open().counts(), StoreCounts::default());
    let left: Vec<_> = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["notes.txt"]);
}
