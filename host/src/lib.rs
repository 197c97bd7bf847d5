//! The host side of narthex.
#![forbid(unsafe_code)]

