//! Pages: to the byte what is committed beside this, however they are cut.

use narthex::frame::crc32;
use narthex::model::Source;
use narthex::text::{Encoder, Format};

use super::subject::{PORT0, PORT1, REGISTRY};
use super::{Failure, Made, Outcome, holds};

/// The least room in which each line fits, and more.
const ROOMS: [usize; 3] = [160, 200, 512];

pub(super) fn text() -> Outcome {
    PORT0.received_bytes_total.add(3);
    PORT0.waiting_bytes.set(-1);
    PORT1.received_bytes_total.add(4);
    is(&REGISTRY, Format::Text, include_bytes!("../../expected/page.txt"))
}

pub(super) fn open_metrics() -> Outcome {
    is(&REGISTRY, Format::OpenMetrics, include_bytes!("../../expected/page.openmetrics"))
}

/// A page is these bytes, in whatever pieces it is written.
pub(super) fn is(source: &impl Source, format: Format, page: &[u8]) -> Outcome {
    for room in ROOMS {
        let (mut rest, mut encoder) = (page, Encoder::new(format));
        while let Some(piece) = piece(&mut encoder, source, room, &mut [0; 512])? {
            let Some((front, behind)) = rest.split_at_checked(piece.len()) else {
                return Err(longer());
            };
            holds!(front == piece);
            rest = behind;
        }
        holds!(rest.is_empty());
    }
    Ok(Made { bytes: page.len(), check: crc32(page.iter().copied()) })
}

fn longer() -> Failure {
    Failure { what: "the page is as long as it should be", file: file!(), line: line!() }
}

/// The next piece of a page; none at its end.
fn piece<'a>(
    encoder: &mut Encoder,
    source: &impl Source,
    room: usize,
    buf: &'a mut [u8; 512],
) -> Result<Option<&'a [u8]>, Failure> {
    let fits = Failure { what: "a line fits", file: file!(), line: line!() };
    let len = encoder.fill(source, buf.get_mut(..room).unwrap_or_default()).map_err(|_| fits)?;
    Ok(buf.get(..len).filter(|piece| !piece.is_empty()))
}
