//! The tree keeps its layers: who may know whom, where each external package is named, what stands at the top.

use narthex_tests::layers::rules::{LAYERS, PACKAGES, TOP};
use narthex_tests::layers::{File, Tree};
use narthex_tests::root;
use std::fs;

/// Fails with every finding on a line of its own.
#[track_caller]
fn none(findings: &[String]) {
    assert!(findings.is_empty(), "{} found:\n{}", findings.len(), findings.join("\n"));
}

fn crates() -> Tree {
    let mut files = File::all(root(), "core", "core/src");
    files.extend(File::all(root(), "host", "host/src"));
    Tree::new(files)
}

#[test]
fn modules_know_only_what_they_may() {
    none(&crates().strays(LAYERS));
}

#[test]
fn packages_are_named_in_their_one_place() {
    none(&crates().misplaced(PACKAGES));
}

#[test]
fn every_package_has_its_place() {
    let mut homeless = Vec::new();
    for krate in ["core", "host"] {
        let manifest =
            fs::read_to_string(root().join(krate).join("Cargo.toml")).expect("the manifest can be read");
        let lines = manifest.lines().skip_while(|line| *line != "[dependencies]").skip(1);
        for line in lines.take_while(|line| !line.starts_with('[')) {
            let Some((name, _)) = line.split_once(['=', '.']).filter(|_| !line.starts_with('#')) else {
                continue;
            };
            let name = name.trim().replace('-', "_");
            if !PACKAGES.iter().any(|package| package.krate == krate && package.name == name) {
                homeless.push(format!("{krate}/Cargo.toml: {name}"));
            }
        }
    }
    none(&homeless);
}

#[test]
fn core_does_not_panic() {
    none(&Tree::new(File::all(root(), "core", "core/src")).panics());
}

#[test]
fn the_top_holds_only_what_was_agreed() {
    let mut strangers: Vec<String> = fs::read_dir(root())
        .expect("the root can be read")
        .map(|entry| entry.expect("the entry can be read").file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.') && name != "target" && !TOP.contains(&name.as_str()))
        .collect();
    strangers.sort();
    none(&strangers);
}
