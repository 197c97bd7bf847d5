//! Standard input, for pipes: `socat … | narthex relay --stdin`.

use tokio::io::{AsyncRead, join, sink};
use tracing::{info, warn};

use super::{Link, why};

/// Takes all of standard input, once. Its end is the end of the link, not of the gateway.
pub async fn run(link: Link) {
    take(&mut tokio::io::stdin(), link).await;
}

async fn take(input: &mut (impl AsyncRead + Unpin), link: Link) {
    let Some(mut connection) = link.connect("stdin") else {
        link.status().fail("the limit of connections is reached");
        warn!("{}: the limit of connections is reached", link.name);
        return;
    };
    link.status().up();
    match connection.pump(&mut join(input, sink())).await {
        Ok(()) => {
            link.status().down("ended");
            info!("{}: ended", link.name);
        }
        Err(error) => {
            let why = why(&error);
            link.status().fail(&why);
            warn!("{}: {why}", link.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Semaphore;

    use super::super::testing::Witness;
    use super::*;

    #[tokio::test]
    async fn everything_is_taken_and_the_end_is_no_error() {
        let witness = Arc::new(Witness::default());
        let gate: Arc<dyn super::super::Gate> = witness.clone();
        let link = Link::new("stdin", gate, Arc::new(Semaphore::new(1)));
        let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
        take(&mut bytes.as_slice(), link.clone()).await;
        witness.with(|log| assert_eq!((&log.fed[&0], &*log.closed), (&bytes, &[0][..])));
        let report = link.status().report();
        assert_eq!((report.up, report.connections, report.errors), (false, 0, 0));
        assert_eq!((report.received_bytes, &*report.trouble), (100_000, "ended"));
    }
}
