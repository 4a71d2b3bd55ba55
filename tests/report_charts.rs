//! The charts of a report, by the tables beneath them, against the record.

mod support;

use std::collections::BTreeSet;

use concbench::batch::{Comparison, ComparisonKind, Observation, Sheet, SheetCell};
use concbench::record::{Estimate, RawCell, RawExperiment, Record, Status};
use concbench::results::{Format, html, text_tables, write_report};
use serde_json::Value;
use support::sheet::{change, sheet};
use support::tables::{Tables, figure, shows};

fn measured<'a>(sheet: &'a Sheet, workload: &str) -> Vec<&'a SheetCell> {
    let ranked = |cell: &&SheetCell| cell.workload == workload && cell.ranked && !cell.twin;
    sheet.cells.iter().filter(ranked).filter(|cell| cell.status == Status::Ok).collect()
}

fn steady(cell: &SheetCell) -> Estimate {
    cell.summary.as_ref().expect("measured").steady
}

/// The name of a cell within its workload.
fn label(sheet: &Sheet, cell: &SheetCell) -> String {
    let of_model = |other: &&SheetCell| {
        other.workload == cell.workload && other.model == cell.model && other.ranked && !other.twin
    };
    match sheet.cells.iter().filter(of_model).count() {
        1 => cell.model.clone(),
        _ => format!("{}@{}", cell.model, cell.workers),
    }
}

fn comparison<'a>(sheet: &'a Sheet, kind: ComparisonKind, a: &str) -> Option<&'a Comparison> {
    sheet.comparisons.iter().find(|found| found.kind == kind && found.a == a)
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    (values[(values.len() - 1) / 2] + values[values.len() / 2]) / 2.0
}

fn per_batch(cell: &SheetCell, of: fn(&Observation) -> Option<u64>) -> Option<f64> {
    let share = |o: &Observation| of(o).map(|value| value as f64 / o.batches() as f64);
    cell.observations.iter().map(share).collect::<Option<Vec<f64>>>().map(middle)
}

#[test]
fn every_chart_shows_the_figures_of_the_record() {
    let record = support::sample();
    let sheet = sheet(&record);
    let mut tables = Tables::of(&html(&record).expect("a page"));
    for work in &sheet.workloads {
        ratios(&sheet, &work.name, &mut tables);
        costs(&sheet, &work.name, &mut tables);
    }
    scaling(&sheet, &mut tables);
    sweep(&record.experiments["granularity"], &mut tables);
    loads(&record.experiments["latency"], &mut tables);
    waiting(&record.experiments["memory"], &mut tables);
    timelines(&record.experiments["timelines"], &mut tables);
    for twin in sheet.comparisons.iter().filter(|found| found.kind == ComparisonKind::Twin) {
        let row = tables.row("A/A twins", &twin.workload);
        assert_eq!(row[1], twin.a);
        shows(&row, 2, twin.ratio);
    }
    let all: BTreeSet<String> = tables.found.iter().map(|(title, _)| title.clone()).collect();
    let unseen: Vec<_> = all.difference(&tables.seen).collect();
    assert!(unseen.is_empty(), "nothing holds these charts to the record: {unseen:?}");
}

#[test]
fn the_medians_of_the_record_are_those_of_its_observations() {
    let record = support::sample();
    let cells = &record.experiments["matrix"].cells;
    let typed = sheet(&record);
    assert!(cells.iter().any(|cell| cell.status == Status::Ok));
    for (raw, cell) in cells.iter().zip(&typed.cells) {
        match &cell.summary {
            None => assert!(raw.summary.is_empty(), "{}", raw.id),
            Some(summary) => {
                assert_eq!(raw.summary["steady_ns"], summary.steady, "{}", raw.id);
                assert_eq!(raw.summary["one_off_ns"], summary.one_off, "{}", raw.id);
                assert_eq!(raw.summary.get("peak_rss_bytes"), summary.peak_rss.as_ref(), "{}", raw.id);
            }
        }
    }
}

fn ratios(sheet: &Sheet, workload: &str, tables: &mut Tables) {
    let cells = measured(sheet, workload);
    let best = cells.iter().min_by(|a, b| steady(a).median.total_cmp(&steady(b).median)).expect("measured");
    let title = format!("{workload}: time relative to the best");
    assert_eq!(tables.get(&title).len(), cells.len());
    for cell in &cells {
        let row = tables.row(&title, &label(sheet, cell));
        shows(&row, 1, steady(cell).median);
        let of_best = comparison(sheet, ComparisonKind::Steady, &cell.id).filter(|c| c.b == best.id);
        shows(&row, 3, of_best.map_or(1.0, |c| c.ratio));
        match comparison(sheet, ComparisonKind::Baseline, &cell.id) {
            Some(gain) => shows(&row, 5, gain.ratio),
            None => assert_eq!((row[5].as_str(), cell.model.as_str()), ("", "sequential")),
        }
        assert_eq!(row[8], cell.observations.len().to_string());
        let in_order = tables.row(&format!("{workload}: observations in run order"), &label(sheet, cell));
        for observation in &cell.observations {
            let warm = middle(observation.warm_ns.iter().map(|&ns| ns as f64).collect());
            shows(&in_order, 1 + observation.block as usize, warm);
        }
        if let Some(ideal) = cell.ideal_ns {
            let row = tables.row(&format!("{workload}: distance from ideal"), &label(sheet, cell));
            shows(&row, 2, ideal as f64);
            shows(&row, 3, steady(cell).median / ideal as f64);
        }
    }
}

fn costs(sheet: &Sheet, workload: &str, tables: &mut Tables) {
    for cell in measured(sheet, workload) {
        let name = label(sheet, cell);
        let row = tables.row(&format!("{workload}: CPU time"), &name);
        match cell.observations.iter().map(Observation::cpu_ns).collect::<Option<Vec<f64>>>() {
            Some(cpu) => shows(&row, 1, middle(cpu)),
            None => assert!(row[1].contains("grandchild"), "{row:?}"),
        }
        match (per_batch(cell, |o| o.user_ns), per_batch(cell, |o| o.system_ns)) {
            (Some(user), Some(system)) => {
                shows(&row, 2, user);
                shows(&row, 3, system);
            }
            _ => assert!(row[2].contains("grandchild"), "{row:?}"),
        }
        let row = tables.row(&format!("{workload}: context switches"), &name);
        match (per_batch(cell, |o| o.voluntary_switches), per_batch(cell, |o| o.involuntary_switches)) {
            (Some(waited), Some(taken)) => {
                shows(&row, 1, waited);
                shows(&row, 2, taken);
            }
            _ => assert!(row[1].contains("grandchild"), "{row:?}"),
        }
        let row = tables.row(&format!("{workload}: peak memory"), &name);
        let peak = cell.summary.as_ref().and_then(|summary| summary.peak_rss).expect("the sample has it");
        shows(&row, 1, peak.median);
    }
}

fn scaling(sheet: &Sheet, tables: &mut Tables) {
    let titled = tables.found.iter().filter_map(|(title, _)| title.strip_suffix(": speed-up"));
    let workloads: Vec<String> = titled.map(str::to_owned).collect();
    assert!(workloads.len() > 1);
    for workload in workloads {
        let sequential = sheet.cells.iter().find(|cell| cell.id == format!("{workload}/sequential@1"));
        let sequential = steady(sequential.expect("the baseline")).median;
        let efficiencies = tables.get(&format!("{workload}: efficiency"));
        for (row, efficiency) in tables.get(&format!("{workload}: speed-up")).iter().zip(efficiencies) {
            let id = format!("{workload}/{}@{}", row[0], row[1]);
            let cell = sheet.cells.iter().find(|cell| cell.id == id).expect("it was measured");
            // Estimated from pairs of observations, not from the medians.
            let speedup = sequential / steady(cell).median;
            shows(row, 2, speedup);
            shows(&efficiency, 2, speedup / cell.workers as f64);
        }
    }
}

/// What stands at the end of a path of names.
fn part<'a>(value: &'a Value, path: &[&str]) -> &'a Value {
    path.iter().fold(value, |value, name| &value[*name])
}

fn list<'a>(value: &'a Value, path: &[&str]) -> &'a [Value] {
    part(value, path).as_array().unwrap_or_else(|| panic!("no list {path:?}"))
}

fn number(value: &Value, path: &[&str]) -> f64 {
    part(value, path).as_f64().unwrap_or_else(|| panic!("no figure {path:?} in {value}"))
}

fn sweep(granularity: &RawExperiment, tables: &mut Tables) {
    let found = &granularity.findings;
    let models = list(found, &["models"]).iter();
    let points: Vec<(&Value, &Value)> =
        models.flat_map(|model| list(model, &["points"]).iter().map(move |point| (model, point))).collect();
    assert!(points.len() > 50);
    let (times, shares) = (tables.get("time per task"), tables.get("efficiency by task size"));
    assert_eq!((times.len(), shares.len()), (points.len(), points.len()));
    for (((model, point), time), share) in points.iter().zip(&times).zip(&shares) {
        let label = match model["cores"].as_u64() {
            Some(1) => format!("{} (one core)", model["model"].as_str().expect("a name")),
            _ => model["model"].as_str().expect("a name").to_owned(),
        };
        assert_eq!((&label, &label), (&time[0], &share[0]));
        shows(time, 1, number(point, &["task_ns"]));
        shows(time, 2, number(point, &["per_task", "median"]));
        shows(time, 4, number(point, &["efficiency"]));
        shows(share, 2, number(point, &["granularity_ns"]));
        shows(share, 3, number(point, &["efficiency"]));
    }
    let map = tables.get("decision map");
    for answer in list(found, &["verdicts"]) {
        let of_size = |size: &&Value| size["size"] == answer["workload"];
        let size = list(found, &["sizes"]).iter().find(of_size).expect("a size");
        let size = number(size, &["task_ns"]);
        let row = map.iter().find(|row| (figure(&row[0]) / size - 1.0).abs() < 0.01);
        let row = row.unwrap_or_else(|| panic!("{} is not on the map", answer["workload"]));
        assert!(!list(answer, &["winners"]).is_empty());
        for id in list(answer, &["winners"]) {
            let cell = granularity.cells.iter().find(|cell| *id == cell.id).expect("a cell of the sweep");
            let model = cell.factors["model"].as_str().expect("a name");
            assert!(row[1].contains(model), "{row:?} lacks {model}");
        }
    }
}

/// The name of a model under load: with its workers where several numbers of them were measured.
fn loaded(models: &[Value], model: &Value) -> String {
    let name = model["model"].as_str().expect("a name");
    match models.iter().filter(|other| other["model"] == name).count() {
        1 => name.to_owned(),
        _ => format!("{name}@{}", model["workers"]),
    }
}

fn loads(latency: &RawExperiment, tables: &mut Tables) {
    let models = list(&latency.findings, &[]);
    let rates = tables.get("latency by rate");
    let mut rows = rates.iter();
    let served = |model: &&Value| !model["closed"].is_null();
    assert!(models.iter().filter(served).count() > 5);
    for model in models.iter().filter(served) {
        let name = loaded(models, model);
        let open = list(model, &["open"]).iter().map(|load| (Some(load), &load["summary"]));
        for (load, summary) in std::iter::once((None, &model["closed"])).chain(open) {
            let row = rows.next().expect("a row for each load");
            assert_eq!((&row[0], &row[14]), (&name, &summary["tasks"].to_string()));
            match load {
                Some(load) => shows(row, 2, number(load, &["rate_per_s"])),
                None => assert_eq!(row[1], "closed"),
            }
            let columns = [
                (3, "done_per_s"),
                (4, "p50_ns"),
                (5, "p90_ns"),
                (6, "p99_ns"),
                (7, "p99_bound_ns"),
                (8, "max_ns"),
                (9, "task_cpu_ns"),
            ];
            for (column, name) in columns {
                shows(row, column, number(summary, &[name]));
            }
        }
        let row = tables.row("sustained rates", &name);
        shows(&row, 1, number(model, &["sustained_per_s"]));
        assert_eq!(row[3] == "none", model["knee"].is_null());
    }
    assert!(rows.next().is_none());
}

fn timelines(timelines: &RawExperiment, tables: &mut Tables) {
    assert!(!timelines.cells.is_empty());
    for cell in &timelines.cells {
        let name = |factor: &str| cell.factors[factor].as_str().expect("a name").to_owned();
        let row = tables.row(&format!("{}: who ran what", name("workload")), &name("model"));
        let seen = &cell.observations[0].responses;
        shows(&row, 1, number(seen, &["batch_ns"]));
        assert_eq!(row[2], list(seen, &["lanes"]).len().to_string());
        let spans = list(seen, &["spans"]);
        let tasks: BTreeSet<u64> = spans.iter().filter_map(|span| span["task"].as_u64()).collect();
        assert_eq!(row[3], tasks.len().to_string());
        let held: f64 =
            spans.iter().map(|span| number(span, &["end_ns"]) - number(span, &["start_ns"])).sum();
        shows(&row, 6, held / (number(seen, &["batch_ns"]) * list(seen, &["lanes"]).len() as f64));
    }
}

fn waiting(memory: &RawExperiment, tables: &mut Tables) {
    let rows = tables.get("memory of waiting tasks");
    assert_eq!(rows.len(), memory.cells.len());
    for (cell, row) in memory.cells.iter().zip(&rows) {
        let level = |name: &str| cell.factors[name].to_string().replace('"', "");
        assert_eq!((&row[0], &row[1]), (&level("model"), &level("tasks")));
        let made = cell.observations.first().map(|made| &made.responses);
        let figure = |name: &str| made.and_then(|made| made[name].as_f64());
        match (figure("resident_bytes"), figure("page_table_bytes")) {
            (Some(resident), Some(page_tables)) => {
                shows(row, 3, resident);
                shows(row, 4, page_tables);
            }
            _ => assert!(figure_is_missing(row), "{row:?}"),
        }
    }
}

/// Words stand where a figure would.
fn figure_is_missing(row: &[String]) -> bool {
    row[3..5].iter().all(|field| !field.starts_with(|c: char| c.is_ascii_digit()))
}

/// The row of a model in a table of text that stands behind a title.
fn row_of(text: &str, title: &str, model: &str) -> Vec<String> {
    let (_, part) = text.split_once(&format!("### {title}")).expect("the table");
    let line = part.lines().find(|line| line.starts_with(&format!("| {model} |"))).expect("the row");
    line.split('|').map(|field| field.trim().replace('\\', "")).skip(1).collect()
}

#[test]
fn the_costs_of_waiting_and_switching_are_those_of_the_record() {
    let record = support::sample();
    let text = text_tables(&record, Format::Markdown).expect("tables");
    let found = record.experiments["memory"].findings.as_array().expect("models");
    assert_eq!(found.len(), 4);
    for model in found {
        let row = row_of(&text, "waiting tasks", model["model"].as_str().expect("a name"));
        match model["per_task"]["bytes"].as_f64() {
            Some(bytes) => {
                shows(&row, 1, bytes);
                shows(&row, 3, model["per_task"]["base_bytes"].as_f64().expect("a figure"));
            }
            None => assert_eq!(Some(row[5].as_str()), model["refusal"].as_str(), "{row:?}"),
        }
    }
    for pair in &record.experiments["switches"].cells {
        let column = if pair.factors["placement"] == "pinned" { 1 } else { 2 };
        let mut row = row_of(&text, "switches", pair.factors["model"].as_str().expect("a name"));
        match pair.summary.get("switch_ns") {
            Some(time) => {
                row[column] = row[column].split(" [").next().expect("a figure").to_owned();
                shows(&row, column, time.median);
            }
            None => assert!(row[4].contains(pair.reason.as_deref().expect("a reason")), "{row:?}"),
        }
    }
}

#[test]
fn the_timers_are_those_of_the_record() {
    let record = support::sample();
    let text = text_tables(&record, Format::Markdown).expect("tables");
    let measured = |cell: &&RawCell| cell.status == Status::Ok;
    let cells: Vec<&RawCell> = record.experiments["timers"].cells.iter().filter(measured).collect();
    assert!(cells.len() > 10);
    for cell in cells {
        let row = row_of(&text, "timers", cell.factors["model"].as_str().expect("a name"));
        shows(&row, 1, 1_000.0 + cell.summary["late_after_1us_ns"].median);
        let late = row[2].split(',').next().expect("a figure").to_owned();
        shows(&[late], 0, cell.summary["late_after_10ms_ns"].median);
    }
}

#[test]
fn a_trace_holds_every_span_under_its_worker() {
    let folder = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("report-traces");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder for the test");
    let record = support::sample();
    write_report(&record, &folder).expect("a report");
    let mut spans = 0;
    for entry in std::fs::read_dir(folder.join("traces")).expect("traces") {
        let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("a trace");
        let trace: Value = serde_json::from_str(&text).expect("JSON");
        let events = list(&trace, &["traceEvents"]);
        let threads = events.iter().filter(|event| event["name"] == "thread_name");
        let named: BTreeSet<_> =
            threads.map(|event| (event["pid"].as_u64(), event["tid"].as_u64())).collect();
        for event in events.iter().filter(|event| event["ph"] == "X") {
            assert!(named.contains(&(event["pid"].as_u64(), event["tid"].as_u64())), "{event}");
            assert!(event["dur"].as_f64() > Some(0.0), "{event}");
            spans += 1;
        }
    }
    let cells = &record.experiments["timelines"].cells;
    assert_eq!(
        spans,
        cells.iter().map(|cell| list(&cell.observations[0].responses, &["spans"]).len()).sum::<usize>()
    );
}

#[test]
fn a_matrix_without_a_sweep_of_workers_has_no_section_of_it() {
    let has_scaling = |record: &Record| html(record).expect("a page").contains("<section id=\"scaling\"");
    let mut record = support::sample();
    assert!(has_scaling(&record));
    change(&mut record, |sheet| {
        sheet
            .cells
            .retain(|cell| cell.ranked && (cell.workers_rule == "cores" || cell.model == "sequential"));
    });
    assert!(!has_scaling(&record));
}
