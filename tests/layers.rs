//! The layers of the crate: imports point one way, and nothing below the experiments knows one of them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The modules of `src/`, from the lowest to the highest: each may name those before it, and itself.
const LAYERS: [&str; 17] = [
    "time",
    "criterion_home",
    "spec",
    "record",
    "machine",
    "registry",
    "runner",
    "batch",
    "report",
    "printing",
    "experiment",
    "run",
    "selftest",
    "cmd",
    "bench",
    "roles",
    "harness",
];

/// Modules that only tests have, and crates that are re-exported under these names.
const ELSEWHERE: [&str; 5] = ["fuzz", "lib", "main", "model", "models"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, found),
            false if path.extension().is_some_and(|extension| extension == "rs") => found.push(path),
            false => {}
        }
    }
}

/// The code of a file, without comments and without its tests.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The top-level module that a file belongs to.
fn module(path: &Path) -> String {
    let below = path.strip_prefix(root().join("src")).unwrap();
    let first = below.components().next().unwrap().as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// The names that follow `crate::` in some code.
fn named(code: &str) -> BTreeSet<&str> {
    let word = |rest: &str| rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    code.match_indices("crate::")
        .map(|(at, found)| &code[at + found.len()..])
        .map(|rest| &rest[..word(rest)])
        .collect()
}

fn is_test(path: &Path) -> bool {
    path.components().any(|part| {
        ["tests.rs", "mock.rs", "fuzz", "rehearsal.rs"].iter().any(|name| part.as_os_str() == *name)
    })
}

#[test]
fn every_import_points_to_a_layer_below() {
    let mut sources = Vec::new();
    files(&root().join("src"), &mut sources);
    let rank = |name: &str| LAYERS.iter().position(|layer| *layer == name);
    let mut upwards = Vec::new();
    for path in sources.iter().filter(|path| !is_test(path)) {
        let own = module(path);
        if ELSEWHERE.contains(&own.as_str()) {
            continue;
        }
        let own_rank = rank(&own).unwrap_or_else(|| panic!("{own} stands in no layer"));
        let code = code(path);
        for name in named(&code).into_iter().filter(|name| rank(name).is_some_and(|rank| rank > own_rank)) {
            upwards.push(format!("{} names crate::{name}", path.display()));
        }
    }
    assert!(upwards.is_empty(), "{upwards:#?}");
}

#[test]
fn nothing_but_its_folder_and_the_list_names_an_experiment() {
    let list = std::fs::read_to_string(root().join("src/experiment/mod.rs")).unwrap();
    let list = list.split("experiments![\n").nth(1).unwrap().split("];").next().unwrap();
    let names: Vec<(&str, &str)> =
        list.lines().filter_map(|line| line.trim().trim_end_matches(',').split_once("::")).collect();
    assert!(names.len() > 5, "{names:?}");
    let mut sources = Vec::new();
    files(&root().join("src"), &mut sources);
    let mut known = Vec::new();
    for path in sources.iter().filter(|path| !is_test(path)) {
        let text = code(path);
        for (folder, name) in &names {
            let own = path.starts_with(root().join("src/experiment").join(folder));
            let list = path.ends_with("src/experiment/mod.rs");
            let mut paths = vec![format!("experiment::{folder}"), format!("{folder}::{name}")];
            // Another module may have a file of that name.
            if path.starts_with(root().join("src/experiment")) {
                paths.push(format!("super::{folder}::"));
            }
            if !own && !list && paths.iter().any(|path| text.contains(path)) {
                known.push(format!("{} names {folder}", path.display()));
            }
        }
    }
    assert!(known.is_empty(), "{known:#?}");
}
