//! Derive macros of narthex.
use proc_macro::TokenStream;
/// Metrics
#[proc_macro_derive(Metrics, attributes(metrics, metric))]
pub fn metrics(_input: TokenStream) -> TokenStream {
    TokenStream::new()
}
/// LabelSet
#[proc_macro_derive(LabelSet, attributes(label))]
pub fn label_set(_input: TokenStream) -> TokenStream {
    TokenStream::new()
}
