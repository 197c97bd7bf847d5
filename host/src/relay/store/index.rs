//! Which files there are, so that what is not there costs no look at the disk.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use super::name::{device, hash_of};

/// The files of all devices.
#[derive(Debug, Default)]
pub(super) struct Index {
    devices: HashMap<String, Vec<Entry>>,
    files: usize,
}

#[derive(Debug)]
struct Entry {
    hash: u32,
    used: SystemTime,
    /// Whether it has been written or read since the start, and was what it should be.
    trusted: bool,
}

/// Files to be removed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Gone {
    pub(super) device: String,
    pub(super) hashes: Vec<u32>,
    /// Whether nothing of the device stays.
    pub(super) whole: bool,
}

impl Index {
    /// Looks at what is there. Files that were left half written are removed; what has another name is not looked at.
    pub(super) fn scan(root: &Path) -> io::Result<Self> {
        let mut index = Self::default();
        for entry in fs::read_dir(root)? {
            let entry = entry?;
            // Not through links: the type is the entry's own.
            let Some(device) = entry.file_name().to_str().and_then(device) else { continue };
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            let Ok(files) = fs::read_dir(entry.path()) else { continue };
            for file in files.flatten() {
                let (name, meta) = (file.file_name(), file.metadata());
                let (Some(name), Ok(meta)) = (name.to_str(), meta) else { continue };
                if !meta.is_file() {
                    continue;
                }
                if let Some(hash) = hash_of(name) {
                    index.put(&device, hash, meta.modified().unwrap_or(SystemTime::UNIX_EPOCH), false);
                } else if Path::new(name).extension().is_some_and(|extension| extension == "tmp") {
                    let _ = fs::remove_file(file.path());
                }
            }
        }
        Ok(index)
    }

    /// How many files there are.
    pub(super) fn files(&self) -> usize {
        self.files
    }

    fn find(&self, device: &str, hash: u32) -> Option<&Entry> {
        self.devices.get(device)?.iter().find(|entry| entry.hash == hash)
    }

    pub(super) fn has(&self, device: &str, hash: u32) -> bool {
        self.find(device, hash).is_some()
    }

    pub(super) fn is_trusted(&self, device: &str, hash: u32) -> bool {
        self.find(device, hash).is_some_and(|entry| entry.trusted)
    }

    /// A file was found to be good, and is used.
    pub(super) fn trust(&mut self, device: &str, hash: u32, now: SystemTime) {
        if self.has(device, hash) {
            self.put(device, hash, now, true);
        }
    }

    /// A file was found to be bad: it is not there until it is written anew.
    pub(super) fn distrust(&mut self, device: &str, hash: u32) {
        let Some(entries) = self.devices.get_mut(device) else { return };
        let before = entries.len();
        entries.retain(|entry| entry.hash != hash);
        self.files = self.files.saturating_sub(before.saturating_sub(entries.len()));
        if entries.is_empty() {
            self.devices.remove(device);
        }
    }

    /// A file was written.
    pub(super) fn add(&mut self, device: &str, hash: u32, now: SystemTime) {
        self.put(device, hash, now, true);
    }

    fn put(&mut self, device: &str, hash: u32, used: SystemTime, trusted: bool) {
        let entries = self.devices.entry(device.to_owned()).or_default();
        if let Some(entry) = entries.iter_mut().find(|entry| entry.hash == hash) {
            (entry.used, entry.trusted) = (used, trusted);
        } else {
            entries.push(Entry { hash, used, trusted });
            self.files += 1;
        }
    }

    /// Takes out what is too much: of this device by its own files, and whole devices. The last ones used stay.
    pub(super) fn trim(&mut self, device: &str, max_devices: usize, max_schemas: usize) -> Vec<Gone> {
        let mut gone = Vec::new();
        if let Some(entries) = self.devices.get_mut(device)
            && entries.len() > max_schemas
        {
            entries.sort_by_key(|entry| std::cmp::Reverse(entry.used));
            let hashes: Vec<_> = entries.drain(max_schemas..).map(|entry| entry.hash).collect();
            self.files = self.files.saturating_sub(hashes.len());
            gone.push(Gone { device: device.to_owned(), hashes, whole: false });
        }
        while self.devices.len() > max_devices {
            let used = |entries: &Vec<Entry>| entries.iter().map(|entry| entry.used).max();
            let oldest = self.devices.iter().min_by_key(|(_, entries)| used(entries));
            let Some(device) = oldest.map(|(device, _)| device.clone()) else { break };
            let hashes: Vec<_> =
                self.devices.remove(&device).into_iter().flatten().map(|entry| entry.hash).collect();
            self.files = self.files.saturating_sub(hashes.len());
            gone.push(Gone { device, hashes, whole: true });
        }
        gone
    }
}
