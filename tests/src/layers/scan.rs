//! What the code of one file names: paths, and ways to panic. Comments, doc comments and test code count as nothing.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A path written in a file, whole: `use a::{b, c::d}` gives `a::b` and `a::c::d`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The segments as written (`crate`, `super`, `self` and `*` among them).
    pub path: Vec<String>,
    /// The inline modules around it.
    pub inside: Vec<String>,
    /// Whether it stands in a `use` item.
    pub imported: bool,
    /// The line, from 1.
    pub line: usize,
}

/// What one file names.
#[derive(Debug, Default)]
pub struct Scan {
    /// Every path of two segments or more, and every path in a `use` item.
    pub named: Vec<Named>,
    /// Names of the modules the file declares at its top level, inline or not.
    pub modules: Vec<String>,
    /// Those that are compiled for tests only.
    pub test_modules: Vec<String>,
    /// Calls that may panic where they are not evaluated by the compiler: what, and the line.
    pub panics: Vec<(String, usize)>,
}

/// Reads a file.
///
/// # Panics
/// If `source` is not Rust.
pub fn scan(source: &str) -> Scan {
    let tokens: TokenStream = source.parse().expect("the file is Rust");
    let mut scan = Scan::default();
    walk(tokens, &mut Vec::new(), true, &mut scan);
    scan
}

/// Macros that panic.
const PANICKING: [&str; 7] =
    ["panic", "assert", "assert_eq", "assert_ne", "unreachable", "todo", "unimplemented"];

/// Walks the tokens of one group; `runs` is false where the compiler evaluates them.
fn walk(tokens: TokenStream, inside: &mut Vec<String>, runs: bool, scan: &mut Scan) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '#' && is_test_attribute(tokens.get(at + 1)) => {
                let end = end_of_item(&tokens, at + 2);
                let item = &tokens[at + 2..end];
                let declared = item.windows(2).find(|pair| pair[0].to_string() == "mod");
                scan.test_modules.extend(declared.map(|pair| pair[1].to_string()));
                at = end;
                continue;
            }
            TokenTree::Ident(ident) => {
                let word = ident.to_string();
                let line = ident.span().start().line;
                if word == "mod"
                    && let Some(TokenTree::Ident(name)) = tokens.get(at + 1)
                {
                    if inside.is_empty() {
                        scan.modules.push(name.to_string());
                    }
                    if let Some(TokenTree::Group(body)) = tokens.get(at + 2) {
                        inside.push(name.to_string());
                        walk(body.stream(), inside, runs, scan);
                        inside.pop();
                        at += 3;
                        continue;
                    }
                } else if (word == "const" || word == "static")
                    && let Some(end) = constant(&tokens, at, before)
                {
                    walk(tokens[at + 1..end].iter().cloned().collect(), inside, false, scan);
                    at = end;
                    continue;
                } else if word != "use" && starts_path(&tokens, at) {
                    let imported = matches!(before, Some(TokenTree::Ident(word)) if *word == "use");
                    let (paths, end) = paths(&tokens, at);
                    for path in paths {
                        if imported || path.len() > 1 {
                            scan.named.push(Named { path, inside: inside.clone(), imported, line });
                        }
                    }
                    if runs && let Some(what) = may_panic(&tokens, end) {
                        scan.panics.push((what, line));
                    }
                    at = end;
                    continue;
                }
            }
            TokenTree::Group(group) => walk(group.stream(), inside, runs, scan),
            _ => {}
        }
        at += 1;
    }
}

/// Whether this is the group of `#[cfg(test)]`, alone or in `all(…)`, or of `#[test]`.
fn is_test_attribute(group: Option<&TokenTree>) -> bool {
    let Some(TokenTree::Group(group)) = group else { return false };
    let text: String = group.stream().to_string().split_whitespace().collect();
    text == "test" || text == "cfg(test)" || text.starts_with("cfg(all(test,")
}

/// Where the item that starts at `at` ends.
fn end_of_item(tokens: &[TokenTree], at: usize) -> usize {
    let last = tokens[at..].iter().position(|token| match token {
        TokenTree::Punct(punct) => punct.as_char() == ';',
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        _ => false,
    });
    last.map_or(tokens.len(), |last| at + last + 1)
}

/// Where the constant that starts with the keyword at `at` ends: `const { … }`, or `const NAME: … = …;`. A `const fn`
/// may be called at run time, a `const` parameter or pointer is none.
fn constant(tokens: &[TokenTree], at: usize, before: Option<&TokenTree>) -> Option<usize> {
    if matches!(before, Some(TokenTree::Punct(punct)) if "<,*&'".contains(punct.as_char())) {
        return None;
    }
    match tokens.get(at + 1)? {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(at + 2),
        TokenTree::Ident(word) if ["fn", "unsafe", "extern", "async"].iter().any(|not| word == not) => None,
        _ => {
            let length = tokens[at..]
                .iter()
                .position(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';'))?;
            Some(at + length)
        }
    }
}

fn is_colons(tokens: &[TokenTree], at: usize) -> bool {
    let colon = |at| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
    colon(at) && colon(at + 1)
}

/// Whether the identifier at `at` is the first of its path: `a` of `a::b` and of `::a::b`, not `b`.
fn starts_path(tokens: &[TokenTree], at: usize) -> bool {
    if at < 2 || !is_colons(tokens, at - 2) {
        return true;
    }
    match at.checked_sub(3).and_then(|owner| tokens.get(owner)) {
        Some(TokenTree::Ident(owner)) => owner == "use",
        Some(TokenTree::Punct(owner)) => owner.as_char() != '>',
        _ => true,
    }
}

/// The paths of the tree that starts at `at`, and where it ends.
fn paths(tokens: &[TokenTree], mut at: usize) -> (Vec<Vec<String>>, usize) {
    let mut path = Vec::new();
    loop {
        match tokens.get(at) {
            Some(TokenTree::Ident(ident)) => path.push(ident.to_string()),
            Some(TokenTree::Punct(star)) if star.as_char() == '*' => {
                path.push("*".into());
                return (vec![path], at + 1);
            }
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                let branches =
                    inner.split(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ','));
                let whole = branches
                    .filter(|branch| !branch.is_empty())
                    .flat_map(|branch| paths(branch, 0).0)
                    .map(|branch| path.iter().cloned().chain(branch).collect())
                    .collect();
                return (whole, at + 1);
            }
            // `a::<T>` and the like: the path ends before the colons.
            _ => return (vec![path], at.saturating_sub(2)),
        }
        at += 1;
        if !is_colons(tokens, at) {
            return (vec![path], at);
        }
        at += 2;
    }
}

/// What may panic, if the path that ends at `end` is the name of such a call.
fn may_panic(tokens: &[TokenTree], end: usize) -> Option<String> {
    let Some(TokenTree::Ident(ident)) = tokens.get(end.checked_sub(1)?) else { return None };
    let before = end.checked_sub(2).and_then(|before| tokens.get(before));
    let word = ident.to_string();
    let panics = match tokens.get(end)? {
        TokenTree::Group(_) => {
            let called_on = matches!(before, Some(TokenTree::Punct(dot)) if dot.as_char() == '.');
            called_on && (word == "unwrap" || word == "expect")
        }
        TokenTree::Punct(bang) => bang.as_char() == '!' && PANICKING.contains(&word.as_str()),
        _ => false,
    };
    panics.then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(source: &str) -> Vec<String> {
        scan(source).named.iter().map(|named| named.path.join("::")).collect()
    }

    #[test]
    fn sees_every_branch_of_a_use_tree() {
        assert_eq!(
            named("use crate::{a::B, c::{D, e::*}};"),
            ["crate::a::B", "crate::c::D", "crate::c::e::*"]
        );
        assert_eq!(named("use serde; use ::axum::Router;"), ["serde", "axum::Router"]);
    }

    #[test]
    fn sees_paths_in_types_expressions_macros_and_attributes() {
        assert_eq!(
            named("fn f(x: super::wire::X) { crate::frame::g::<u8>() }"),
            ["super::wire::X", "crate::frame::g"]
        );
        assert_eq!(named("m!{ $crate::text::f(<T as a::B>::c) }"), ["crate::text::f", "a::B"]);
        assert_eq!(
            named("#[cfg_attr(feature = \"defmt\", derive(defmt::Format))] struct X;"),
            ["defmt::Format"]
        );
    }

    #[test]
    fn passes_over_comments_and_tests() {
        assert!(named("/// See [`a`](crate::a::b).\n// crate::a::b\nstruct X;").is_empty());
        assert!(named("#[cfg(test)] mod tests { use crate::a::b; } #[cfg(test)] use crate::c;").is_empty());
        assert_eq!(named("#[cfg(test)] mod tests { use crate::a; } use crate::c;"), ["crate::c"]);
    }

    #[test]
    fn knows_the_modules_around_a_path() {
        let scan = scan("mod a { mod b { use super::c; } } mod d;");
        assert_eq!(scan.named[0].inside, ["a", "b"]);
        assert_eq!(scan.modules, ["a", "d"]);
        assert_eq!(super::scan("#[cfg(test)] mod a; mod b;").test_modules, ["a"]);
    }

    fn panics(source: &str) -> Vec<String> {
        scan(source).panics.into_iter().map(|(what, _)| what).collect()
    }

    #[test]
    fn finds_what_may_panic() {
        assert_eq!(panics("fn f() { x.unwrap(); y.expect(\"z\"); }"), ["unwrap", "expect"]);
        assert_eq!(panics("fn f() { core::panic!(); ::core::unreachable!() }"), ["panic", "unreachable"]);
        assert_eq!(panics("const fn f() { assert!(true) }"), ["assert"]);
        assert_eq!(panics("impl<const N: usize> X<N> { fn f(p: *const u8) { todo!() } }"), ["todo"]);
    }

    #[test]
    fn lets_the_compiler_panic() {
        assert!(panics("const _: () = assert!(N > 1); static X: u8 = y.unwrap();").is_empty());
        assert!(panics("fn f() { const { assert!(N > 1) } unwrap_or(3); x.unwrap_or(3); }").is_empty());
        assert!(
            panics("#[test] fn f() { panic!() } #[cfg(test)] mod tests { fn f() { panic!() } }").is_empty()
        );
        assert_eq!(panics("const A: u8 = 1; fn f() { panic!() }"), ["panic"]);
    }
}
