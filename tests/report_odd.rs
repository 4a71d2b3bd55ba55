//! Records as they should not be, and records with next to nothing in them: the report stays readable and acts on nothing.

mod support;

use support::hostile::{hostile, last_line};
use support::odd::{all_failed, crowd, empty, long_names, single, zero};

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use concbench::record::{RawCell, Record};
use concbench::results::{
    CompareOptions, CompareRefusal, Compared, Format, compare, comparison_csv, comparison_html,
    comparison_table, html, text_tables, write_comparison, write_report,
};

fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder for the test");
    folder
}

#[test]
fn a_hostile_record_acts_on_nothing() {
    // As deep as the way up that the record names.
    let above = folder("report-hostile");
    let folder = above.join("one/two/three/four/report");
    write_report(&hostile(), &folder).expect("a report");
    let page = std::fs::read_to_string(folder.join("index.html")).expect("the page");
    assert_eq!(page.matches("<script").count(), 1, "only the script of the page itself");
    assert_eq!(page.matches("<img").count(), 0);
    assert!(!page.contains('\u{202e}') && !page.contains('\u{0}') && !page.contains('\u{1b}'));
    for row in csv::Reader::from_path(folder.join("results.csv")).expect("a table").records() {
        for field in row.expect("a row").iter() {
            assert!(!field.starts_with(['=', '+', '@', '\t']), "{field}");
        }
    }
    let summary = std::fs::read_to_string(folder.join("summary.md")).expect("the summary");
    let summary = summary.replace("\\]", "");
    for active in ["<script", "<img", "](", "@team", " #1 "] {
        assert!(!summary.contains(active) || in_code(&summary, active), "{active}");
    }
    for format in [Format::Terminal, Format::Markdown] {
        let table = text_tables(&hostile(), format).expect("tables");
        assert!(!table.contains('\u{1b}') && !table.contains('\u{202e}'), "{format:?}");
    }
    let named: BTreeSet<PathBuf> = files(&above)
        .iter()
        .map(|path| {
            path.strip_prefix(&folder)
                .unwrap_or_else(|_| panic!("{} is elsewhere", path.display()))
                .to_owned()
        })
        .collect();
    let place = |path: &PathBuf| match path.parent().and_then(Path::to_str) {
        Some("") => ["index.html", "results.csv", "summary.md"].iter().any(|name| path == Path::new(name)),
        Some("charts") => path.extension().is_some_and(|extension| extension == "svg"),
        Some("traces") => path.extension().is_some_and(|extension| extension == "json"),
        _ => false,
    };
    assert!(named.len() > 40 && named.iter().all(place), "{named:?}");
}

/// Whether a character steers a terminal or the direction of text, or cannot be seen.
fn acts(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[test]
fn what_a_runner_said_at_last_is_shown_short_and_acts_on_nothing() {
    let record = hostile();
    for (id, experiment) in &record.experiments {
        let tail = |cell: &&RawCell| cell.stderr_tail.as_ref().is_some_and(|tail| tail.len() > 1 << 20);
        assert_eq!(experiment.cells.iter().filter(tail).count(), 1, "{id}");
    }
    let page = html(&record).expect("a page");
    let (page, _) = page.split_once("<script>").expect("its script");
    assert!(!page.contains(acts), "{:?}", page.find(acts));
    assert!(!page.contains(&"long".repeat(76)));
    // Of the last twelve lines, ten are others.
    assert_eq!(page.matches("an early line").count(), 2 * 5);
    assert!(!page.contains("onerror=\""), "markup");
    for id in ["matrix", "granularity", "latency", "timers", "timelines"] {
        assert_eq!(page.matches(&last_line(id)).count(), 1, "{id}");
    }
    let timers = section(page, "timers");
    assert!(timers.contains("<b>crashed</b>") && timers.contains("<b>skipped</b>"), "{timers}");
}

/// A section of a page.
fn section<'a>(page: &'a str, id: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("<section id=\"{id}\"")).unwrap_or_else(|| panic!("no {id}"));
    rest.split_once("</section>").expect("its end").0
}

/// Whether every line that holds the text holds it inside a code span, where it is inert.
fn in_code(text: &str, wanted: &str) -> bool {
    text.lines().filter(|line| line.contains(wanted)).all(|line| {
        let spans: Vec<_> = line.split('`').collect();
        spans.iter().step_by(2).all(|outside| !outside.contains(wanted))
    })
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn every_chart_of_a_hostile_record_is_well_formed() {
    let folder = folder("report-hostile-charts");
    write_report(&hostile(), &folder).expect("a report");
    for path in files(&folder.join("charts")) {
        let svg = std::fs::read_to_string(&path).expect("a chart");
        let mut open: Vec<String> = Vec::new();
        for part in svg.split('<').skip(1) {
            let tag = part.split('>').next().expect("a tag");
            match tag.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop().as_deref(), Some(name), "{}", path.display()),
                None if tag.starts_with('?') || tag.ends_with('/') => {}
                None => open.push(tag.split(' ').next().expect("a name").to_owned()),
            }
        }
        assert!(open.is_empty(), "{}: {open:?}", path.display());
    }
}

/// Writes a report for the eye and the browser, too.
fn shown(name: &str, record: &Record) -> String {
    let folder = folder(name);
    write_report(record, &folder).expect("a report");
    assert!(!text_tables(record, Format::Terminal).expect("tables").is_empty());
    let page = std::fs::read_to_string(folder.join("index.html")).expect("the page");
    let (before, _) = page.split_once("<script>").expect("its script");
    before.to_owned()
}

#[test]
fn all_cells_may_fail() {
    let page = shown("report-all-failed", &all_failed());
    assert!(page.contains("the digest differs"));
    assert!(!page.contains("NaN"));
}

#[test]
fn a_run_may_hold_nothing_at_all() {
    let page = shown("report-empty", &empty());
    assert!(!page.contains("NaN"));
    let mut record = empty();
    record.experiments.clear();
    let page = html(&record).expect("a page");
    let (before, _) = page.split_once("<script>").expect("its script");
    assert!(!before.contains("NaN"));
}

#[test]
fn one_cell_with_one_observation_is_a_report() {
    let page = shown("report-single", &single());
    assert!(page.contains("rayon") && !page.contains("NaN"));
}

#[test]
fn figures_of_zero_are_drawn() {
    let page = shown("report-zero", &zero());
    assert!(!page.contains("NaN"));
}

#[test]
fn forty_models_under_long_names_fit() {
    let page = shown("report-forty", &long_names());
    assert!(page.len() < 2_500_000, "{} bytes", page.len());
}

#[test]
fn four_hundred_cells_stay_under_two_and_a_half_megabytes() {
    let record = crowd();
    let cells = record.experiments["matrix"].cells.len();
    assert!(cells >= 400, "{cells}");
    let started = std::time::Instant::now();
    let page = html(&record).expect("a page");
    println!("{} bytes for {cells} cells, made in {:?}", page.len(), started.elapsed());
    assert!(page.len() < 2_500_000, "{} bytes for {cells} cells", page.len());
}

fn compared(records: &[Record]) -> Compared {
    let options = CompareOptions { anyway: true, ..CompareOptions::default() };
    compare(records, &options).expect("they are alike")
}

#[test]
fn comparing_hostile_records_acts_on_nothing() {
    let mut records = [hostile(), hostile()];
    records[1].run.label = format!("{}second", records[0].machine.arch);
    let found = compared(&records);
    let path = folder("compare-hostile").join("index.html");
    write_comparison(&records, &found, &path).expect("a page");
    let page = std::fs::read_to_string(&path).expect("the page");
    assert_eq!(page.matches("<script").count(), 1, "only the script of the page itself");
    assert_eq!(page.matches("<img").count(), 0);
    let (before, _) = page.split_once("<script>").expect("its script");
    assert!(!before.contains(acts), "{:?}", before.find(acts));
    for format in [Format::Terminal, Format::Markdown] {
        let table = comparison_table(&records, &found, format).expect("a table");
        assert!(!table.contains(acts), "{format:?}");
    }
    let csv = comparison_csv(&found);
    let mut fields = 0;
    for row in csv::Reader::from_reader(csv.as_bytes()).records() {
        for field in row.expect("a row").iter() {
            assert!(!field.starts_with(['=', '+', '@', '\t']) && !field.contains(acts), "{field}");
            fields += 1;
        }
    }
    assert!(fields > 1000, "{fields}");
}

#[test]
fn odd_records_beside_themselves_are_a_comparison_or_are_refused() {
    for (name, record) in [("single", single()), ("zero", zero()), ("forty", long_names())] {
        let records = [record.clone(), record];
        let page = comparison_html(&records, &compared(&records)).expect("a page");
        let (before, _) = page.split_once("<script>").expect("its script");
        assert!(before.contains("rayon") || name == "forty", "{name}");
        assert!(
            !before.contains("NaN") && ![" 1 cells", ">1 cells"].iter().any(|one| before.contains(one)),
            "{name}"
        );
        assert!(page.len() < 2_500_000, "{name}: {} bytes", page.len());
    }
    for record in [all_failed(), empty()] {
        let refusal = compare(&[record.clone(), record], &CompareOptions::default());
        assert_eq!(refusal, Err(CompareRefusal::NothingCommon));
    }
}
