//! Reports in a real browser: what the other tests cannot see.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use concbench::record::{Record, store};
use concbench::results::{CompareOptions, compare, write_comparison, write_report};

fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).expect("a folder for the test");
    folder
}

/// Opens the page; what the browser finds fault with ends the test.
fn check(page: &Path, sections: &[&str]) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/check.mjs");
    let output =
        Command::new("node").arg(script).arg(page).args(sections).output().expect("node is installed");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}: {said}{}", page.display(), String::from_utf8_lossy(&output.stderr));
}

fn check_report(name: &str, record: &Record, sections: &[&str]) {
    check(&write_report(record, &folder(name)).expect("a report"), sections);
}

#[test]
#[ignore = "needs Chromium and node: tests/browser/setup.sh installs what it takes"]
fn a_report_holds_in_a_browser() {
    check_report("browser-sample", &support::sample(), &["--full"]);
}

#[test]
#[ignore = "needs Chromium and node: tests/browser/setup.sh installs what it takes"]
fn a_hostile_report_holds_in_a_browser() {
    check_report("browser-hostile", &support::hostile::hostile(), &[]);
}

#[test]
#[ignore = "needs Chromium and node: tests/browser/setup.sh installs what it takes"]
fn odd_reports_hold_in_a_browser() {
    check_report("browser-failed", &support::odd::all_failed(), &[]);
    check_report("browser-single", &support::odd::single(), &[]);
    check_report("browser-zero", &support::odd::zero(), &[]);
    check_report("browser-long-names", &support::odd::long_names(), &[]);
    check_report("browser-crowd", &support::odd::crowd(), &[]);
}

fn check_comparison(name: &str, records: &[Record], sections: &[&str]) {
    let options = CompareOptions { anyway: true, ..CompareOptions::default() };
    let found = compare(records, &options).expect("they are alike");
    let path = folder(name).join("index.html");
    check(&write_comparison(records, &found, &path).expect("a page"), sections);
}

/// What every comparison of the matrix has.
const COMPARED: [&str; 7] = ["verdict", "regressions", "facts", "ranks", "matrix", "cells", "method"];

#[test]
#[ignore = "needs Chromium and node: tests/browser/setup.sh installs what it takes"]
fn a_comparison_holds_in_a_browser() {
    let slower = support::sample_with(2, |_, model| if model == "rayon" { 1.3 } else { 1.0 });
    let records = [support::sample(), slower, support::sample_with(3, |_, _| 1.1)];
    let more = ["scaling", "granularity", "latency", "timers", "memory", "switches"];
    check_comparison("browser-compare", &records, &[&COMPARED[..], &more].concat());
}

#[test]
#[ignore = "needs Chromium and node: tests/browser/setup.sh installs what it takes"]
fn comparisons_of_hostile_and_odd_records_hold_in_a_browser() {
    let twice = |record: Record| [record.clone(), record];
    check_comparison("browser-compare-hostile", &twice(support::hostile::hostile()), &COMPARED);
    check_comparison("browser-compare-single", &twice(support::odd::single()), &COMPARED);
    check_comparison("browser-compare-zero", &twice(support::odd::zero()), &COMPARED);
    check_comparison("browser-compare-long-names", &twice(support::odd::long_names()), &COMPARED);
}

#[test]
#[ignore = "needs Chromium and node: tests/browser/setup.sh installs what it takes"]
fn the_committed_pages_of_several_runs_hold_in_a_browser() {
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/reference");
    check(&reference.join("compare.html"), &COMPARED);
    check(&reference.join("machines.html"), &COMPARED);
    check(&reference.join("gallery.html"), &["verdict", "speed", "scaling", "machines", "method"]);
}

/// Opens the gallery of these records.
fn check_gallery(name: &str, records: &[Record], sections: &[&str]) {
    let folder = folder(name);
    let mut command = Command::new(env!("CARGO_BIN_EXE_concbench"));
    command.args(["gallery", "--anyway", "--own"]);
    for (number, record) in records.iter().enumerate() {
        let run = folder.join(format!("run-{number}"));
        std::fs::create_dir_all(&run).expect("a folder for the run");
        store::save(record, &run).expect("a record");
        command.arg(run);
    }
    let page = folder.join("index.html");
    let output = command.arg("--out").arg(&page).output().expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    check(&page, sections);
}

/// What every gallery with a run of one's own has.
const GALLERY: [&str; 6] = ["verdict", "yours", "speed", "scaling", "machines", "method"];

#[test]
#[ignore = "needs Chromium and node: tests/browser/setup.sh installs what it takes"]
fn galleries_hold_in_a_browser() {
    let other = |seed, times: f64| {
        let mut record = support::sample_with(seed, |_, _| times);
        record.machine.cores = seed;
        record
    };
    check_gallery(
        "browser-gallery",
        &[support::sample(), other(2, 2.0), other(8, 0.3), other(64, 0.05)],
        &GALLERY,
    );
    let odd = [
        support::hostile::hostile(),
        support::odd::long_names(),
        support::odd::single(),
        support::odd::zero(),
    ];
    check_gallery("browser-gallery-odd", &odd, &GALLERY);
}
