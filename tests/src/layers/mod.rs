//! Who may know whom: the layers of the tree, checked by reading what its code names.

pub mod rules;
pub mod scan;

use rules::{Layer, Package};
use scan::{Named, Scan, scan};
use std::collections::BTreeMap;
use std::path::Path;

/// One source file of a crate.
#[derive(Debug)]
pub struct File {
    /// From the root of the tree, with slashes.
    pub path: String,
    /// The crate and the modules: `["core", "text", "line"]`.
    pub module: Vec<String>,
    /// What it names.
    pub scan: Scan,
}

impl File {
    /// Reads `source` as the file at `path` of the crate whose sources stand in `folder`.
    pub fn new(krate: &str, folder: &str, path: &str, source: &str) -> Self {
        let inner = path.strip_prefix(folder).unwrap_or(path).trim_start_matches('/').trim_end_matches(".rs");
        let mut module = vec![krate.to_owned()];
        module.extend(inner.split('/').map(str::to_owned));
        if module.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
            module.pop();
        }
        Self { path: path.to_owned(), module, scan: scan(source) }
    }

    /// Reads every `.rs` file below `folder` of the tree at `root`.
    ///
    /// # Panics
    /// If a file cannot be read.
    pub fn all(root: &Path, krate: &str, folder: &str) -> Vec<Self> {
        let mut files = Vec::new();
        let mut folders = vec![root.join(folder)];
        while let Some(current) = folders.pop() {
            for entry in std::fs::read_dir(&current).expect("the folder can be read") {
                let path = entry.expect("the entry can be read").path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let name =
                        path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
                    let source = std::fs::read_to_string(&path).expect("the file can be read");
                    files.push(Self::new(krate, folder, &name, &source));
                }
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files
    }
}

/// The files of the crates whose layers are checked together.
#[derive(Debug)]
pub struct Tree {
    files: Vec<File>,
    /// What files above all layers offer under a short name: `core::Counter` → `core::instrument::Counter`.
    offered: BTreeMap<Vec<String>, Vec<String>>,
}

impl Tree {
    /// Joins the files, but for those that are compiled for tests only.
    pub fn new(mut files: Vec<File>) -> Self {
        let tests: Vec<Vec<String>> = files
            .iter()
            .flat_map(|file| {
                file.scan
                    .test_modules
                    .iter()
                    .map(|name| [&file.module[..], std::slice::from_ref(name)].concat())
            })
            .collect();
        files.retain(|file| !tests.iter().any(|test| file.module.starts_with(test)));
        let mut offered = BTreeMap::new();
        for file in files.iter().filter(|file| rules::unlayered(&file.path)) {
            for named in file.scan.named.iter().filter(|named| named.imported) {
                if let (Some(path), Some(last)) = (absolute(file, named), named.path.last()) {
                    offered.insert([&file.module[..], std::slice::from_ref(last)].concat(), path);
                }
            }
        }
        Self { files, offered }
    }

    /// What breaks the layers: where, and what is named.
    pub fn strays(&self, layers: &[Layer]) -> Vec<String> {
        let mut strays = Vec::new();
        for file in self.files.iter().filter(|file| !rules::unlayered(&file.path)) {
            let Some(own) = layer(layers, &file.module) else {
                if file.module.len() > 1 {
                    strays.push(format!("{}: {} has no layer", file.path, file.module.join("::")));
                }
                continue;
            };
            for named in &file.scan.named {
                let Some(path) = self.resolve(file, named) else { continue };
                let allowed = match layer(layers, &path) {
                    Some(other) if other.module == own.module => {
                        // Types are of the layer itself; what is written small is a file of it.
                        let file_of_it = |name: &&String| name.starts_with(char::is_lowercase);
                        let sibling = path.get(2).filter(file_of_it);
                        !own.siblings_apart
                            || file.module.len() == 2
                            || sibling.is_none()
                            || sibling == file.module.get(2)
                    }
                    Some(other) => own.may.contains(&other.module),
                    None => own.may.contains(&path.join("::").as_str()),
                };
                if !allowed {
                    strays.push(format!(
                        "{}:{}: {} must not know {}",
                        file.path,
                        named.line,
                        own.module,
                        path.join("::")
                    ));
                }
            }
        }
        strays
    }

    /// External packages named outside their one place.
    pub fn misplaced(&self, packages: &[Package]) -> Vec<String> {
        let mut misplaced = Vec::new();
        for file in &self.files {
            for named in &file.scan.named {
                let Some(package) = packages.iter().find(|package| {
                    package.krate == file.module[0]
                        && package.name == named.path[0]
                        && !file.scan.modules.contains(&named.path[0])
                }) else {
                    continue;
                };
                if !package.places.iter().any(|place| file.path.starts_with(place)) {
                    let places = package.places.join(", ");
                    misplaced
                        .push(format!("{}:{}: {} belongs in {places}", file.path, named.line, package.name));
                }
            }
        }
        misplaced
    }

    /// Calls that may panic at run time.
    pub fn panics(&self) -> Vec<String> {
        let panics = |file: &File| -> Vec<String> {
            file.scan.panics.iter().map(|(what, line)| format!("{}:{line}: {what}", file.path)).collect()
        };
        self.files.iter().flat_map(panics).collect()
    }

    /// The crate and module that a path leads to; nothing if it stays in the file, or leaves these crates.
    fn resolve(&self, file: &File, named: &Named) -> Option<Vec<String>> {
        let path = absolute(file, named)?;
        let short =
            (2..=path.len()).rev().find_map(|length| Some((length, self.offered.get(&path[..length])?)));
        Some(match short {
            Some((length, whole)) => [whole, &path[length..]].concat(),
            None => path,
        })
    }
}

/// The path from its crate on.
fn absolute(file: &File, named: &Named) -> Option<Vec<String>> {
    let mut segments = named.path.iter().peekable();
    let mut path = match segments.next()?.as_str() {
        "crate" => vec![file.module[0].clone()],
        "narthex" => vec!["core".to_owned()],
        "narthex_host" => vec!["host".to_owned()],
        "self" => file.module.iter().chain(&named.inside).cloned().collect(),
        "super" => {
            let mut path: Vec<String> = file.module.iter().chain(&named.inside).cloned().collect();
            path.pop();
            while segments.next_if(|segment| *segment == "super").is_some() {
                path.pop();
            }
            path
        }
        // A module of this file: `counter::Counter` beside `mod counter;`.
        first if named.inside.is_empty() && file.scan.modules.iter().any(|module| module == first) => {
            let mut path = file.module.clone();
            path.push(first.to_owned());
            path
        }
        _ => return None,
    };
    path.extend(segments.cloned());
    Some(path)
}

/// The innermost layer that holds a path.
fn layer<'a>(layers: &'a [Layer], path: &[String]) -> Option<&'a Layer> {
    let holds = |layer: &&Layer| {
        let module: Vec<&str> = layer.module.split("::").collect();
        path.len() >= module.len() && module.iter().zip(path).all(|(a, b)| a == b)
    };
    layers.iter().filter(holds).max_by_key(|layer| layer.module.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYERS: &[Layer] = &[
        Layer { module: "core::model", may: &[], siblings_apart: false },
        Layer { module: "core::wire", may: &["core::model"], siblings_apart: false },
        Layer { module: "core::transport", may: &["core::wire"], siblings_apart: true },
        Layer { module: "host::relay::link", may: &[], siblings_apart: false },
        Layer { module: "host::relay", may: &["core::wire"], siblings_apart: false },
    ];

    fn strays(path: &str, source: &str) -> Vec<String> {
        let file = |path: &str, source| match path.split_once('/') {
            Some(("core", _)) => File::new("core", "core/src", path, source),
            _ => File::new("host", "host/src", path, source),
        };
        let root = file(
            "core/src/lib.rs",
            "pub mod model; pub mod wire; pub use wire::Record; pub use model::{Name};",
        );
        Tree::new(vec![root, file(path, source)]).strays(LAYERS)
    }

    #[test]
    fn lets_pass_what_the_table_allows() {
        assert!(
            strays("core/src/wire/mod.rs", "mod schema; use schema::X; use crate::model::Y; use std::io;")
                .is_empty()
        );
        assert!(
            strays("core/src/wire/schema.rs", "use super::X; use crate::Name; fn f() -> crate::wire::Y {}")
                .is_empty()
        );
        assert_eq!(strays("host/src/relay/session.rs", "use narthex::wire::X; use super::link::Y;").len(), 1);
    }

    #[test]
    fn refuses_a_layer_that_knows_too_much() {
        for source in [
            "use crate::wire::X;",
            "use super::super::wire;",
            "use crate::{model::Y, wire::X};",
            "fn f() { crate::wire::f() }",
            "use crate::Record;",
            "use crate::*;",
            "mod a { use super::super::super::wire::X; }",
        ] {
            assert_eq!(strays("core/src/model/name.rs", source).len(), 1, "{source}");
        }
        assert_eq!(
            strays("core/src/model/name.rs", "\nuse crate::wire::X;"),
            ["core/src/model/name.rs:2: core::model must not know core::wire::X"]
        );
        assert_eq!(strays("host/src/relay/link/tcp.rs", "use narthex::wire::X;").len(), 1);
        assert_eq!(strays("host/src/relay/link/tcp.rs", "use crate::relay::session::X;").len(), 1);
        assert_eq!(strays("host/src/relay/link/tcp.rs", "use super::super::session::X;").len(), 1);
    }

    #[test]
    fn looks_through_what_is_offered_on() {
        let file = |path: &str, source| File::new("host", "host/src", path, source);
        let relay = "pub mod link; pub mod fleet; pub use link::Link; pub use fleet::Fleet;";
        let strays = |source| {
            let files =
                vec![file("host/src/relay/mod.rs", relay), file("host/src/relay/link/tcp.rs", source)];
            Tree::new(files).strays(LAYERS).len()
        };
        assert_eq!(strays("use crate::relay::Link; use super::super::Link;"), 0);
        assert_eq!(strays("use crate::relay::Fleet; use super::super::Fleet::new;"), 2);
    }

    #[test]
    fn keeps_transports_apart() {
        assert!(strays("core/src/transport/io.rs", "use super::Shared; use crate::wire::X;").is_empty());
        assert_eq!(strays("core/src/transport/io.rs", "use super::udp::X;").len(), 1);
    }

    #[test]
    fn refuses_a_module_without_a_layer() {
        assert_eq!(strays("core/src/utils/mod.rs", "").len(), 1);
    }

    #[test]
    fn sends_packages_to_their_place() {
        let packages = &[Package { krate: "core", name: "zmij", places: &["core/src/text/"] }];
        let misplaced = |path, source| {
            Tree::new(vec![File::new("core", "core/src", path, source)]).misplaced(packages).len()
        };
        assert_eq!(misplaced("core/src/text/number.rs", "use zmij::Buffer;"), 0);
        assert_eq!(misplaced("core/src/wire/number.rs", "fn f() { zmij::Buffer::new() }"), 1);
        assert_eq!(misplaced("core/src/wire/number.rs", "use zmij;"), 1);
        assert_eq!(misplaced("core/src/wire/number.rs", "mod zmij; use zmij::X;"), 0);
    }
}
