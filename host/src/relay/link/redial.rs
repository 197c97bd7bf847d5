//! Keeping one connection open: what is lost, or was never there, is opened again.

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::sleep;
use tracing::{info, warn};

use super::{Backoff, Link, why};

/// What was opened.
pub(super) struct Opened<S> {
    pub(super) stream: S,
    /// The other end.
    pub(super) peer: String,
    /// What there is to say about it: `connected`.
    pub(super) how: String,
}

/// Opens, takes what comes until it ends, and opens again, for ever. What is wrong in between is said once.
pub(super) async fn keep_open<S, O>(link: Link, mut open: impl FnMut() -> O)
where
    S: AsyncRead + AsyncWrite + Unpin,
    O: Future<Output = Result<Opened<S>, String>>,
{
    let mut backoff = Backoff::new();
    loop {
        let lost = match open().await {
            Ok(opened) => take(&link, opened, &mut backoff).await,
            Err(why) => why,
        };
        if link.status().fail(&lost) {
            warn!("{}: {lost}; trying again until it is there", link.name);
        }
        sleep(backoff.wait()).await;
    }
}

/// Takes all that comes. Returns why there is no more.
async fn take<S: AsyncRead + AsyncWrite + Unpin>(
    link: &Link,
    mut opened: Opened<S>,
    backoff: &mut Backoff,
) -> String {
    let Some(mut connection) = link.connect(&opened.peer) else {
        return "the limit of connections is reached".to_owned();
    };
    info!("{}: {}", link.name, opened.how);
    link.status().up();
    let before = link.status().bytes();
    let end = connection.pump(&mut opened.stream).await;
    // What opens but never brings a byte is no reason for haste.
    if link.status().bytes() != before {
        backoff.reset();
    }
    end.map_or_else(|error| format!("lost: {}", why(&error)), |()| "lost: closed by the other end".to_owned())
}
