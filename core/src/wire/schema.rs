//! schema
use crate::model::Instance;
/// Error
#[derive(Debug, Clone, Copy)]
pub struct Error;
impl Error {
    /// text
    pub const fn as_str(self) -> &'static str {
        "x"
    }
}
/// hash
pub const fn hash(_i: &[Instance<'_>]) -> Result<u32, Error> {
    Ok(1)
}
