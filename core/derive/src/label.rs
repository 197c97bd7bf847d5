//! What the two derives of labels share: attributes, names and the words of a refusal.

use core::fmt;

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::ext::IdentExt as _;
use syn::{Attribute, DataStruct, DeriveInput, Error, Fields, Ident, LitStr, Result, Type};

use crate::attribute::{all, misplaced, pairs};
use crate::span::at;

/// The type for which code is derived, and what it shall be.
#[derive(Clone, Copy)]
pub(crate) struct Owner<'a> {
    /// `label set`, `label values`.
    pub(crate) what: &'static str,
    pub(crate) ident: &'a Ident,
}

/// A field of a struct: one label.
pub(crate) struct Part<'a> {
    pub(crate) ident: &'a Ident,
    pub(crate) ty: &'a Type,
    /// The name of the label.
    pub(crate) name: String,
}

impl fmt::Display for Owner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.what, self.ident)
    }
}

impl<'a> Owner<'a> {
    pub(crate) fn refusal(&self, span: Span, why: &str) -> Error {
        Error::new(span, format!("{self}: {why}"))
    }

    pub(crate) fn refuse_generics(&self, input: &DeriveInput, why: &str) -> Result<()> {
        if input.generics.params.is_empty() && input.generics.where_clause.is_none() {
            return Ok(());
        }
        Err(self.refusal(self.ident.span(), why))
    }

    /// The labels that the fields of a struct are.
    pub(crate) fn parts(&self, attributes: &[Attribute], data: &'a DataStruct) -> Result<Vec<Part<'a>>> {
        let why = format!("{self}: a struct takes its labels from its fields, name those");
        misplaced(attributes, "label", &why)?;
        let Fields::Named(fields) = &data.fields else {
            let why = "the struct must have named fields: their names are those of the labels";
            return Err(self.refusal(self.ident.span(), why));
        };
        if fields.named.is_empty() {
            return Err(self.refusal(self.ident.span(), "a struct without fields has no labels"));
        }
        let fields = fields.named.iter().filter_map(|field| Some((field.ident.as_ref()?, field)));
        let parts = all(fields.map(|(ident, field)| {
            let name = text(&field.attrs, "name", &format!("{self}, field `{ident}`"))?;
            let name = name.unwrap_or_else(|| ident.unraw().to_string());
            Ok(Part { ident, ty: &field.ty, name })
        }))?;
        self.distinct("field", "label", &parts.iter().map(|part| (part.ident, part.name.as_str())))?;
        Ok(parts)
    }

    /// Refuses the second of two variants or fields that have the same value or label.
    pub(crate) fn distinct<'t>(
        &self,
        part: &str,
        what: &str,
        texts: &(impl Iterator<Item = (&'t Ident, &'t str)> + Clone),
    ) -> Result<()> {
        all(texts.clone().enumerate().map(|(index, (ident, text))| {
            match texts.clone().take(index).find(|(_, earlier)| *earlier == text) {
                Some((earlier, _)) => {
                    let why = format!(
                        "{part} `{ident}` has the {what} `{text}` of {part} `{earlier}`, give it another"
                    );
                    Err(self.refusal(ident.span(), &why))
                }
                None => Ok(()),
            }
        }))
        .map(|_| ())
    }

    /// Asks narthex, while the compiler runs, whether this may be the name of a label.
    pub(crate) fn check_name(&self, span: Span, name: &str) -> TokenStream {
        let subject = format!("label `{name}` of `{}`", self.ident);
        quote_spanned! {at(span)=>
            const _: () = {
                let dimensions = [::narthex::model::Dimension { name: #name, values: &[""] }];
                let desc = ::narthex::model::Desc {
                    details: &::narthex::model::Details {
                        dimensions: &dimensions,
                        ..::narthex::model::Details::NONE
                    },
                    ..::narthex::model::Desc::gauge("", "")
                };
                if let ::core::result::Result::Err(defect) = desc.check_labels(&[]) {
                    let refusal = ::narthex::registry::Refusal::of(#subject, defect.as_str());
                    ::core::panic!("{}", refusal.message().as_str());
                }
            };
        }
    }
}

/// The text of the one key that `#[label(…)]` takes here.
pub(crate) fn text(attributes: &[Attribute], key: &str, owner: &str) -> Result<Option<String>> {
    let mut text = None;
    pairs(attributes, "label", owner, &[key], |_, value| {
        text = Some(value.parse::<LitStr>()?.value());
        Ok(())
    })?;
    Ok(text)
}
