//! Why a snapshot did not go out, whatever kind of link it was to go out of.

use core::fmt;

use super::Error;

/// Why a snapshot was not sent whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum SendError<E> {
    /// No frame could be made.
    Frame(Error),
    /// The sink failed.
    Write(E),
    /// The sink takes no more bytes.
    Closed,
}

impl<E: fmt::Display> fmt::Display for SendError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frame(error) => error.fmt(f),
            Self::Write(error) => write!(f, "writing a frame failed: {error}"),
            Self::Closed => f.write_str("the link takes no more bytes"),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> core::error::Error for SendError<E> {}
