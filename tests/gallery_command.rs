//! `concbench gallery` and `concbench check`, from the shell's side.

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use concbench::record::{Record, store};

/// Saves a run under a label, as `run` does, and returns its folder.
fn saved(reports: &Path, label: &str, mut record: Record) -> PathBuf {
    record.run.label = label.to_owned();
    record.run.id = format!("20261120T101500Z-{label}");
    record.run.command = format!("concbench run --label {label}");
    // The others say nothing to a gallery.
    record.experiments.retain(|id, _| id == "matrix");
    let folder = reports.join(&record.run.id);
    std::fs::create_dir_all(&folder).unwrap();
    store::save(&record, &folder).unwrap();
    folder
}

fn concbench(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_concbench")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Standard output and standard error of a command that ends with this code.
fn ends(arguments: &[&str], code: i32) -> (String, String) {
    let output = concbench(arguments);
    let errors = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {errors}");
    (text(&output.stdout), errors)
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_gallery_shows_every_run_of_a_folder_and_names_what_it_leaves_out() {
    let reports = tempfile::tempdir().unwrap();
    for (label, times) in [("quick-8", 0.5), ("slow-2", 3.0)] {
        saved(reports.path(), label, support::sample_with(2, |_, _| times));
    }
    std::fs::write(reports.path().join("torn.json"), "{\"schema\": 2, \"tool\": {").unwrap();
    std::fs::write(reports.path().join("old.json"), "{\"schema\": 1}").unwrap();
    let mut debug = support::sample();
    debug.tool.profile = "debug".into();
    saved(reports.path(), "debug-4", debug);
    let own = tempfile::tempdir().unwrap();
    let own = saved(own.path(), "mine-4", support::sample());
    let page = reports.path().join("gallery.html");
    let (table, said) = ends(
        &[
            "gallery",
            path(reports.path()),
            "--own",
            path(&own),
            "--price",
            "mine-4=1",
            "--price",
            "slow-2=0.5",
            "--out",
            path(&page),
            "--format",
            "csv",
        ],
        0,
    );
    let left_out: Vec<&str> = said.lines().filter(|line| line.starts_with("left out: ")).collect();
    assert_eq!(left_out.len(), 3, "{said}");
    assert!(left_out.iter().any(|line| line.contains("old.json: schema 1, only 2 is read")), "{said}");
    assert!(left_out.iter().any(|line| line.contains("torn.json: no record")), "{said}");
    assert!(left_out.iter().any(|line| line.contains("debug-4: a debug build")), "{said}");
    assert!(
        said.contains("Computing: yours gets more done than 1 of 2 other runs (percentile 50)."),
        "{said}"
    );
    let rows: Vec<csv::StringRecord> =
        csv::Reader::from_reader(table.as_bytes()).records().map(Result::unwrap).collect();
    let of = |machine: &str| rows.iter().find(|row| &row[0] == machine && &row[2] == "computing").unwrap();
    let near = |text: &str, expected: f64| (text.parse::<f64>().unwrap() / expected - 1.0).abs() < 0.05;
    assert!(near(&of("quick-8")[5], 2.0) && near(&of("slow-2")[5], 1.0 / 3.0), "{table}");
    assert!(near(&of("slow-2")[9], 2.0 / 3.0) && of("quick-8")[9].is_empty(), "{table}");
    let html = std::fs::read_to_string(page).unwrap();
    for name in ["mine-4 (yours)", "quick-8", "slow-2", "What was left out?", "debug build"] {
        assert!(html.contains(name), "{name}");
    }
    assert!(!html.contains("<b>debug-4"), "a debug build is shown");
}

#[test]
fn a_gallery_refuses_in_one_line_what_was_named() {
    let reports = tempfile::tempdir().unwrap();
    let run = saved(reports.path(), "lab-4", support::sample());
    let torn = reports.path().join("torn.json");
    std::fs::write(&torn, "{\"schema\": 2").unwrap();
    let empty = tempfile::tempdir().unwrap();
    let mut debug = support::sample();
    debug.tool.profile = "debug".into();
    let debug = saved(&reports.path().join("more"), "debug-4", debug);
    let page = reports.path().join("gallery.html");
    let (run, page) = (path(&run), path(&page));
    for named in [path(&torn), path(empty.path()), path(&debug), "/no/such/run"] {
        let (output, errors) = ends(&["gallery", named, "--out", page], 2);
        assert!(output.is_empty() && errors.lines().count() == 1, "{named}: {errors}");
    }
    let (_, errors) = ends(&["gallery", run, "--price", "x=1", "--out", page], 2);
    assert!(errors.contains("no run has the label `x`"), "{errors}");
    ends(&["gallery", path(&debug), "--anyway", "--out", page], 0);
    let (_, errors) = ends(&["gallery", run, run, "--out", page], 0);
    assert!(errors.contains("it was given twice"), "{errors}");
}

/// What `check` says of a run, and whether it refuses it.
fn checked(record: &Record, label: &str, change: impl Fn(&mut Record)) -> (String, bool) {
    let reports = tempfile::tempdir().unwrap();
    let mut record = record.clone();
    record.tool.commit = None;
    change(&mut record);
    let folder = saved(reports.path(), label, record);
    let output = concbench(&["check", path(&folder)]);
    let said = text(&output.stdout);
    for line in said.lines() {
        assert!(line.starts_with("refused: ") || line.starts_with("flagged: "), "{said}");
    }
    let code = output.status.code();
    assert!([Some(0), Some(2)].contains(&code), "{said}");
    assert_eq!(code == Some(2), said.contains("refused: "), "{said}");
    (said, code == Some(2))
}

#[test]
fn a_check_refuses_what_others_should_not_read_each_in_one_line() {
    let single = support::odd::single();
    let (said, refused) = checked(&single, "lab-4-cores", |_| ());
    assert!(!refused, "{said}");
    type Case = (&'static str, fn(&mut Record), &'static str);
    let cases: [Case; 4] = [
        ("db01.corp.example", |_| (), "run.label holds the host name `db01.corp.example`"),
        ("lab-4", |record| record.tool.profile = "debug".into(), "measured by a debug build"),
        ("lab-4", |record| record.tool.version = "0.0.1".into(), "measured by version 0.0.1"),
        (
            "lab-4",
            |record| record.run.notes.push("mail bob@example.org".into()),
            "run.notes holds the e-mail address `bob@example.org`",
        ),
    ];
    for (label, change, expected) in cases {
        let (said, _) = checked(&single, label, change);
        let lines: Vec<&str> = said.lines().filter(|line| line.starts_with("refused: ")).collect();
        assert!(lines.len() == 1 && lines[0].contains(expected), "{expected}: {said}");
    }
}

#[test]
fn a_torn_record_is_refused_in_one_line() {
    let reports = tempfile::tempdir().unwrap();
    let folder = saved(reports.path(), "lab-4", support::odd::single());
    let record = folder.join("results.json");
    let whole = std::fs::read(&record).unwrap();
    std::fs::write(&record, &whole[..whole.len() / 2]).unwrap();
    let (said, _) = ends(&["check", path(&record)], 2);
    assert!(said.lines().count() == 1 && said.contains("no record: "), "{said}");
}
