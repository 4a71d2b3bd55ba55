//! Reports in a real browser: what the other tests cannot see.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use concbench::record::Record;
use concbench::results::write_report;

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
