//! The report of a run, as the one who opens its files sees it.

mod support;

use std::path::PathBuf;

use concbench::record::{CellRecord, Run, Status};
use concbench::report::{self, Export, Format};

fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder for the test");
    folder
}

#[test]
fn a_folder_holds_every_file_and_no_other() {
    let folder = folder("report-sample");
    let index = report::write_all(&support::sample(), &folder).expect("a report");
    assert_eq!(index, folder.join("index.html"));
    let mut names: Vec<_> = std::fs::read_dir(&folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a plain name"))
        .collect();
    names.sort();
    assert_eq!(names, ["charts", "index.html", "results.csv", "summary.md", "traces"]);
}

#[test]
fn the_same_record_gives_the_same_bytes() {
    let run = support::sample();
    assert_eq!(report::html(&run).expect("a page"), report::html(&run.clone()).expect("a page"));
}

#[test]
fn a_page_of_fifteen_models_and_six_workloads_stays_under_a_megabyte() {
    let page = report::html(&support::sample()).expect("a page");
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
}

#[test]
fn a_cell_without_a_figure_says_why() {
    let run = support::sample();
    let page = report::html(&run).expect("a page");
    let table = report::table(&run, Format::Table);
    for text in ["unsupported", "failed", "timed out", "crashed"] {
        assert!(page.contains(text) && table.contains(text), "{text}");
    }
    assert!(page.contains("connection reset by the target"));
}

#[test]
fn what_a_run_could_not_have_seen_is_said_wherever_it_is_shown() {
    let run = support::sample();
    for verdict in &run.verdicts {
        assert!(verdict.smallest_effect > verdict.noise_floor, "{verdict:?}");
    }
    for format in [Format::Table, Format::Md] {
        let table = report::table(&run, format);
        let said = table.matches("smallest effect called different ").count();
        assert_eq!(said, run.workloads.len(), "{table}");
        // The sample has one block of each workload measured again, and one that was not quiet even then.
        assert_eq!(table.matches("of 20 blocks not quiet, 1 measured again").count(), run.workloads.len());
    }
    let folder = folder("report-noise");
    report::write_all(&run, &folder).expect("a report");
    for file in ["summary.md", "index.html"] {
        let text = std::fs::read_to_string(folder.join(file)).expect("it was written");
        assert!(text.contains("to be called one in four of five such runs"), "{file}");
    }
    let page = report::html(&run).expect("a page");
    let (title, breach) =
        ("What else the machine did, block by block", "steal 6.1 % of CPU time, the gate is 5 %");
    // The words of its fold; what it unfolds is labelled with them again.
    let (_, table) = page.split_once(title).unwrap_or_else(|| panic!("no table: {title}"));
    assert!(table.contains(breach) && table.contains("6.1 %"));
}

fn measured<'a>(run: &'a Run, workload: &str) -> Vec<&'a CellRecord> {
    let ranked = |cell: &&CellRecord| cell.workload == workload && cell.ranked && !cell.twin;
    run.cells.iter().filter(ranked).filter(|cell| cell.status == Status::Ok).collect()
}

#[test]
fn services_get_every_measured_cell_with_its_interval() {
    let run = support::sample();
    let bmf: serde_json::Value =
        serde_json::from_str(&report::export(&run, Export::Bmf).expect("JSON")).expect("valid JSON");
    let cells: usize = run.workloads.iter().map(|work| measured(&run, &work.name).len()).sum();
    assert_eq!(bmf.as_object().expect("an object").len(), cells);
    let latency = &bmf["factorial/rayon@4"]["latency"];
    assert!(latency["lower_value"].as_f64() <= latency["value"].as_f64());
    assert!(latency["value"].as_f64() <= latency["upper_value"].as_f64());
    let action: serde_json::Value =
        serde_json::from_str(&report::export(&run, Export::GithubActionBenchmark).expect("JSON"))
            .expect("valid JSON");
    for entry in action.as_array().expect("an array") {
        assert!(entry["name"].is_string() && entry["unit"].is_string() && entry["value"].is_number());
        assert!(entry["range"].is_string());
    }
}
