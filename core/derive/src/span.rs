//! Where generated code stands.

use proc_macro2::Span;

/// Points the compiler's messages at `span`, in code that lints know to be ours and not the user's.
pub(crate) fn at(span: Span) -> Span {
    Span::mixed_site().located_at(span)
}
