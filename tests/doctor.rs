//! `concbench doctor`, from outside.

use std::hint::black_box;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::Value;

fn doctor(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_concbench"));
    command.arg("doctor").args(arguments).output().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

fn finding<'a>(diagnosis: &'a Value, id: &str) -> &'a Value {
    let findings = diagnosis["findings"].as_array().unwrap();
    findings.iter().find(|finding| finding["id"] == id).unwrap()
}

/// Something else that never pauses.
fn beside_a_spinner<T>(work: impl FnOnce() -> T) -> T {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                black_box(());
            }
        });
        let result = work();
        done.store(true, Ordering::Relaxed);
        result
    })
}

#[test]
fn a_machine_with_a_load_is_unfit_and_strict_refuses_it() {
    let output = beside_a_spinner(|| doctor(&["--format", "json", "--strict"]));
    let diagnosis = json(&output);
    assert_eq!(finding(&diagnosis, "foreign")["state"], "unfit", "{diagnosis}");
    assert_eq!(diagnosis["overall"], "unfit");
    assert_eq!(output.status.code(), Some(75));
}

#[test]
fn without_strict_the_findings_are_the_answer() {
    let output = beside_a_spinner(|| doctor(&["--format", "json"]));
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty());
}

#[test]
fn whatever_is_unknown_says_why_and_whatever_is_wrong_says_what_to_do() {
    let diagnosis = json(&doctor(&["--format", "json"]));
    for finding in diagnosis["findings"].as_array().unwrap() {
        let found = finding["found"].as_str().unwrap();
        match finding["state"].as_str().unwrap() {
            "good" => assert!(!found.contains("unknown"), "{finding}"),
            "unknown" => assert!(found.starts_with("unknown: "), "{finding}"),
            _ => assert!(!finding["remedy"].as_str().unwrap().is_empty(), "{finding}"),
        }
    }
}

#[test]
fn every_format_names_every_finding() {
    let ids: Vec<String> = json(&doctor(&["--format", "json"]))["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["id"].as_str().unwrap().to_owned())
        .collect();
    assert!(ids.len() > 10);
    for format in ["table", "md", "csv"] {
        let text = String::from_utf8(doctor(&["--format", format]).stdout).unwrap();
        for id in &ids {
            assert!(text.contains(id.as_str()), "{format}: {id}");
        }
    }
    assert_eq!(doctor(&["--format", "xml"]).status.code(), Some(2));
}
