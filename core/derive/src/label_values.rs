//! `#[derive(LabelValues)]`: labels whose values only run time knows, out of a struct.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Data, DeriveInput, Result};

use crate::label::{Owner, Part};
use crate::span::at;

/// The code of `#[derive(LabelValues)]`.
pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let ident = &input.ident;
    let values = Owner { what: "label values", ident };
    values
        .refuse_generics(input, "label values cannot be generic: the labels are described once, in flash")?;
    let Data::Struct(data) = &input.data else {
        let why = "only a struct can be label values, each field a label; an enum can be the type of a field";
        return Err(values.refusal(ident.span(), why));
    };
    let fields = values.parts(&input.attrs, data)?;
    let names = fields.iter().map(|part| &part.name);
    let empties = fields.iter().map(|Part { ident, ty, .. }| {
        quote_spanned!(at(ty.span())=> #ident: <#ty as ::narthex::registry::LabelPart>::EMPTY,)
    });
    let texts = fields.iter().enumerate().map(|(index, Part { ident, ty, .. })| {
        let text = quote_spanned!(at(ty.span())=> <#ty as ::narthex::registry::LabelPart>::text);
        quote!(#index => #text(&self.#ident),)
    });
    let others = fields.iter().map(|Part { ident, ty, .. }| {
        let is_other = quote_spanned!(at(ty.span())=> <#ty as ::narthex::registry::LabelPart>::is_other);
        quote!(&& #is_other(&self.#ident))
    });
    let refusals = fields.iter().map(|Part { ident, ty, .. }| {
        let subject = format!("{values}, field `{ident}`");
        quote_spanned! {at(ident.span())=>
            const _: () = if let ::core::option::Option::Some(why) =
                <#ty as ::narthex::registry::LabelPart>::REFUSAL
            {
                let refusal = ::narthex::registry::Refusal::of(#subject, why);
                ::core::panic!("{}", refusal.message().as_str());
            };
        }
    });
    let checks = fields.iter().map(|part| values.check_name(part.ident.span(), &part.name));
    Ok(quote! {
        #[automatically_derived]
        impl ::narthex::registry::LabelValues for #ident {
            const DIMENSIONS: &'static [::narthex::model::Dimension<'static>] =
                &[#(::narthex::model::Dimension { name: #names, values: &[] }),*];
            const EMPTY: Self = Self { #(#empties)* };

            fn value(&self, dimension: ::core::primitive::usize) -> ::narthex::model::LabelValue {
                match dimension {
                    #(#texts)*
                    _ => ::narthex::model::LabelValue::EMPTY,
                }
            }

            fn is_other(&self) -> ::core::primitive::bool {
                true #(#others)*
            }
        }

        #(#refusals)*
        #(#checks)*
    })
}
