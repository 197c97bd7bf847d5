//! `#[derive(LabelSet)]`: labels out of an enum, or out of a struct of enums.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Data, DataEnum, DataStruct, DeriveInput, Fields, Ident, Result};

use crate::attribute::all;
use crate::case::snake;
use crate::label::{Owner, Part, text};
use crate::span::at;

/// The code of `#[derive(LabelSet)]`.
pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let set = Owner { what: "label set", ident: &input.ident };
    set.refuse_generics(input, "a label set cannot be generic: its values are listed once, in flash")?;
    match &input.data {
        Data::Enum(data) => of_enum(set, input, data),
        Data::Struct(data) => of_struct(set, input, data),
        Data::Union(_) => {
            Err(set.refusal(input.ident.span(), "a union cannot be a label set, write an enum"))
        }
    }
}

/// What differs between the label sets.
struct Parts {
    dimensions: TokenStream,
    count: TokenStream,
    first: TokenStream,
    index: TokenStream,
    from_index: TokenStream,
}

/// A dimension whose values are the variants.
fn of_enum(set: Owner<'_>, input: &DeriveInput, data: &DataEnum) -> Result<TokenStream> {
    let name = text(&input.attrs, "name", &set.to_string())?;
    let name = name.unwrap_or_else(|| snake(&set.ident.unraw().to_string()));
    let Some(first) = data.variants.first().map(|variant| &variant.ident) else {
        return Err(set.refusal(set.ident.span(), "an enum without variants has no values"));
    };
    let values = all(data.variants.iter().map(|variant| {
        let ident = &variant.ident;
        if !matches!(variant.fields, Fields::Unit) {
            let why = format!("variant `{ident}` has fields; for several labels write a struct of enums");
            return Err(set.refusal(ident.span(), &why));
        }
        if let Some((_, discriminant)) = &variant.discriminant {
            let why = format!("leave out the discriminant of variant `{ident}`: its position is its index");
            return Err(set.refusal(discriminant.span(), &why));
        }
        let value = text(&variant.attrs, "value", &format!("{set}, variant `{ident}`"))?;
        Ok((ident, value.unwrap_or_else(|| snake(&ident.unraw().to_string()))))
    }))?;
    set.distinct("variant", "value", &values.iter().map(|(ident, value)| (*ident, value.as_str())))?;
    let count = values.len();
    let variants = values
        .iter()
        .enumerate()
        .map(|(index, (ident, _))| quote!(#index => ::core::option::Option::Some(Self::#ident),));
    let from_index = quote! {
        match index {
            #(#variants)*
            _ => ::core::option::Option::None,
        }
    };
    let values = values.iter().map(|(_, value)| value);
    let parts = Parts {
        dimensions: quote!(::narthex::model::Dimension { name: #name, values: &[#(#values),*] }),
        count: quote!(#count),
        first: quote!(Self::#first),
        index: quote!(self as ::core::primitive::usize),
        from_index,
    };
    let code = implementation(set.ident, &parts);
    let check = set.check_name(set.ident.span(), &name);
    Ok(quote!(#code #check))
}

/// The product of the dimensions of the fields, the last one running fastest.
fn of_struct(set: Owner<'_>, input: &DeriveInput, data: &DataStruct) -> Result<TokenStream> {
    let fields = set.parts(&input.attrs, data)?;
    let dimensions = fields.iter().map(|Part { ty, name, .. }| {
        quote_spanned! {at(ty.span())=>
            ::narthex::model::Dimension {
                name: #name,
                values: match <#ty as ::narthex::registry::LabelSet>::DIMENSIONS {
                    [dimension] => dimension.values,
                    _ => &[],
                },
            }
        }
    });
    let counts: Vec<_> =
        fields.iter().map(|Part { ty, .. }| quote!(<#ty as ::narthex::registry::LabelSet>::COUNT)).collect();
    let firsts = fields
        .iter()
        .map(|Part { ident, ty, .. }| quote!(#ident: <#ty as ::narthex::registry::LabelSet>::FIRST,));
    // Below the product of the counts, which the compiler has computed: nothing wraps, and no check is linked.
    let index = fields.iter().fold(quote!(0), |index, Part { ident, ty, .. }| {
        quote! {
            ::core::primitive::usize::wrapping_add(
                ::core::primitive::usize::wrapping_mul(
                    #index,
                    <#ty as ::narthex::registry::LabelSet>::COUNT,
                ),
                <#ty as ::narthex::registry::LabelSet>::index(self.#ident),
            )
        }
    });
    // The other way round. Counts are not zero, so nothing here is `None` that is below the product.
    let parts = fields.iter().enumerate().map(|(at, Part { ident, ty, .. })| {
        let after = counts.iter().skip(at + 1);
        let count = quote!(<#ty as ::narthex::registry::LabelSet>::COUNT);
        quote! {
            #ident: <#ty as ::narthex::registry::LabelSet>::from_index(
                ::core::primitive::usize::checked_rem(
                    ::core::primitive::usize::checked_div(index, 1 #(* #after)*)?,
                    #count,
                )?,
            )?,
        }
    });
    let from_index = quote! {
        if index >= <Self as ::narthex::registry::LabelSet>::COUNT {
            return ::core::option::Option::None;
        }
        ::core::option::Option::Some(Self { #(#parts)* })
    };
    let parts = Parts {
        dimensions: quote!(#(#dimensions),*),
        count: quote!(1 #(* #counts)*),
        first: quote!(Self { #(#firsts)* }),
        index,
        from_index,
    };
    let code = implementation(set.ident, &parts);
    let single = fields.iter().map(|Part { ident, ty, .. }| {
        let why =
            format!("{set}: field `{ident}` must be an enum or a bool: list the fields of its type here");
        quote_spanned! {at(ident.span())=>
            const _: () =
                ::core::assert!(<#ty as ::narthex::registry::LabelSet>::DIMENSIONS.len() == 1, #why);
        }
    });
    let checks = fields.iter().map(|part| set.check_name(part.ident.span(), &part.name));
    Ok(quote!(#code #(#single)* #(#checks)*))
}

fn implementation(set: &Ident, parts: &Parts) -> TokenStream {
    let Parts { dimensions, count, first, index, from_index } = parts;
    quote! {
        #[automatically_derived]
        impl ::narthex::registry::LabelSet for #set {
            const DIMENSIONS: &'static [::narthex::model::Dimension<'static>] = &[#dimensions];
            const COUNT: ::core::primitive::usize = #count;
            const FIRST: Self = #first;
            type Children<M: ::narthex::instrument::Instrument> = [M; #count];

            #[inline]
            fn index(self) -> ::core::primitive::usize {
                #index
            }

            #[inline]
            fn from_index(index: ::core::primitive::usize) -> ::core::option::Option<Self> {
                #from_index
            }

            #[inline]
            fn pick<M: ::narthex::instrument::Instrument>(self, children: &[M; #count]) -> &M {
                // The index is below the length; saying so with a fallback costs nothing and cannot panic.
                let [first, ..] = children;
                children.get(::narthex::registry::LabelSet::index(self)).unwrap_or(first)
            }
        }
    }
}
