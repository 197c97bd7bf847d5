//! wire
pub mod schema;
