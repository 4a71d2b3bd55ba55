//! What the documents say, against what is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use regex::Regex;

const DOCUMENTS: [&str; 10] = [
    "README.md",
    "METHODOLOGY.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/DEFINITIONS.md",
    "docs/SHARING.md",
    "docs/ROWS.md",
    "docs/PROTOCOL.md",
    "docs/PULL-REQUESTS.md",
    "fleet/README.md",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn matches(pattern: &str, text: &str) -> BTreeSet<String> {
    Regex::new(pattern).unwrap().captures_iter(text).map(|found| found[1].to_owned()).collect()
}

fn concbench(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_concbench")).args(arguments).output().unwrap()
}

/// The sources below a folder, as one text.
fn sources(folder: &Path) -> String {
    let paths = |folder: &Path| -> Vec<PathBuf> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    };
    let mut text = String::new();
    for path in paths(folder) {
        if path.is_dir() && !path.ends_with("node_modules") {
            text += &sources(&path);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text += &fs::read_to_string(&path).unwrap();
        }
    }
    text
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    for document in DOCUMENTS {
        let folder = root().join(document).parent().unwrap().to_owned();
        let text = read(document);
        let mut targets = matches(r"\]\(([^)#:]+)[^):]*\)", &text);
        targets.extend(matches(r#"(?:src|srcset)="([^"]+)""#, &text));
        for target in targets {
            assert!(folder.join(&target).exists(), "{document} links to {target}");
        }
    }
}

#[test]
fn every_test_that_the_methodology_names_exists() {
    let all: String =
        ["src", "crates", "tests", "workloads"].map(|folder| sources(&root().join(folder))).concat();
    let tests = matches(r"#\[test\]\s+(?:#\[.*\]\s+)*fn ([a-z0-9_]+)\(", &all);
    let named = matches(r"`(?:\w+::)*([a-z0-9]+(?:_[a-z0-9]+){3,})`", &read("METHODOLOGY.md"));
    assert!(named.len() > 30, "{named:?}");
    let missing: Vec<_> = named.difference(&tests).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_readme_shows_the_whole_example_which_has_at_most_thirty_lines() {
    let example = read("examples/checkout/benches/checkout.rs");
    assert!(example.lines().count() <= 30);
    let code: Vec<_> =
        example.lines().skip_while(|line| line.starts_with("//!") || line.is_empty()).collect();
    assert!(read("README.md").contains(&code.join("\n")));
}

#[test]
fn the_readme_has_every_flag_with_its_variable_and_every_command() {
    let readme = read("README.md");
    let help = String::from_utf8(concbench(&["run", "--help"]).stdout).unwrap();
    let variables = matches(r"env: (CONCBENCH_[A-Z]+)", &help);
    assert!(variables.len() > 10, "{help}");
    for variable in variables {
        assert!(readme.contains(&format!("`{variable}")), "the README lacks {variable}");
    }
    let help = String::from_utf8(concbench(&["--help"]).stdout).unwrap();
    let commands = matches(r"(?m)^  ([a-z]+) ", &help);
    for command in commands.iter().filter(|command| *command != "help") {
        assert!(readme.contains(&format!("`concbench {command}")), "the README lacks {command}");
    }
}

#[test]
fn the_definition_of_the_readme_is_one() {
    let readme = read("README.md");
    let start = readme.find("[[workload]]").expect("the README shows a definition");
    let length = readme[start..].find("```").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.toml");
    fs::write(&path, &readme[start..start + length]).unwrap();
    let output = concbench(&["list", "--cells", "--format", "csv", "--definition", path.to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let cells = String::from_utf8(output.stdout).unwrap();
    assert!(cells.contains("thread-pool@16") && cells.contains("+twin"), "{cells}");
}
