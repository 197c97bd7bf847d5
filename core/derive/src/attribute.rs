//! Attributes: their `key = value` pairs, and what doc comments say.

use syn::parse::ParseStream;
use syn::{Attribute, Error, Expr, ExprLit, Lit, Meta, Result, token};

/// Reads the pairs of all attributes called `name` on `owner`; `take` gets each key with the value to parse, which
/// stands behind an equals sign or in parentheses.
///
/// A key that is not among `keys`, or stands twice, is an error.
pub(crate) fn pairs(
    attributes: &[Attribute],
    name: &str,
    owner: &str,
    keys: &[&str],
    mut take: impl FnMut(&str, ParseStream<'_>) -> Result<()>,
) -> Result<()> {
    let mut seen = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident(name)) {
        attribute.parse_nested_meta(|pair| {
            let key = pair.path.get_ident().map(ToString::to_string).unwrap_or_default();
            if !keys.contains(&key.as_str()) {
                let keys = keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
                return Err(pair.error(format!("{owner}: unknown key, `#[{name}(…)]` takes {keys}")));
            }
            if seen.contains(&key) {
                return Err(pair.error(format!("{owner}: `{key}` is given twice")));
            }
            take(&key, if pair.input.peek(token::Paren) { pair.input } else { pair.value()? })?;
            seen.push(key);
            Ok(())
        })?;
    }
    Ok(())
}

/// Refuses an attribute that would be ignored where it stands.
pub(crate) fn misplaced(attributes: &[Attribute], name: &str, why: &str) -> Result<()> {
    match attributes.iter().find(|attribute| attribute.path().is_ident(name)) {
        Some(attribute) => Err(Error::new_spanned(attribute, why)),
        None => Ok(()),
    }
}

/// The first paragraph of a doc comment, its lines joined by spaces; empty without one.
pub(crate) fn first_paragraph(attributes: &[Attribute]) -> String {
    let mut paragraph = String::new();
    for text in attributes.iter().filter_map(doc) {
        // `/** … */` is one text of several lines, each of which may start with an asterisk.
        let block = text.contains('\n');
        for line in text.split('\n') {
            let line = line.trim();
            let line = if block { line.trim_start_matches('*').trim_start() } else { line };
            match (line.is_empty(), paragraph.is_empty()) {
                (true, true) => {}
                (true, false) => return paragraph,
                (false, first) => {
                    paragraph.push_str(if first { "" } else { " " });
                    paragraph.push_str(line);
                }
            }
        }
    }
    paragraph
}

/// The text of one `///` line, or of one `/** … */`.
fn doc(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

/// All the values, or all the errors at once.
pub(crate) fn all<T>(results: impl Iterator<Item = Result<T>>) -> Result<Vec<T>> {
    let mut values = Vec::new();
    let mut errors: Option<Error> = None;
    for result in results {
        match (result, &mut errors) {
            (Ok(value), _) => values.push(value),
            (Err(error), Some(errors)) => errors.combine(error),
            (Err(error), none) => *none = Some(error),
        }
    }
    errors.map_or(Ok(values), Err)
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    #[test]
    fn a_paragraph_ends_at_an_empty_line() {
        let attributes: Vec<Attribute> = vec![
            parse_quote!(#[doc = ""]),
            parse_quote!(#[doc = " Bytes"]),
            parse_quote!(#[metric(unit = "bytes")]),
            parse_quote!(#[doc = "   received."]),
            parse_quote!(#[doc = ""]),
            parse_quote!(#[doc = " More."]),
        ];
        assert_eq!(first_paragraph(&attributes), "Bytes received.");
        assert_eq!(first_paragraph(&[]), "");
    }

    #[test]
    fn a_block_comment_loses_its_asterisks() {
        let block: Attribute = parse_quote!(#[doc = "\n * Bytes\n * received.\n *\n * More.\n "]);
        assert_eq!(first_paragraph(&[block]), "Bytes received.");
    }
}
