//! The report of a run, as the one who opens its files sees it.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use concbench::results::{
    CompareOptions, Export, Format, compare, comparison_html, exported, html, observations, text_tables,
    write_report,
};
use serde_json::Value;

fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder for the test");
    folder
}

#[test]
fn a_folder_holds_every_file_and_no_other() {
    let folder = folder("report-sample");
    let index = write_report(&support::sample(), &folder).expect("a report");
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
    let record = support::sample();
    assert_eq!(html(&record).expect("a page"), html(&record.clone()).expect("a page"));
}

#[test]
fn a_page_of_fifteen_models_and_six_workloads_stays_under_a_megabyte() {
    let page = html(&support::sample()).expect("a page");
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
}

#[test]
fn a_cell_without_a_figure_says_why() {
    let record = support::sample();
    let page = html(&record).expect("a page");
    let table = text_tables(&record, Format::Terminal).expect("tables");
    for text in ["unsupported", "failed", "timed out", "crashed"] {
        assert!(page.contains(text) && table.contains(text), "{text}");
    }
    assert!(page.contains("connection reset by the target"));
}

#[test]
fn what_a_run_could_not_have_seen_is_said_wherever_it_is_shown() {
    let record = support::sample();
    let sheet = support::sheet::sheet(&record);
    for verdict in &sheet.verdicts {
        assert!(verdict.smallest_effect > verdict.noise_floor, "{verdict:?}");
    }
    for format in [Format::Terminal, Format::Markdown] {
        let table = text_tables(&record, format).expect("tables");
        let said = table.matches("smallest effect called different ").count();
        assert_eq!(said, sheet.workloads.len(), "{table}");
        // The sample has one block of each workload measured again, and one that was not quiet even then.
        assert_eq!(table.matches("of 20 blocks not quiet, 1 measured again").count(), sheet.workloads.len());
    }
    let folder = folder("report-noise");
    write_report(&record, &folder).expect("a report");
    for file in ["summary.md", "index.html"] {
        let text = std::fs::read_to_string(folder.join(file)).expect("it was written");
        assert!(text.contains("to be called one in four of five such runs"), "{file}");
    }
    let page = html(&record).expect("a page");
    let (title, breach) =
        ("What else the machine did, block by block", "steal 6.1 % of CPU time, the gate is 5 %");
    // The words of its fold; what it unfolds is labelled with them again.
    let (_, table) = page.split_once(title).unwrap_or_else(|| panic!("no table: {title}"));
    assert!(table.contains(breach) && table.contains("6.1 %"));
}

#[test]
fn the_summary_answers_each_workload_and_marks_what_nothing_is_faster_than() {
    let record = support::sample();
    let folder = folder("report-summary");
    write_report(&record, &folder).expect("a report");
    let summary = std::fs::read_to_string(folder.join("summary.md")).expect("the summary");
    let sheet = support::sheet::sheet(&record);
    for work in &sheet.workloads {
        let lines = summary.lines().filter(|line| line.starts_with(&format!("- `{}`: ", work.name)));
        assert_eq!(lines.count(), 1, "{}: {summary}", work.name);
    }
    assert!(summary.contains("**For computing"), "{summary}");
    let rows: Vec<Vec<&str>> = summary
        .lines()
        .filter(|line| line.starts_with('|'))
        .map(|line| line.split(" | ").collect())
        .collect();
    let column = |head: &str| rows[0].iter().position(|of| *of == head).expect("a column");
    for verdict in &sheet.verdicts {
        let bold = rows[2..].iter().filter(|row| row[column(&verdict.workload)].starts_with("**")).count();
        assert_eq!(bold, verdict.winners.len(), "{}", verdict.workload);
    }
    assert!(summary.contains("bold: none is surely faster"));
}

/// The classes and the ids that the selectors of a stylesheet name, each with its mark.
fn named(css: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let selectors = css.split('{').map(|part| part.rsplit('}').next().unwrap_or_default());
    for selector in selectors.filter(|selector| !selector.starts_with('@')) {
        for (at, mark) in selector.match_indices(['.', '#']) {
            let rest = &selector[at + 1..];
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '-' && c != '_').unwrap_or(rest.len());
            names.insert(format!("{mark}{}", &rest[..end]));
        }
    }
    names
}

#[test]
fn every_class_of_the_stylesheet_is_used_by_a_page() {
    let mut record = support::sample();
    record.tool.profile = "debug".into();
    let mut broken = record.clone();
    let cells = &mut broken.experiments.get_mut("matrix").expect("the sample has one").cells;
    cells.iter_mut().for_each(|cell| cell.observations.clear());
    let options = CompareOptions { anyway: true, ..CompareOptions::default() };
    let records = [record.clone(), record.clone()];
    let compared = compare(&records, &options).expect("they are alike");
    let pages = [
        html(&record).expect("a page"),
        html(&broken).expect("a page"),
        comparison_html(&records, &compared).expect("a page"),
    ];
    let mut used = BTreeSet::new();
    for page in &pages {
        let (_, body) = page.split_once("<body").expect("a body");
        let (body, script) = body.split_once("<script>").expect("its script");
        for (name, mark) in [(" class=\"", '.'), (" id=\"", '#')] {
            let values = body.split(name).skip(1).filter_map(|rest| rest.split('"').next());
            used.extend(values.flat_map(str::split_whitespace).map(|name| format!("{mark}{name}")));
        }
        for (name, mark) in [(".className = \"", '.'), (".id = \"", '#')] {
            let values = script.split(name).skip(1).filter_map(|rest| rest.split('"').next());
            used.extend(values.map(|name| format!("{mark}{name}")));
        }
    }
    // A gallery has tables that no run and no comparison has.
    let wide = include_str!("../templates/section/wide.html").split("class=\"").skip(1);
    let wide = wide.filter_map(|rest| rest.split('"').next()).flat_map(str::split_whitespace);
    used.extend(wide.map(|name| format!(".{name}")));
    let css = named(include_str!("../templates/page.css"));
    assert!(css.len() > 40 && used.len() > 100, "{} {}", css.len(), used.len());
    assert_eq!(css.difference(&used).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn headings_begin_with_a_capital() {
    let page = html(&support::sample()).expect("a page");
    let headings: Vec<&str> = page
        .split("<h2")
        .skip(1)
        .filter_map(|heading| heading.split_once('>'))
        .map(|(_, heading)| heading)
        .collect();
    assert!(headings.len() > 10);
    assert!(headings.iter().all(|heading| heading.starts_with(|c: char| c.is_uppercase())));
}

#[test]
fn services_get_every_measured_cell_with_its_interval() {
    let record = support::sample();
    let export = |format| -> Value {
        serde_json::from_str(&exported(&record, format).expect("JSON")).expect("valid JSON")
    };
    let bmf = export(Export::Bmf);
    for cell in &record.experiments["matrix"].cells {
        assert_eq!(bmf.get(&cell.id).is_some(), !cell.summary.is_empty(), "{}", cell.id);
    }
    for id in ["memory/smol@1000", "switches/smol@pinned", "timers/rayon@4", "latency/http/rayon@4/50%"] {
        assert!(bmf[id].is_object(), "{id}");
    }
    let steady = &bmf["factorial/rayon@4"]["steady_ns"];
    assert!(steady["lower_value"].as_f64() <= steady["value"].as_f64());
    assert!(steady["value"].as_f64() <= steady["upper_value"].as_f64());
    let action = export(Export::GithubActionBenchmark);
    let entries = action.as_array().expect("an array");
    for entry in entries {
        assert!(entry["name"].is_string() && entry["unit"].is_string() && entry["value"].is_number());
        assert!(entry["range"].is_string());
    }
    // The same figures under other names.
    let names: BTreeSet<&str> = entries.iter().filter_map(|entry| entry["name"].as_str()).collect();
    let cells = bmf.as_object().expect("an object").iter();
    let measures = cells.flat_map(|(cell, measures)| {
        measures.as_object().expect("measures").keys().map(move |measure| format!("{cell} {measure}"))
    });
    let measures: BTreeSet<String> = measures.collect();
    assert!(measures.len() > 300 && names.len() == entries.len());
    assert_eq!(names, measures.iter().map(String::as_str).collect());
}

#[test]
fn every_observation_of_every_experiment_is_a_row() {
    let record = support::sample();
    let table = observations(&record).expect("a table");
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let columns = reader.headers().expect("columns").clone();
    let at =
        |name: &str| columns.iter().position(|column| column == name).unwrap_or_else(|| panic!("no {name}"));
    let (cell, response, value, reason) = (at("cell"), at("response"), at("value"), at("reason"));
    let mut rows: BTreeMap<(String, String), Vec<csv::StringRecord>> = BTreeMap::new();
    for row in reader.records().map(|row| row.expect("a row")) {
        rows.entry((row[at("experiment")].to_owned(), row[cell].to_owned())).or_default().push(row);
    }
    for (id, experiment) in &record.experiments {
        for known in &experiment.cells {
            let of_cell = &rows[&(id.clone(), known.id.clone())];
            if known.observations.is_empty() {
                let [row] = &of_cell[..] else { panic!("{}: {of_cell:?}", known.id) };
                assert_eq!((&row[value], Some(&row[reason])), ("", known.reason.as_deref()), "{}", known.id);
            }
            for made in &known.observations {
                let of_block = of_cell.iter().filter(|row| row[at("block")] == made.block.to_string());
                assert!(of_block.count() > 4, "{}", known.id);
            }
        }
    }
    let of_cell = &rows[&("matrix".to_owned(), "factorial/rayon@4".to_owned())];
    let cold = of_cell.iter().find(|row| &row[response] == "cold_ns").expect("it was measured");
    let known = &support::sheet::sheet(&record);
    let known = known.cells.iter().find(|known| known.id == "factorial/rayon@4").expect("it was measured");
    assert_eq!(cold[value], known.observations[0].cold_ns.to_string());
    assert_eq!((&cold[at("unit")], &cold[at("model")], &cold[at("workers")]), ("ns", "rayon", "4"));
}

#[test]
fn what_was_not_measured_is_offered_and_what_was_is_not() {
    let mut record = support::sample();
    let page = html(&record).expect("a page");
    for id in record.experiments.keys() {
        assert!(!page.contains(&format!("--with {id}")), "{id}");
    }
    record.experiments.retain(|id, _| id == "matrix");
    let page = html(&record).expect("a page");
    for id in ["granularity", "latency", "timers", "memory", "switches", "timelines"] {
        assert!(
            page.contains(&format!("--with {id}")) && !page.contains(&format!("<section id=\"{id}\"")),
            "{id}"
        );
    }
}

#[test]
fn an_experiment_that_nobody_knows_is_refused_in_one_line() {
    let mut record = support::sample();
    let matrix = record.experiments["matrix"].clone();
    record.experiments.insert("astro\nlogy".to_owned(), matrix);
    let refusals = [
        html(&record).map(drop).unwrap_err().to_string(),
        observations(&record).map(drop).unwrap_err().to_string(),
        concbench::results::complete(&mut record).unwrap_err(),
    ];
    for refusal in refusals {
        assert!(refusal.contains("there is no experiment") && !refusal.contains('\n'), "{refusal}");
    }
}
