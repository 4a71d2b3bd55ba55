//! What concbench says of a busy machine, from outside: `doctor`, and a run.

use std::fs;
use std::hint::black_box;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use concbench::record::{Record, store};
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

/// Something else that never pauses, on so many cores.
fn beside_spinners<T>(cores: usize, work: impl FnOnce() -> T) -> T {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    black_box(());
                }
            });
        }
        let result = work();
        done.store(true, Ordering::Relaxed);
        result
    })
}

#[test]
fn a_machine_with_a_load_is_unfit_and_strict_refuses_it() {
    let output = beside_spinners(1, || doctor(&["--format", "json", "--strict"]));
    let diagnosis = json(&output);
    assert_eq!(finding(&diagnosis, "foreign")["state"], "unfit", "{diagnosis}");
    assert_eq!(diagnosis["overall"], "unfit");
    assert_eq!(output.status.code(), Some(75));
}

#[test]
fn without_strict_the_findings_are_the_answer() {
    let output = beside_spinners(1, || doctor(&["--format", "json"]));
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

/// Blocks of a fifth of a second, in which our own share of the processor is next to nothing.
const DEFINITION: &str = r#"
[[workload]]
name = "nap"
task = { kernel = "sleep", wait_us = 100000 }
tasks = 2
teaches = "what somebody else does meanwhile"
why-this-size = "long enough that the kernel's ticks can tell"
models = ["tokio-multi-thread"]
"#;

#[test]
fn spinners_on_all_cores_trip_the_gate_of_a_run_and_its_report_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let definition = folder.path().join("nap.toml");
    fs::write(&definition, DEFINITION).unwrap();
    let run = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_concbench"));
        command
            .args(["run", "--quiet", "--only", "matrix", "--blocks", "10", "--definition"])
            .arg(&definition);
        command.arg("--out").arg(folder.path()).output().unwrap()
    };
    let output = beside_spinners(thread::available_parallelism().unwrap().get(), run);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let latest = folder.path().join("latest");
    let record: Record = store::load(&latest).unwrap();
    let blocks = &record.noise.blocks;
    assert_eq!(blocks.len(), 10);
    let breached = blocks.iter().filter(|block| block.breach.is_some()).count();
    assert!(breached >= 8, "{blocks:?}");
    assert_eq!(blocks.iter().map(|block| block.repeats).sum::<u32>(), 1, "a tenth is measured again");
    let page = fs::read_to_string(latest.join("index.html")).unwrap();
    for said in
        ["was not quiet: other processes used", "1 block measured again", "10 blocks, 1 measured again"]
    {
        assert!(page.contains(said), "{said}");
    }
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains(&format!("{breached} of 10 blocks not quiet, 1 measured again")), "{table}");
}
