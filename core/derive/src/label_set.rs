//! `#[derive(LabelSet)]`: labels out of an enum, or out of a struct of enums.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Attribute, Data, DataEnum, DataStruct, DeriveInput, Error, Fields, Ident, LitStr, Result, Type};

use crate::attribute::{all, misplaced, pairs};
use crate::case::snake;
use crate::span::at;

/// The code of `#[derive(LabelSet)]`.
pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let set = &input.ident;
    if !input.generics.params.is_empty() || input.generics.where_clause.is_some() {
        return Err(refusal(
            set.span(),
            set,
            "a label set cannot be generic: its values are listed once, in flash",
        ));
    }
    match &input.data {
        Data::Enum(data) => of_enum(input, data),
        Data::Struct(data) => of_struct(input, data),
        Data::Union(_) => Err(refusal(set.span(), set, "a union cannot be a label set, write an enum")),
    }
}

/// A dimension whose values are the variants.
fn of_enum(input: &DeriveInput, data: &DataEnum) -> Result<TokenStream> {
    let set = &input.ident;
    let name = text(&input.attrs, "name", &format!("label set `{set}`"))?;
    let name = name.unwrap_or_else(|| snake(&set.unraw().to_string()));
    if data.variants.is_empty() {
        return Err(refusal(set.span(), set, "an enum without variants has no values"));
    }
    let values = all(data.variants.iter().map(|variant| {
        let ident = &variant.ident;
        if !matches!(variant.fields, Fields::Unit) {
            let why = format!("variant `{ident}` has fields; for several labels write a struct of enums");
            return Err(refusal(ident.span(), set, &why));
        }
        if let Some((_, discriminant)) = &variant.discriminant {
            let why = format!("leave out the discriminant of variant `{ident}`: its position is its index");
            return Err(refusal(discriminant.span(), set, &why));
        }
        let value = text(&variant.attrs, "value", &format!("label set `{set}`, variant `{ident}`"))?;
        Ok((ident, value.unwrap_or_else(|| snake(&ident.unraw().to_string()))))
    }))?;
    distinct(set, "variant", "value", &values)?;
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
    let dimensions = quote!(::narthex::model::Dimension { name: #name, values: &[#(#values),*] });
    let index = quote!(self as ::core::primitive::usize);
    let code = implementation(set, &dimensions, &quote!(#count), &index, &from_index);
    let check = check_name(set, set.span(), &name);
    Ok(quote!(#code #check))
}

/// The product of the dimensions of the fields, the last one running fastest.
fn of_struct(input: &DeriveInput, data: &DataStruct) -> Result<TokenStream> {
    let set = &input.ident;
    let why = format!("label set `{set}`: a struct takes its labels from its fields, name those");
    misplaced(&input.attrs, "label", &why)?;
    let Fields::Named(fields) = &data.fields else {
        return Err(refusal(
            set.span(),
            set,
            "the struct must have named fields: their names are those of the labels",
        ));
    };
    if fields.named.is_empty() {
        return Err(refusal(set.span(), set, "a struct without fields has no labels"));
    }
    let fields: Vec<(&Ident, &Type, &[Attribute])> = fields
        .named
        .iter()
        .filter_map(|field| Some((field.ident.as_ref()?, &field.ty, field.attrs.as_slice())))
        .collect();
    let names = all(fields.iter().map(|(ident, _, attributes)| {
        let name = text(attributes, "name", &format!("label set `{set}`, field `{ident}`"))?;
        Ok((*ident, name.unwrap_or_else(|| ident.unraw().to_string())))
    }))?;
    distinct(set, "field", "label", &names)?;

    let dimensions = fields.iter().zip(&names).map(|((_, ty, _), (_, name))| {
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
        fields.iter().map(|(_, ty, _)| quote!(<#ty as ::narthex::registry::LabelSet>::COUNT)).collect();
    // Below the product of the counts, which the compiler has computed: nothing wraps, and no check is linked.
    let index = fields.iter().fold(quote!(0), |index, (ident, ty, _)| {
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
    let parts = fields.iter().enumerate().map(|(at, (ident, ty, _))| {
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
    let product = quote!(1 #(* #counts)*);
    let code = implementation(set, &quote!(#(#dimensions),*), &product, &index, &from_index);
    let single = fields.iter().map(|(ident, ty, _)| {
        let why = format!(
            "label set `{set}`: field `{ident}` must be an enum or a bool: list the fields of its type here"
        );
        quote_spanned! {at(ident.span())=>
            const _: () =
                ::core::assert!(<#ty as ::narthex::registry::LabelSet>::DIMENSIONS.len() == 1, #why);
        }
    });
    let checks = names.iter().map(|(ident, name)| check_name(set, ident.span(), name));
    Ok(quote!(#code #(#single)* #(#checks)*))
}

fn implementation(
    set: &Ident,
    dimensions: &TokenStream,
    count: &TokenStream,
    index: &TokenStream,
    from_index: &TokenStream,
) -> TokenStream {
    quote! {
        #[automatically_derived]
        impl ::narthex::registry::LabelSet for #set {
            const DIMENSIONS: &'static [::narthex::model::Dimension<'static>] = &[#dimensions];
            const COUNT: ::core::primitive::usize = #count;
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

/// Asks narthex, while the compiler runs, whether this may be the name of a label.
fn check_name(set: &Ident, span: Span, name: &str) -> TokenStream {
    let subject = format!("label `{name}` of `{set}`");
    quote_spanned! {at(span)=>
        const _: () = {
            let dimensions = [::narthex::model::Dimension { name: #name, values: &[""] }];
            let desc = ::narthex::model::Desc {
                dimensions: &dimensions,
                ..::narthex::model::Desc::gauge("", "")
            };
            if let ::core::result::Result::Err(defect) = desc.check_labels(&[]) {
                let refusal = ::narthex::registry::Refusal::of(#subject, defect.as_str());
                ::core::panic!("{}", refusal.message().as_str());
            }
        };
    }
}

/// The text of the one key that `#[label(…)]` takes here.
fn text(attributes: &[Attribute], key: &str, owner: &str) -> Result<Option<String>> {
    let mut text = None;
    pairs(attributes, "label", owner, &[key], |_, value| {
        text = Some(value.parse::<LitStr>()?.value());
        Ok(())
    })?;
    Ok(text)
}

/// Refuses the second of two variants or fields that have the same value or label.
fn distinct(set: &Ident, part: &str, what: &str, texts: &[(&Ident, String)]) -> Result<()> {
    all(texts.iter().enumerate().map(|(index, (ident, text))| {
        match texts.iter().take(index).find(|(_, earlier)| earlier == text) {
            Some((earlier, _)) => {
                let why = format!(
                    "{part} `{ident}` has the {what} `{text}` of {part} `{earlier}`, give it another"
                );
                Err(refusal(ident.span(), set, &why))
            }
            None => Ok(()),
        }
    }))
    .map(|_| ())
}

fn refusal(span: Span, set: &Ident, why: &str) -> Error {
    Error::new(span, format!("label set `{set}`: {why}"))
}
