//! `#[derive(Metrics)]`: a group of metrics out of a struct.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{
    Data, DeriveInput, Error, Expr, ExprLit, ExprPath, ExprUnary, Field, Fields, Ident, Lit, LitInt, LitStr,
    Result, Token, Type, UnOp, Visibility, bracketed, parenthesized,
};

use crate::attribute::{all, first_paragraph, misplaced, pairs};
use crate::span::at;

/// As `narthex::model::Scale::MAX`, which would quietly hold the exponent within it.
const MAX_SCALE: i8 = 18;

/// As `narthex::model::Grid::MAX_SCHEMA`.
const MAX_SCHEMA: i8 = 8;

/// One field: a metric and what is said of it.
struct Metric<'a> {
    field: &'a Ident,
    visibility: &'a Visibility,
    ty: &'a Type,
    name: String,
    help: String,
    unit: String,
    scale: i8,
    /// `None` where the attribute is silent, here and below.
    bounds: Option<Punctuated<Expr, Token![,]>>,
    schema: Option<i8>,
    labels: Option<Vec<(Ident, Expr)>>,
    read: Option<ExprPath>,
}

/// The code of `#[derive(Metrics)]`.
pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let group = &input.ident;
    let fields = fields(input)?;
    let prefix = prefix(input)?;
    let metrics = all(fields.iter().map(|field| Metric::parse(field, prefix.as_deref())))?;
    distinct(&metrics)?;

    let visibility = &input.vis;
    let descs = metrics.iter().map(Metric::desc);
    let reads = metrics.iter().enumerate().map(|(index, metric)| {
        let cells = metric.cells();
        quote!(#index => ::core::option::Option::Some(#cells),)
    });
    let news = metrics.iter().map(|Metric { field, ty, .. }| {
        quote_spanned!(at(ty.span())=> #field: <#ty as ::narthex::instrument::Metric>::NEW,)
    });
    let observers = metrics.iter().enumerate().filter_map(|(index, metric)| metric.observer(group, index));
    let checks = metrics.iter().enumerate().map(|(index, metric)| metric.check(group, index));
    Ok(quote! {
        #[automatically_derived]
        impl ::narthex::registry::Metrics for #group {
            const DESCS: &'static [::narthex::model::Desc<'static>] = &[#(#descs),*];
        }

        #[automatically_derived]
        impl ::narthex::registry::Group for #group {
            fn metric(
                &self,
                index: ::core::primitive::usize,
            ) -> ::core::option::Option<&dyn ::narthex::model::Cells> {
                match index {
                    #(#reads)*
                    _ => ::core::option::Option::None,
                }
            }
        }

        #[automatically_derived]
        #[allow(dead_code, unreachable_pub)]
        impl #group {
            /// The group with every metric in its initial state.
            #[must_use]
            #visibility const fn new() -> Self {
                Self { #(#news)* }
            }

            #(#observers)*
        }

        #(#checks)*
    })
}

fn fields(input: &DeriveInput) -> Result<&Punctuated<Field, Token![,]>> {
    let group = &input.ident;
    let refuse = |why: &str| Err(Error::new(group.span(), format!("group `{group}`: {why}")));
    let Data::Struct(data) = &input.data else {
        return refuse("only a struct can be a group of metrics");
    };
    let Fields::Named(fields) = &data.fields else {
        return refuse("the struct must have named fields: their names are those of the metrics");
    };
    if input.generics.params.is_empty() && input.generics.where_clause.is_none() {
        return Ok(&fields.named);
    }
    refuse("a group cannot be generic: its metrics are described once, in flash")
}

fn prefix(input: &DeriveInput) -> Result<Option<String>> {
    let owner = format!("group `{}`", input.ident);
    misplaced(
        &input.attrs,
        "metric",
        &format!("{owner}: `metric` is for fields, on the struct write `metrics`"),
    )?;
    let mut prefix = None;
    pairs(&input.attrs, "metrics", &owner, &["prefix"], |_, value| {
        prefix = Some(value.parse::<LitStr>()?.value());
        Ok(())
    })?;
    Ok(prefix)
}

/// Refuses the second of two fields that make the same metric.
fn distinct(metrics: &[Metric<'_>]) -> Result<()> {
    all(metrics.iter().enumerate().map(|(index, Metric { field, name, .. })| {
        match metrics.iter().take(index).find(|earlier| earlier.name == *name) {
            Some(Metric { field: earlier, .. }) => Err(Error::new(
                field.span(),
                format!(
                    "field `{field}`: the metric `{name}` is already that of field `{earlier}`, rename one"
                ),
            )),
            None => Ok(()),
        }
    }))
    .map(|_| ())
}

impl<'a> Metric<'a> {
    fn parse(field: &'a Field, prefix: Option<&str>) -> Result<Self> {
        let Some(ident) = &field.ident else {
            return Err(Error::new(field.span(), "a metric needs a named field"));
        };
        let owner = format!("field `{ident}`");
        misplaced(
            &field.attrs,
            "metrics",
            &format!("{owner}: `metrics` is for the struct, on a field write `metric`"),
        )?;
        let mut metric = Self {
            field: ident,
            visibility: &field.vis,
            ty: &field.ty,
            name: ident.unraw().to_string(),
            help: first_paragraph(&field.attrs),
            unit: String::new(),
            scale: 0,
            bounds: None,
            schema: None,
            labels: None,
            read: None,
        };
        pairs(
            &field.attrs,
            "metric",
            &owner,
            &["name", "help", "unit", "scale", "buckets", "schema", "labels", "read"],
            |key, value| {
                match key {
                    "name" => metric.name = value.parse::<LitStr>()?.value(),
                    "help" => metric.help = value.parse::<LitStr>()?.value(),
                    "unit" => metric.unit = value.parse::<LitStr>()?.value(),
                    "scale" => metric.scale = scale(value, &owner)?,
                    "buckets" => metric.bounds = Some(bounds(value, &owner)?),
                    "schema" => metric.schema = Some(schema(value, &owner)?),
                    "labels" => metric.labels = Some(labels(value)?),
                    _ => metric.read = Some(path(value, &owner)?),
                }
                Ok(())
            },
        )?;
        if metric.bounds.is_some() && metric.schema.is_some() {
            let why = "`buckets` are those of a `Histogram`, `schema` is that of an `ExponentialHistogram`";
            return Err(Error::new(ident.span(), format!("{owner}: {why}")));
        }
        if let Some(prefix) = prefix {
            metric.name = format!("{prefix}_{}", metric.name);
        }
        Ok(metric)
    }

    fn desc(&self) -> TokenStream {
        let Self { ty, name, help, unit, scale, .. } = self;
        let shape = quote!(<#ty as ::narthex::instrument::Metric>::SHAPE);
        let list = self.bounds.as_ref().map(|bounds| quote!(bounds: &[#bounds],));
        let grid = self.schema.map(|schema| {
            quote! {
                bounds: const {
                    &::narthex::model::Grid::table::<{ ::narthex::model::Grid::words(#schema) }>(
                        ::narthex::model::Scale::new(#scale),
                        <#ty as ::narthex::instrument::Metric>::BUCKETS,
                    )
                },
            }
        });
        let bounds = list.or(grid);
        let dimensions = self.labels.as_ref().map(|labels| {
            let labels = labels.iter().map(|(label, value)| {
                let label = label.unraw().to_string();
                quote!(::narthex::model::Dimension { name: #label, values: &[#value] })
            });
            quote!(dimensions: &[#(#labels),*],)
        });
        let unit = (!unit.is_empty()).then(|| quote!(unit: #unit,));
        // Families that have none of it share that of their type.
        let details = (unit.is_some() || bounds.is_some() || dimensions.is_some()).then(
            || quote!(details: &::narthex::model::Details { #unit #bounds #dimensions ..*#shape.details },),
        );
        quote_spanned! {at(ty.span())=>
            ::narthex::model::Desc {
                name: #name,
                help: #help,
                scale: ::narthex::model::Scale::new(#scale),
                #details
                ..#shape
            }
        }
    }

    /// The cells behind the metric: those of the field, or a function, whose address stands in flash.
    fn cells(&self) -> TokenStream {
        let Self { field, ty, .. } = self;
        let own = quote!(&self.#field);
        let Some(read) = &self.read else { return own };
        quote_spanned! {at(ty.span())=>
            <#ty as ::narthex::instrument::ReadBy>::by(#own, const { &::narthex::instrument::Reading::new(#read) })
        }
    }

    /// The method by which firmware observes into a histogram: it brings the cells and their bounds together.
    fn observer(&self, group: &Ident, index: usize) -> Option<TokenStream> {
        if self.bounds.is_none() && self.schema.is_none() {
            return None;
        }
        let Self { field, visibility, ty, .. } = self;
        let doc = format!(" The cells of `{}` with their bounds: what is observed into.", field.unraw());
        Some(quote_spanned! {at(field.span())=>
            #[doc = #doc]
            #[inline]
            #[must_use]
            #visibility const fn #field(&self) -> ::narthex::instrument::Observer<'_, #ty> {
                const BOUNDS: &[::core::primitive::u32] =
                    <#group as ::narthex::registry::Metrics>::DESCS[#index].details.bounds;
                ::narthex::instrument::Observer::new(&self.#field, BOUNDS)
            }
        })
    }

    /// What can only be checked once the type of the field is known.
    fn check(&self, group: &Ident, index: usize) -> TokenStream {
        let Self { field, ty, .. } = self;
        let buckets = match self.bounds.iter().flatten().count() {
            0 if self.schema.is_some() => {
                "its `schema` needs an `ExponentialHistogram`, or a `SignedExponentialHistogram`".to_owned()
            }
            0 => "a histogram needs bucket bounds: add `#[metric(buckets = […])]`, or `#[metric(schema = 3)]` to an exponential one".to_owned(),
            n => format!("its `buckets` need a `Histogram<{n}>`"),
        };
        let labels = match &self.labels {
            None => "an info needs labels: add `#[metric(labels(version = \"…\"))]`",
            Some(_) => "its `labels` need an `Info`; labels that vary need a `Family`",
        };
        let (labelled, read) = (self.labels.is_some(), self.read.is_some());
        let (bounds, schema) = (self.bounds.is_some(), self.schema.is_some());
        quote_spanned! {at(field.span())=>
            const _: () = {
                let desc = &<#group as ::narthex::registry::Metrics>::DESCS[#index];
                let why = if <#ty as ::narthex::instrument::Metric>::BUCKETS != desc.buckets()
                    || (#bounds && !::core::matches!(desc.kind, ::narthex::model::Kind::Histogram))
                    || (#schema && !::core::matches!(desc.kind, ::narthex::model::Kind::ExponentialHistogram))
                {
                    ::core::option::Option::Some(#buckets)
                } else if ::core::matches!(desc.kind, ::narthex::model::Kind::Info) != #labelled {
                    ::core::option::Option::Some(#labels)
                } else if <#ty as ::narthex::instrument::Metric>::READ && !#read {
                    ::core::option::Option::Some(
                        "the function that gives its value is missing: add `#[metric(read = …)]`",
                    )
                } else if let ::core::result::Result::Err(defect) = desc.check() {
                    ::core::option::Option::Some(defect.as_str())
                } else {
                    ::core::option::Option::None
                };
                if let ::core::option::Option::Some(why) = why {
                    let refusal = ::narthex::registry::Refusal::new(desc.name, why);
                    ::core::panic!("{}", refusal.message().as_str());
                }
            };
        }
    }
}

fn scale(value: ParseStream<'_>, owner: &str) -> Result<i8> {
    let literal = value.parse::<LitInt>()?;
    match literal.base10_parse::<i8>() {
        Ok(scale) if (-MAX_SCALE..=MAX_SCALE).contains(&scale) => Ok(scale),
        _ => Err(Error::new(
            literal.span(),
            format!("{owner}: the scale is a power of ten from -{MAX_SCALE} to {MAX_SCALE}"),
        )),
    }
}

fn schema(value: ParseStream<'_>, owner: &str) -> Result<i8> {
    let literal = value.parse::<LitInt>()?;
    match literal.base10_parse::<i8>() {
        Ok(schema) if (0..=MAX_SCHEMA).contains(&schema) => Ok(schema),
        _ => Err(Error::new(
            literal.span(),
            format!("{owner}: the schema, of 2^schema buckets an octave, is a number from 0 to {MAX_SCHEMA}"),
        )),
    }
}

fn bounds(value: ParseStream<'_>, owner: &str) -> Result<Punctuated<Expr, Token![,]>> {
    let list;
    bracketed!(list in value);
    let bounds = Punctuated::<Expr, Token![,]>::parse_terminated(&list)?;
    match bounds.iter().find(|bound| !whole(bound)) {
        Some(bound) => Err(Error::new_spanned(
            bound,
            format!(
                "{owner}: a bound is a whole number in the device's unit; `scale` moves the decimal point"
            ),
        )),
        None => Ok(bounds),
    }
}

/// `(name = "value", …)`: the labels of an info. The values are constants, which the compiler checks.
fn labels(value: ParseStream<'_>) -> Result<Vec<(Ident, Expr)>> {
    let list;
    parenthesized!(list in value);
    let label = |label: ParseStream<'_>| {
        let name = label.call(Ident::parse_any)?;
        label.parse::<Token![=]>()?;
        Ok((name, label.parse::<Expr>()?))
    };
    Ok(list.parse_terminated(label, Token![,])?.into_iter().collect())
}

fn path(value: ParseStream<'_>, owner: &str) -> Result<ExprPath> {
    let why = || format!("{owner}: `read` takes the path of a function");
    value.parse().map_err(|error: Error| Error::new(error.span(), why()))
}

/// Whether a bound is not plainly a fraction or negative; the compiler checks the rest.
fn whole(bound: &Expr) -> bool {
    !matches!(
        bound,
        Expr::Lit(ExprLit { lit: Lit::Float(_), .. }) | Expr::Unary(ExprUnary { op: UnOp::Neg(_), .. })
    )
}
