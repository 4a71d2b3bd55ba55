//! `concbench compare`, and what `report` writes for other tools, from the shell's side.

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use concbench::record::{RawExperiment, Record, Status, store};

const POOLS: [&str; 4] = ["thread-pool", "rayon", "process-pool", "process-pool-shm"];

/// Saves a run under a label, as `run` does, and returns its folder.
fn saved(reports: &Path, label: &str, mut record: Record) -> PathBuf {
    record.run.label = label.to_owned();
    record.run.id = format!("20261120T101500Z-{label}");
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

/// Standard output of a command that ends with this code.
fn ends(arguments: &[&str], code: i32) -> String {
    let output = concbench(arguments);
    let errors = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {errors}");
    text(&output.stdout)
}

/// What a command says that ends with code 2: one line.
fn refuses(arguments: &[&str]) -> String {
    let output = concbench(arguments);
    let errors = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {errors}");
    assert!(output.stdout.is_empty() && errors.lines().count() == 1, "{arguments:?}: {errors}");
    errors
}

fn matrix_of(record: &mut Record) -> &mut RawExperiment {
    record.experiments.get_mut("matrix").unwrap()
}

fn slow_pools(_: &str, model: &str) -> f64 {
    if POOLS.contains(&model) { 2.0 } else { 1.0 }
}

#[test]
fn a_slower_family_is_named_and_fails_the_command_on_request() {
    let reports = tempfile::tempdir().unwrap();
    let before = saved(reports.path(), "before", support::sample_with(1, |_, _| 1.0));
    let after = saved(reports.path(), "after", support::sample_with(2, slow_pools));
    let (before, after) = (before.to_str().unwrap(), after.to_str().unwrap());
    let csv = ends(&["compare", before, after, "--format", "csv", "--fail-on-regression", "5%"], 6);
    let mut slower = 0;
    for row in csv::Reader::from_reader(csv.as_bytes()).records() {
        let row = row.unwrap();
        if (&row[0], &row[2]) != ("matrix", "steady_ns") {
            continue;
        }
        let pool = POOLS.iter().any(|pool| row[1].contains(&format!("/{pool}@")));
        assert_eq!(&row[11] == "slower", pool && &row[4] == "after", "{row:?}");
        slower += u32::from(&row[11] == "slower");
    }
    assert!(slower > 10, "{csv}");
    ends(&["compare", before, after], 0);
    ends(&["compare", before, after, "--fail-on-regression", "300%"], 0);
    ends(&["compare", after, before, "--fail-on-regression", "5%"], 0);
    ends(&["compare", before, before, "--fail-on-regression", "0%"], 0);
}

#[test]
fn a_cell_that_broke_fails_the_command_as_well() {
    let reports = tempfile::tempdir().unwrap();
    let before = saved(reports.path(), "before", support::sample());
    let mut record = support::sample();
    let smol = matrix_of(&mut record).cells.iter_mut().find(|cell| cell.id == "factorial/smol@4").unwrap();
    (smol.status, smol.reason) = (Status::Crashed, Some("killed".into()));
    let after = saved(reports.path(), "after", record);
    let (before, after) = (before.to_str().unwrap(), after.to_str().unwrap());
    ends(&["compare", before, after, "--fail-on-regression", "5%"], 6);
    ends(&["compare", after, before, "--fail-on-regression", "5%"], 0);
}

#[test]
fn a_gate_that_could_not_fail_is_refused() {
    let reports = tempfile::tempdir().unwrap();
    let before = saved(reports.path(), "before", support::sample());
    let mut record = support::sample();
    record.run.blocks = 11;
    let after = saved(reports.path(), "after", record);
    let (before, after) = (before.to_str().unwrap(), after.to_str().unwrap());
    ends(&["compare", before, after], 0);
    for gate in [[before, after], [after, before]] {
        ends(&["compare", gate[0], gate[1], "--fail-on-regression", "5%"], 2);
    }
}

#[test]
fn five_runs_by_folder_or_record_stand_beside_each_other() {
    let reports = tempfile::tempdir().unwrap();
    let mut paths: Vec<String> = (0..5u32)
        .map(|n| {
            let run = support::sample_with(n.into(), |_, _| 1.0 + f64::from(n) / 2.0);
            saved(reports.path(), &format!("machine-{n}"), run).to_str().unwrap().to_owned()
        })
        .collect();
    paths[1] += "/results.json";
    let mut arguments = vec!["compare"];
    arguments.extend(paths.iter().map(String::as_str));
    arguments.extend(["--price", "machine-0=0.10", "--price", "machine-4=0.05"]);
    let table = ends(&arguments, 0);
    for n in 1..5 {
        assert!(table.contains(&format!("machine-{n} is 0.")), "{table}");
    }
    assert_eq!(table.matches("work for the money").count(), 1, "{table}");
    let pages = |folder: &Path| {
        let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        names.map(|name| name.into_string().unwrap()).filter(|name| name.ends_with(".html")).collect()
    };
    let beside: Vec<String> = pages(reports.path());
    assert_eq!(beside.len(), 1, "{beside:?}");
    assert!(beside[0].starts_with("compare-20261120t101500z-machine-0-") && beside[0].contains("and-2-more"));
    arguments.extend(["--format", "json", "--out"]);
    let (file, folder) = (reports.path().join("deep/here.html"), reports.path().join("there"));
    arguments.push(file.to_str().unwrap());
    let json: serde_json::Value = serde_json::from_str(&ends(&arguments, 0)).unwrap();
    assert_eq!(json["places"].as_array().unwrap().len(), 5);
    assert!(file.is_file());
    *arguments.last_mut().unwrap() = folder.to_str().unwrap();
    ends(&arguments, 0);
    assert_eq!(pages(&folder), beside);
}

#[test]
fn what_must_not_be_compared_is_refused_with_what_to_do_and_flagged_on_demand() {
    let reports = tempfile::tempdir().unwrap();
    let first = saved(reports.path(), "first", support::sample());
    let mut older = support::sample();
    older.tool.version = "0.0.9".into();
    let older = saved(reports.path(), "older", older);
    let mut shorter = support::sample_with(2, |_, _| 1.0);
    shorter.run.complete = false;
    let shorter = saved(reports.path(), "shorter", shorter);
    let [first, older, shorter] = [&first, &older, &shorter].map(|path| path.to_str().unwrap());
    let refusal = refuses(&["compare", first, older]);
    for said in ["the version of the tool differs", "0.0.9", "measure both with one version", "--anyway"] {
        assert!(refusal.contains(said), "{refusal}");
    }
    assert!(ends(&["compare", first, older, "--anyway"], 0).contains("Caution: the version of the tool"));
    let flagged = ends(&["compare", first, shorter, "--format", "md"], 0);
    assert!(flagged.contains("shorter is incomplete: complete it"), "{flagged}");
}

#[test]
fn few_common_cells_are_compared_and_none_is_refused() {
    let reports = tempfile::tempdir().unwrap();
    let first = saved(reports.path(), "first", support::sample());
    let cut = |label: &str, keep: &[&str]| {
        let mut record = support::sample_with(2, |_, _| 1.0);
        record.experiments.retain(|id, _| id == "matrix");
        record.noise.blocks.clear();
        matrix_of(&mut record).cells.retain(|cell| keep.contains(&cell.id.as_str()));
        concbench::results::complete(&mut record).unwrap();
        saved(reports.path(), label, record)
    };
    let few = cut("few", &["count/rayon@4", "count/sequential@1"]);
    let none = cut("none", &[]);
    let [first, few, none] = [&first, &few, &none].map(|path| path.to_str().unwrap());
    let csv = ends(&["compare", first, few, "--format", "csv"], 0);
    assert_eq!(csv.matches(",steady_ns,").count(), 2 * 2, "{csv}");
    let refusal = refuses(&["compare", first, none]);
    assert!(refusal.contains("no measured cell in common"), "{refusal}");
}

#[test]
fn bad_arguments_are_answered_in_one_line() {
    let reports = tempfile::tempdir().unwrap();
    let run = saved(reports.path(), "only", support::sample());
    let run = run.to_str().unwrap();
    let cases: [(&[&str], &str); 6] = [
        (&["compare", run], "2 values"),
        (&["compare", run, "/nowhere/at/all"], "/nowhere/at/all"),
        (&["compare", run, run, "--price", "other=1"], "they have `only`"),
        (&["compare", run, run, "--price", "only=-1"], "a number from 0.000001 to 1000000000"),
        (&["compare", run, run, "--fail-on-regression", "5"], "0% to 1000%"),
        (&["compare", run, run, "--format", "bmf"], "possible values"),
    ];
    for (arguments, said) in cases {
        let errors = refuses(arguments);
        assert!(errors.contains(said), "{errors}");
    }
}

#[test]
fn hostile_records_write_nothing_elsewhere_and_command_no_terminal() {
    let reports = tempfile::tempdir().unwrap();
    let mut run = support::hostile::hostile();
    run.tool.profile = "release".into();
    run.run.id = "../../../etc/passwd\u{1b}[31m".into();
    run.run.label = "\u{1b}[31mred\u{202e}".into();
    let mut paths = Vec::new();
    for name in ["a", "b"] {
        let folder = reports.path().join("inner").join(name);
        std::fs::create_dir_all(&folder).unwrap();
        store::save(&run, &folder).unwrap();
        paths.push(folder.to_str().unwrap().to_owned());
    }
    run.tool.version = "\u{1b}[2J".into();
    store::save(&run, Path::new(&paths[1])).unwrap();
    let acts = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    let cases: [(&[&str], i32); 4] =
        [(&["--anyway"], 0), (&["--anyway", "--format", "md"], 0), (&["--price", "x=1"], 2), (&[], 2)];
    for (arguments, code) in cases {
        let output = concbench(&[&["compare", &paths[0], &paths[1]], arguments].concat());
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output.stderr));
        for stream in [output.stdout, output.stderr] {
            assert!(!text(&stream).contains(acts), "{}", text(&stream).escape_debug());
        }
    }
    let mut written: Vec<_> =
        std::fs::read_dir(reports.path().join("inner")).unwrap().map(|entry| entry.unwrap().path()).collect();
    written.retain(|path| path.is_file());
    assert_eq!(written.len(), 1, "{written:?}");
    assert_eq!(std::fs::read_dir(reports.path()).unwrap().count(), 1);
}

#[test]
fn report_writes_what_continuous_benchmarking_reads() {
    let reports = tempfile::tempdir().unwrap();
    let folder = saved(reports.path(), "ci", support::sample());
    let export = |format: &str| -> serde_json::Value {
        let written = ends(&["report", folder.to_str().unwrap(), "--format", format], 0);
        serde_json::from_str(&written).unwrap()
    };
    assert!(export("bmf")["factorial/rayon@4"]["steady_ns"]["value"].is_number());
    let entries = export("github-action-benchmark");
    assert!(entries.as_array().unwrap().iter().any(|entry| entry["name"] == "factorial/rayon@4 steady_ns"));
}

#[test]
fn a_comparison_in_markdown_is_a_comment_whose_table_opens() {
    let reports = tempfile::tempdir().unwrap();
    let before = saved(reports.path(), "before", support::sample());
    let after = saved(reports.path(), "after", support::sample_with(2, slow_pools));
    let text = ends(&["compare", before.to_str().unwrap(), after.to_str().unwrap(), "--format", "md"], 0);
    assert!(text.starts_with("- ") && text.len() <= 65_536, "{text}");
    let (list, table) = text.split_once("<details><summary>Figures of ").expect("a table that opens");
    assert!(list.contains("Worse by more than 5.0 %"), "{list}");
    let rows = table.lines().filter(|line| line.starts_with('|')).count();
    assert!(rows > 50 && table.trim_end().ends_with("</details>"), "{table}");
}
