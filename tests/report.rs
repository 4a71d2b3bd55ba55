//! The report of a run, as the one who opens its files sees it.

mod support;

use std::path::PathBuf;

use concbench::record::{CellRecord, Estimate, Run, Status};
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
    assert_eq!(names, ["charts", "index.html", "results.csv", "summary.md"]);
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
    let table = page.split(title).nth(1).unwrap_or_else(|| panic!("no table: {title}"));
    assert!(table.contains(breach) && table.contains("6.1 %"));
}

/// The text of every table of figures, by the title of its chart: rows of cells, markup taken off.
fn tables(page: &str) -> Vec<(String, Vec<Vec<String>>)> {
    let between = |text: &str, from: &str, to: &str| -> Option<(String, usize)> {
        let start = text.find(from)? + from.len();
        let end = start + text[start..].find(to)?;
        Some((text[start..end].to_owned(), end))
    };
    let mut found = Vec::new();
    for part in page.split("<summary>Figures of ").skip(1) {
        let title = part.split("</summary>").next().unwrap_or_default().trim_matches(['“', '”']).to_owned();
        let Some((body, _)) = between(part, "<tbody>", "</tbody>") else { continue };
        let rows = body.split("<tr>").skip(1).map(|row| {
            row.split("</t")
                .filter_map(|cell| Some(cell[cell.find("<t")?..].replace("<bdi>", "").replace("</bdi>", "")))
                .map(|cell| cell[cell.find('>').map_or(0, |at| at + 1)..].to_owned())
                .collect()
        });
        found.push((title, rows.collect()));
    }
    found
}

fn measured<'a>(run: &'a Run, workload: &str) -> Vec<&'a CellRecord> {
    let ranked = |cell: &&CellRecord| cell.workload == workload && cell.ranked && !cell.twin;
    run.cells.iter().filter(ranked).filter(|cell| cell.status == Status::Ok).collect()
}

#[test]
fn charts_show_the_figures_of_the_record() {
    let run = support::sample();
    let page = report::html(&run).expect("a page");
    let tables = tables(&page);
    let of =
        |title: &str| &tables.iter().find(|(found, _)| found == title).unwrap_or_else(|| panic!("{title}")).1;
    for work in &run.workloads {
        let cells = measured(&run, &work.name);
        let rows = of(&format!("{}: time relative to the best", work.name));
        assert_eq!(rows.len(), cells.len(), "{}", work.name);
        let best =
            cells.iter().min_by(|a, b| steady(a).median.total_cmp(&steady(b).median)).expect("measured");
        for cell in &cells {
            let several = cells.iter().filter(|other| other.model == cell.model).count() > 1;
            let name = if several { format!("{}@{}", cell.model, cell.workers) } else { cell.model.clone() };
            let row = rows.iter().find(|row| row[0] == name).unwrap_or_else(|| panic!("{name}"));
            assert!(close(nanoseconds(&row[1]), steady(cell).median, 0.06), "{name}: {row:?}");
            let contrast = run.comparisons.iter().find(|c| c.a == cell.id && c.b == best.id);
            let ratio = contrast.map_or(1.0, |c| c.ratio);
            let shown: f64 = row[3].trim_end_matches('x').parse().expect("a ratio");
            assert!(close(shown, ratio, 0.06), "{name}: {row:?} against {ratio}");
        }
        assert_eq!(of(&format!("{}: peak memory", work.name)).len(), cells.len());
        assert_eq!(of(&format!("{}: observations in run order", work.name)).len(), cells.len());
    }
}

fn steady(cell: &CellRecord) -> Estimate {
    cell.summary.as_ref().expect("measured").steady
}

fn nanoseconds(text: &str) -> f64 {
    let (number, unit) = text.split_once(' ').expect("a number and a unit");
    let size = match unit {
        "ns" => 1.0,
        "µs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        other => panic!("{other}"),
    };
    number.parse::<f64>().expect("a number") * size
}

/// Figures are rounded to at least two digits.
fn close(shown: f64, exact: f64, by: f64) -> bool {
    (shown / exact - 1.0).abs() <= by
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
