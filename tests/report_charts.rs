//! The charts of a report, by the tables beneath them, against the record.

mod support;

use std::collections::BTreeSet;

use concbench::analyse;
use concbench::record::{
    CellRecord, Comparison, ComparisonKind, Estimate, Observation, Placement, Run, Status,
};
use concbench::report;

/// Figures are rounded to at least two digits.
const ROUNDED: f64 = 0.06;

/// The tables of figures of a page, by the title of their chart, markup taken off. It remembers which were looked at.
struct Tables {
    found: Vec<(String, Vec<Vec<String>>)>,
    seen: BTreeSet<String>,
}

impl Tables {
    fn of(page: &str) -> Self {
        let mut found = Vec::new();
        for part in page.split("<summary>Figures of ").skip(1) {
            let title =
                part.split("</summary>").next().unwrap_or_default().trim_matches(['“', '”']).to_owned();
            let body = part.split_once("<tbody>").and_then(|(_, rest)| rest.split_once("</tbody>"));
            let (body, _) = body.expect("every chart has a table");
            let rows = body.split("<tr>").skip(1).map(|row| {
                row.split("</t")
                    .filter_map(|cell| {
                        Some(cell[cell.find("<t")?..].replace("<bdi>", "").replace("</bdi>", ""))
                    })
                    .map(|cell| cell[cell.find('>').map_or(0, |at| at + 1)..].to_owned())
                    .collect()
            });
            found.push((title, rows.collect()));
        }
        Self { found, seen: BTreeSet::new() }
    }

    fn get(&mut self, title: &str) -> Vec<Vec<String>> {
        self.seen.insert(title.to_owned());
        let found = self.found.iter().find(|(known, _)| known == title);
        found.unwrap_or_else(|| panic!("no chart is called {title}")).1.clone()
    }

    /// The row that begins with this name, and no other may.
    fn row(&mut self, title: &str, name: &str) -> Vec<String> {
        let mut rows = self.get(title);
        rows.retain(|row| row[0] == name);
        assert_eq!(rows.len(), 1, "{title}: {name}");
        rows.remove(0)
    }
}

/// What a figure says, in nanoseconds, bytes, or as a plain number.
fn figure(text: &str) -> f64 {
    let end = text.find(|c: char| !(c.is_ascii_digit() || ".-+".contains(c))).unwrap_or(text.len());
    let size = match text[end..].trim() {
        "" | "x" | "ns" | "B" => 1.0,
        "%" => 0.01,
        "µs" | "k" => 1e3,
        "ms" | "M" => 1e6,
        "s" | "G" => 1e9,
        "KiB" => 1024.0,
        "MiB" => 1048576.0,
        "GiB" => 1073741824.0,
        unit => panic!("{unit} in {text}"),
    };
    text[..end].parse::<f64>().unwrap_or_else(|_| panic!("{text} is no figure")) * size
}

#[track_caller]
fn shows(row: &[String], column: usize, exact: f64) {
    let shown = figure(&row[column]);
    let near = (shown - exact).abs() <= ROUNDED * exact.abs() || (shown - exact).abs() < 0.006;
    assert!(near, "{row:?} column {column} shows {shown}, the record has {exact}");
}

fn measured<'a>(run: &'a Run, workload: &str) -> Vec<&'a CellRecord> {
    let ranked = |cell: &&CellRecord| cell.workload == workload && cell.ranked && !cell.twin;
    run.cells.iter().filter(ranked).filter(|cell| cell.status == Status::Ok).collect()
}

fn steady(cell: &CellRecord) -> Estimate {
    cell.summary.as_ref().expect("measured").steady
}

/// The name of a cell within its workload.
fn label(run: &Run, cell: &CellRecord) -> String {
    let of_model = |other: &&CellRecord| {
        other.workload == cell.workload && other.model == cell.model && other.ranked && !other.twin
    };
    match run.cells.iter().filter(of_model).count() {
        1 => cell.model.clone(),
        _ => format!("{}@{}", cell.model, cell.workers),
    }
}

fn comparison<'a>(run: &'a Run, kind: ComparisonKind, a: &str) -> Option<&'a Comparison> {
    run.comparisons.iter().find(|found| found.kind == kind && found.a == a)
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    (values[(values.len() - 1) / 2] + values[values.len() / 2]) / 2.0
}

fn per_batch(cell: &CellRecord, of: fn(&Observation) -> Option<u64>) -> Option<f64> {
    let share = |o: &Observation| of(o).map(|value| value as f64 / (1 + o.warm_ns.len()) as f64);
    cell.observations.iter().map(share).collect::<Option<Vec<f64>>>().map(middle)
}

#[test]
fn every_chart_shows_the_figures_of_the_record() {
    let run = support::sample();
    let mut tables = Tables::of(&report::html(&run).expect("a page"));
    for work in &run.workloads {
        ratios(&run, &work.name, &mut tables);
        costs(&run, &work.name, &mut tables);
    }
    scaling(&run, &mut tables);
    sweep(&run, &mut tables);
    timelines(&run, &mut tables);
    waiting(&run, &mut tables);
    loads(&run, &mut tables);
    for twin in run.comparisons.iter().filter(|found| found.kind == ComparisonKind::Twin) {
        let row = tables.row("A/A twins", &twin.workload);
        assert_eq!(row[1], twin.a);
        shows(&row, 2, twin.ratio);
    }
    let all: BTreeSet<String> = tables.found.iter().map(|(title, _)| title.clone()).collect();
    let unseen: Vec<_> = all.difference(&tables.seen).collect();
    assert!(unseen.is_empty(), "nothing holds these charts to the record: {unseen:?}");
}

fn ratios(run: &Run, workload: &str, tables: &mut Tables) {
    let cells = measured(run, workload);
    let best = cells.iter().min_by(|a, b| steady(a).median.total_cmp(&steady(b).median)).expect("measured");
    let title = format!("{workload}: time relative to the best");
    assert_eq!(tables.get(&title).len(), cells.len());
    for cell in &cells {
        let row = tables.row(&title, &label(run, cell));
        shows(&row, 1, steady(cell).median);
        let of_best = comparison(run, ComparisonKind::Steady, &cell.id).filter(|c| c.b == best.id);
        shows(&row, 3, of_best.map_or(1.0, |c| c.ratio));
        assert_eq!(row[6], cell.observations.len().to_string());
        let in_order = tables.row(&format!("{workload}: observations in run order"), &label(run, cell));
        for observation in &cell.observations {
            let warm = middle(observation.warm_ns.iter().map(|&ns| ns as f64).collect());
            shows(&in_order, 1 + observation.block as usize, warm);
        }
        if let Some(ideal) = cell.ideal_ns {
            let row = tables.row(&format!("{workload}: distance from ideal"), &label(run, cell));
            shows(&row, 2, ideal as f64);
            shows(&row, 3, steady(cell).median / ideal as f64);
        }
    }
}

fn costs(run: &Run, workload: &str, tables: &mut Tables) {
    for cell in measured(run, workload) {
        let name = label(run, cell);
        let row = tables.row(&format!("{workload}: CPU time"), &name);
        let parts = [per_batch(cell, |o| o.user_ns), per_batch(cell, |o| o.system_ns)];
        let [user, system] = parts.map(|part| part.expect("the sample has CPU time"));
        shows(&row, 1, user);
        shows(&row, 2, system);
        shows(&row, 3, user + system);
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

fn scaling(run: &Run, tables: &mut Tables) {
    let titled = tables.found.iter().filter_map(|(title, _)| title.strip_suffix(": speed-up"));
    let workloads: Vec<String> = titled.map(str::to_owned).collect();
    assert!(workloads.len() > 1);
    for workload in workloads {
        let sequential = run.cells.iter().find(|cell| cell.id == format!("{workload}/sequential@1"));
        let sequential = steady(sequential.expect("the baseline")).median;
        let efficiencies = tables.get(&format!("{workload}: efficiency"));
        for (row, efficiency) in tables.get(&format!("{workload}: speed-up")).iter().zip(efficiencies) {
            let id = format!("{workload}/{}@{}", row[0], row[1]);
            let cell = run.cells.iter().find(|cell| cell.id == id).expect("it was measured");
            // Estimated from pairs of observations, not from the medians.
            let speedup = sequential / steady(cell).median;
            shows(row, 2, speedup);
            shows(&efficiency, 2, speedup / cell.workers as f64);
        }
    }
}

fn sweep(run: &Run, tables: &mut Tables) {
    let sweep = run.granularity.as_ref().expect("the sample has a sweep");
    let points =
        || sweep.models.iter().flat_map(|model| model.points.iter().map(move |point| (model, point)));
    let (times, shares) = (tables.get("time per task"), tables.get("efficiency by task size"));
    assert_eq!((times.len(), shares.len()), (points().count(), points().count()));
    for (((model, point), time), share) in points().zip(&times).zip(&shares) {
        assert_eq!((&time[0], &share[0]), (&model.model, &model.model));
        shows(time, 1, point.task_ns);
        shows(time, 2, point.per_task.median);
        shows(time, 4, point.efficiency);
        shows(share, 2, point.efficiency);
    }
    let map = tables.get("decision map");
    for answer in &sweep.verdicts {
        let size = points().find(|(_, point)| point.workload == answer.workload).expect("a point").1.task_ns;
        let row =
            map.iter().find(|row| row[0].starts_with("sweep") && (figure(&row[1]) / size - 1.0).abs() < 0.01);
        let row = row.unwrap_or_else(|| panic!("{} is not on the map", answer.workload));
        for id in &answer.winners {
            let cell = sweep.cells.iter().find(|cell| cell.id == *id).expect("a cell of the sweep");
            assert!(row[2].contains(&cell.model), "{row:?} lacks {}", cell.model);
        }
    }
}

fn timelines(run: &Run, tables: &mut Tables) {
    assert!(!run.timelines.is_empty());
    for timeline in &run.timelines {
        let cell = run.cells.iter().find(|cell| cell.id == timeline.cell).expect("a cell");
        let row = tables.row(&format!("{}: who ran what", cell.workload), &label(run, cell));
        shows(&row, 1, timeline.batch_ns as f64);
        assert_eq!(row[2], timeline.lanes.len().to_string());
        let tasks: BTreeSet<u64> = timeline.spans.iter().map(|span| span.task).collect();
        assert_eq!(row[3], tasks.len().to_string());
        let held: u64 = timeline.spans.iter().map(|span| span.end_ns - span.start_ns).sum();
        shows(&row, 6, held as f64 / (timeline.batch_ns * timeline.lanes.len() as u64) as f64);
    }
}

fn loads(run: &Run, tables: &mut Tables) {
    let latency = run.latency.as_ref().expect("the sample has loads");
    let (rates, curves) = (tables.get("latency by rate"), tables.get("latency at half load"));
    let mut found = rates.iter();
    for cell in latency.cells.iter().filter(|cell| cell.status == Status::Ok) {
        let name = label(run, run.cells.iter().find(|other| other.id == cell.cell).expect("of the matrix"));
        for load in std::iter::once(&cell.closed).chain(&cell.open) {
            let summary = load.summary.as_ref().expect("the sample has it");
            let row = found.next().expect("a row for each load");
            assert_eq!((&row[0], &row[12]), (&name, &summary.tasks.to_string()));
            match load.rate_per_s {
                Some(rate) => shows(row, 2, rate),
                None => assert_eq!(row[1], "closed"),
            }
            shows(row, 3, summary.done_per_s);
            shows(row, 4, summary.p50_ns);
            shows(row, 5, summary.p90_ns.expect("1200 tasks"));
            shows(row, 6, summary.p99_ns.expect("1200 tasks"));
            shows(row, 8, summary.p999_ns.expect("1200 tasks"));
            shows(row, 9, summary.max_ns);
            if load.share == Some(0.5) {
                let row = curves.iter().find(|row| row[0] == name).expect("a curve");
                for (place, point) in summary.curve.iter().enumerate() {
                    shows(row, 1 + place, point.ns);
                }
            }
        }
        let row = tables.row("knees", &name);
        match cell.knee {
            Some(knee) => shows(&[row[1].replace("at least ", "")], 0, knee.rate_per_s),
            None => assert_eq!(Some(&row[4]), cell.refusal.as_ref()),
        }
    }
    assert!(found.next().is_none());
}

fn waiting(run: &Run, tables: &mut Tables) {
    let memory = run.memory.as_ref().expect("the sample has crowds");
    let points =
        || memory.models.iter().flat_map(|model| model.points.iter().map(move |point| (model, point)));
    let rows = tables.get("memory of waiting tasks");
    assert_eq!(rows.len(), points().count());
    for ((model, point), row) in points().zip(&rows) {
        assert_eq!((&row[0], &row[1]), (&model.model, &point.tasks.to_string()));
        match (point.resident_bytes, point.page_table_bytes) {
            (Some(resident), Some(page_tables)) => {
                shows(row, 3, resident as f64);
                shows(row, 4, page_tables as f64);
            }
            _ => assert!(figure_is_missing(row), "{row:?}"),
        }
    }
}

/// Words stand where a figure would.
fn figure_is_missing(row: &[String]) -> bool {
    row[3..5].iter().all(|field| !field.starts_with(|c: char| c.is_ascii_digit()))
}

#[test]
fn the_costs_of_waiting_and_switching_are_those_of_the_record() {
    let run = support::sample();
    let text = report::table(&run, report::Format::Md);
    let row = |name: &str, after: &str| {
        let (_, part) = text.split_once(after).expect("the table");
        let line = part.lines().find(|line| line.starts_with(&format!("| {name} |"))).expect("the row");
        line.split('|').map(|field| field.trim().replace('\\', "")).skip(1).collect::<Vec<_>>()
    };
    for model in &run.memory.as_ref().expect("the sample has crowds").models {
        let row = row(&model.model, "### waiting tasks");
        match (&model.per_task, &model.refusal) {
            (Some(cost), _) => {
                shows(&row, 1, cost.bytes);
                shows(&row, 3, cost.base_bytes);
            }
            (None, refusal) => assert_eq!(Some(&row[5]), refusal.as_ref(), "{row:?}"),
        }
    }
    for pair in &run.switches.as_ref().expect("the sample has games").pairs {
        let column = if pair.placement == Placement::Pinned { 1 } else { 2 };
        let mut row = row(&pair.model, "### switches");
        match &pair.per_switch {
            Some(time) => {
                row[column] = row[column].split(" [").next().expect("a figure").to_owned();
                shows(&row, column, time.median);
            }
            None => assert!(row[4].contains(pair.reason.as_deref().expect("a reason")), "{row:?}"),
        }
    }
}

#[test]
fn a_trace_holds_every_span_under_its_worker() {
    let folder = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("report-traces");
    std::fs::create_dir_all(&folder).expect("a folder for the test");
    let run = support::sample();
    report::write_all(&run, &folder).expect("a report");
    let mut spans = 0;
    for entry in std::fs::read_dir(folder.join("traces")).expect("traces") {
        let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("a trace");
        let trace: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let events = trace["traceEvents"].as_array().expect("events");
        let threads = events.iter().filter(|event| event["name"] == "thread_name");
        let named: BTreeSet<_> =
            threads.map(|event| (event["pid"].as_u64(), event["tid"].as_u64())).collect();
        for event in events.iter().filter(|event| event["ph"] == "X") {
            assert!(named.contains(&(event["pid"].as_u64(), event["tid"].as_u64())), "{event}");
            assert!(event["dur"].as_f64() > Some(0.0), "{event}");
            spans += 1;
        }
    }
    assert_eq!(spans, run.timelines.iter().map(|timeline| timeline.spans.len()).sum::<usize>());
}

#[test]
fn a_full_run_leaves_no_section_empty_and_a_small_one_says_how_to_fill_them() {
    let mut run = support::sample();
    let page = report::html(&run).expect("a page");
    assert!(!page.contains("class=\"absent\""));
    run.granularity = None;
    (run.memory, run.switches) = (None, None);
    run.timelines.clear();
    run.cells.retain(|cell| cell.ranked && !cell.twin);
    run.cells.retain(|cell| cell.workers_rule == "cores" || cell.model == "sequential");
    analyse::complete(&mut run);
    let page = report::html(&run).expect("a page");
    for (section, how) in [
        ("map", "--granularity"),
        ("overhead", "--granularity"),
        ("scaling", "under `scaling`"),
        ("costs", "--costs"),
        ("timeline", "takes some at its end"),
    ] {
        let (_, after) = page.split_once(&format!("<section id=\"{section}\"")).expect("the section");
        let (inside, _) = after.split_once("</section>").expect("its end");
        assert!(inside.contains("class=\"absent\"") && inside.contains(how), "{section}: {inside}");
        assert!(!inside.contains("<svg"), "{section}");
    }
}
