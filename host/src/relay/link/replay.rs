//! Captures and plain files, as fast as they can be read.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::Path;

use tokio::io::{AsyncRead, AsyncReadExt};
use tracing::{info, warn};

use super::capture::{Event, Reader};
use super::status::Refusal;
use super::{Connection, Link, why};

/// Bytes read at once.
const READ_BYTES: usize = 64 * 1024;

/// Opens a file to replay.
///
/// # Errors
/// Those of the system; a directory is one.
pub fn open(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(file)
}

/// Takes all that is in `file` now, each connection of a capture as one of the link; `path` is what the device of a
/// plain file is known by. Its end is the end of the link, not of the gateway.
pub async fn run(path: &Path, file: File, link: Link) {
    // What is replayed may be recorded, into the same file: no further than it goes now.
    let length = file.metadata().ok().filter(std::fs::Metadata::is_file).map_or(u64::MAX, |file| file.len());
    take(path, &mut tokio::fs::File::from_std(file).take(length), link).await;
}

async fn take(path: &Path, input: &mut (impl AsyncRead + Unpin), link: Link) {
    link.status().up();
    let mut playing =
        Playing { name: path.display().to_string(), link, open: HashMap::new(), reply: Vec::new() };
    let (mut reader, mut bytes) = (Reader::new(), vec![0; READ_BYTES]);
    let end = loop {
        match input.read(&mut bytes).await {
            Ok(0) => break Ok(()),
            Ok(read) => reader.feed(bytes.get(..read).unwrap_or_default(), &mut |event| playing.play(event)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => break Err(error),
        }
    };
    reader.finish(&mut |event| playing.play(event));
    let (link, unreadable) = (playing.link, reader.unreadable());
    match end {
        Ok(()) if unreadable == 0 => {
            link.status().down("ended");
            info!("{}: ended", link.name);
        }
        Ok(()) => {
            let end = format!("ended; {unreadable} bytes of the capture are unreadable");
            link.status().fail(&end);
            warn!("{}: {end}", link.name);
        }
        Err(error) => {
            let why = why(&error);
            link.status().fail(&why);
            warn!("{}: {why}", link.name);
        }
    }
}

/// The connections of a capture, as connections of the link.
struct Playing {
    name: String,
    link: Link,
    open: HashMap<u32, Connection>,
    reply: Vec<u8>,
}

impl Playing {
    fn play(&mut self, event: Event<'_>) {
        match event {
            Event::Open { connection, peer, device, .. } => {
                let device = device.map(Into::into);
                let peer = match (connection, peer) {
                    (0, "") => self.name.clone(),
                    (_, "") => format!("connection {connection}"),
                    (_, peer) => peer.to_owned(),
                };
                let device = device.as_ref().or(self.link.device.as_ref());
                if let Some(opened) = self.link.open(device, &peer, None) {
                    self.open.insert(connection, opened);
                } else if self.link.status().refused(Refusal::Full) {
                    warn!("{}: {peer} is left out: {}", self.link.name, Refusal::Full);
                }
            }
            Event::Bytes { connection, bytes, .. } => {
                if let Some(connection) = self.open.get_mut(&connection) {
                    connection.feed(bytes, &mut self.reply);
                }
            }
            Event::Close { connection } => drop(self.open.remove(&connection)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Semaphore;

    use super::super::capture::Writer;
    use super::super::testing::Witness;
    use super::*;

    async fn played(bytes: &[u8], places: usize) -> (Arc<Witness>, Link) {
        let witness = Arc::new(Witness::answering(b"dropped"));
        let gate: Arc<dyn super::super::Gate> = witness.clone();
        let link = Link::new("replay", gate, Arc::new(Semaphore::new(places))).with_device(Some("fallback"));
        // A name for each test thread: all files are there at the same time.
        let path = std::env::temp_dir().join(format!(
            "narthex-replay-{}-{:?}",
            std::process::id(),
            std::thread::current().id()
        ));
        std::fs::write(&path, bytes).unwrap();
        run(Path::new("cat.bin"), open(&path).unwrap(), link.clone()).await;
        std::fs::remove_file(&path).unwrap();
        (witness, link)
    }

    fn capture() -> Vec<u8> {
        let (writer, mut file) = (Writer::new([4; 4]), Vec::new());
        writer.preamble(&mut file);
        writer.start(1, &mut file);
        writer.open(5, 1, ["tcp", "10.0.0.1:1", ""], &mut file);
        writer.open(6, 1, ["serial", "/dev/a", "pump"], &mut file);
        for _ in 0..10_000 {
            writer.bytes(5, 1, b"five", &mut file);
            writer.bytes(6, 1, b"six", &mut file);
        }
        writer.close(5, 2, &mut file);
        file
    }

    #[tokio::test]
    async fn each_connection_of_a_capture_is_one_and_all_are_closed() {
        let (witness, link) = played(&capture(), 2).await;
        witness.with(|log| {
            assert_eq!(log.peers, ["10.0.0.1:1", "/dev/a"]);
            assert_eq!(log.names, [Some("fallback".into()), Some("pump".into())]);
            assert_eq!((&log.fed[&0], &log.fed[&1]), (&b"five".repeat(10_000), &b"six".repeat(10_000)));
            assert_eq!(log.closed, [0, 1]);
        });
        let report = link.status().report();
        assert_eq!((report.up, report.connections, report.errors), (false, 0, 0));
        assert_eq!((report.received_bytes, &*report.trouble), (70_000, "ended"));
    }

    #[tokio::test]
    async fn a_plain_file_is_one_device_and_damage_is_told() {
        let (witness, _) = played(&b"plain".repeat(50_000), 1).await;
        witness.with(|log| assert_eq!((&*log.peers, log.total()), (&["cat.bin".to_owned()][..], 250_000)));
        let mut file = capture();
        let at = file.len() / 2;
        file[at..at + 100].fill(0);
        let (_, link) = played(&file, 2).await;
        let trouble = link.status().report().trouble;
        assert!(
            trouble.starts_with("ended; ") && trouble.ends_with(" bytes of the capture are unreadable"),
            "{trouble}"
        );
    }

    #[tokio::test]
    async fn what_finds_no_place_is_left_out_and_counted() {
        let (witness, link) = played(&capture(), 1).await;
        assert_eq!(
            (witness.with(super::super::testing::Log::total), link.status().report().refused.full),
            (40_000, 1)
        );
        assert!(open(&std::env::temp_dir()).is_err() && open(Path::new("/nowhere/at/all")).is_err());
    }
}
