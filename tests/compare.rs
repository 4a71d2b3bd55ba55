//! Several runs beside each other.

mod support;

use std::path::PathBuf;

use concbench::batch::Verdict;
use concbench::record::{RawCell, RawExperiment, Record, Status, Track};
use concbench::results::{
    self, CompareOptions, CompareRefusal, Compared, ComparedCell, ComparedExperiment, Contrast, Format,
    ObjectionKind, compare,
};
use serde_json::json;

const POOLS: [&str; 4] = ["thread-pool", "rayon", "process-pool", "process-pool-shm"];

fn options() -> CompareOptions {
    CompareOptions { threshold: 0.05, ..CompareOptions::default() }
}

fn labelled(mut record: Record, label: &str) -> Record {
    record.run.label = label.to_owned();
    record
}

fn matrix(found: &Compared) -> &ComparedExperiment {
    found.experiments.iter().find(|experiment| experiment.id == "matrix").expect("every run has one")
}

fn matrix_of(record: &mut Record) -> &mut RawExperiment {
    record.experiments.get_mut("matrix").expect("it was measured")
}

fn model(cell: &ComparedCell) -> &str {
    cell.model.as_deref().expect("a cell of the matrix has a model")
}

fn contrasts(found: &Compared) -> impl Iterator<Item = &Contrast> {
    let responses = found.experiments.iter().flat_map(|of| &of.cells).flat_map(|cell| &cell.responses);
    responses.flat_map(|response| &response.contrasts)
}

#[test]
fn a_run_beside_itself_is_never_different() {
    let record = support::sample();
    let found = compare(&[record.clone(), record.clone()], &options()).expect("they are alike");
    assert!(found.objections.is_empty());
    assert_eq!(found.experiments.len(), record.experiments.len());
    assert!(!matrix(&found).cells.is_empty());
    for contrast in contrasts(&found) {
        assert!((contrast.ratio - 1.0).abs() < 1e-12, "{contrast:?}");
        assert!(matches!(contrast.verdict, Verdict::Equivalent | Verdict::Unresolved), "{contrast:?}");
    }
    assert!(found.regressions.is_empty());
    assert_ne!(found.places[0].name, found.places[1].name);
    let page = results::comparison_html(&[record.clone(), record], &found).expect("a page");
    assert!(page.contains("Every model keeps its place."));
}

#[test]
fn runs_under_long_labels_are_told_apart() {
    let label = "a-machine-with-a-name-that-goes-on".repeat(9);
    let named = |seed, end: &str| labelled(support::sample_with(seed, |_, _| 1.0), &format!("{label}{end}"));
    let records = [named(1, ""), named(2, "-b"), labelled(support::sample_with(3, |_, _| 1.0), "another")];
    let found = compare(&records, &options()).expect("they are alike");
    let csv = results::comparison_csv(&found);
    let rows = csv::Reader::from_reader(csv.as_bytes()).into_records().map(|row| row.expect("a row"));
    let names: std::collections::BTreeSet<String> =
        rows.map(|row| row[4].chars().take(59).collect()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
}

#[test]
fn a_machine_measured_twice_is_rarely_different() {
    let (mut cells, mut different) = (0, 0);
    for seed in 0..5 {
        let records =
            [support::sample_with(2 * seed, |_, _| 1.0), support::sample_with(2 * seed + 1, |_, _| 1.0)];
        let found = compare(&records, &options()).expect("they are alike");
        let verdicts = matrix(&found).cells.iter().map(|cell| cell.first().contrasts[0].verdict);
        cells += verdicts.len();
        different += verdicts.filter(|verdict| *verdict == Verdict::Different).count();
    }
    assert!(different * 100 <= cells, "{different} of {cells}");
}

#[test]
fn a_family_that_takes_twice_as_long_is_found_and_no_other() {
    let slow = |_: &str, model: &str| if POOLS.contains(&model) { 2.0 } else { 1.0 };
    let records = [support::sample_with(1, |_, _| 1.0), support::sample_with(2, slow)];
    let found = compare(&records, &options()).expect("they are alike");
    for cell in &matrix(&found).cells {
        let contrast = cell.first().contrasts[0];
        let doubled = POOLS.contains(&model(cell));
        let slower = contrast.verdict == Verdict::Different && contrast.ratio > 1.0;
        assert_eq!((cell.first().name, slower), ("steady_ns", doubled), "{}", cell.key);
        if doubled {
            assert!((1.9..2.1).contains(&contrast.ratio), "{} {}", cell.key, contrast.ratio);
        }
    }
    let pools = matrix(&found).cells.iter().filter(|cell| POOLS.contains(&model(cell))).count();
    let regressions = found.regressions.iter().filter(|of| found.experiments[of.experiment].id == "matrix");
    assert_eq!(regressions.count(), pools);
}

#[test]
fn a_cell_is_the_same_where_its_workers_come_from_the_same_rule() {
    let mut other = support::sample_with(2, |_, _| 1.0);
    other.machine.cores *= 16;
    for cell in &mut matrix_of(&mut other).cells {
        if cell.factors["workers_rule"] == "cores" {
            let workers = 16 * cell.factors["workers"].as_u64().expect("a number");
            cell.factors["workers"] = json!(workers);
            let twin = if cell.factors["twin"] == true { "+twin" } else { "" };
            let (name, _) = cell.id.split_once('@').expect("an id has workers");
            cell.id = format!("{name}@{workers}{twin}");
        }
    }
    let found = compare(&[support::sample(), other], &options()).expect("they are alike");
    assert!(matrix(&found).cells.iter().any(|cell| cell.key == "count/rayon@cores"));
    assert!(matrix(&found).cells.iter().all(|cell| !cell.key.contains("twin")));
}

#[test]
fn five_runs_stand_against_the_first() {
    let records: Vec<Record> = (0..5u32)
        .map(|n| labelled(support::sample_with(n.into(), |_, _| 1.0 + f64::from(n)), &format!("machine-{n}")))
        .collect();
    let found = compare(&records, &options()).expect("they are alike");
    for cell in &matrix(&found).cells {
        for (index, contrast) in cell.first().contrasts.iter().enumerate() {
            let truth = index as f64 + 2.0;
            assert!(contrast.low / 1.1 < truth && truth < contrast.high * 1.1, "{truth}: {contrast:?}");
            assert_eq!(contrast.verdict, Verdict::Different);
        }
    }
    assert_eq!(found.places[4].name, "machine-4");
}

#[test]
fn only_common_cells_count_and_the_others_say_why() {
    let first = support::sample();
    let mut second = support::sample_with(2, |_, _| 1.0);
    let cells = &mut matrix_of(&mut second).cells;
    let is = |cell: &RawCell, model: &str| cell.id.starts_with(&format!("count/{model}@"));
    cells.retain(|cell| ["sequential", "rayon", "smol"].iter().any(|model| is(cell, model)));
    for cell in cells.iter_mut().filter(|cell| is(cell, "smol")) {
        (cell.status, cell.reason) = (Status::Crashed, Some("killed".into()));
    }
    let found = compare(&[first, second], &options()).expect("they share cells");
    let matrix = matrix(&found);
    let mut models: Vec<_> = matrix.cells.iter().map(model).collect();
    models.sort_unstable();
    assert_eq!(models, ["rayon", "sequential"]);
    let smol = matrix.missing.iter().find(|cell| cell.key == "count/smol@cores").expect("listed");
    assert_eq!((smol.place, smol.reason.as_str()), (1, "crashed: killed"));
    assert!(found.is_worse(), "it broke");
}

/// A record in which this cell of the matrix ended otherwise.
fn ended(mut record: Record, cell: &str, status: Status, reason: &str) -> Record {
    let cell =
        matrix_of(&mut record).cells.iter_mut().find(|known| known.id == cell).expect("it was planned");
    (cell.status, cell.reason) = (status, Some(reason.to_owned()));
    cell.observations.clear();
    results::complete(&mut record).expect("a record of this version");
    record
}

#[test]
fn a_cell_that_broke_in_a_later_run_is_found_whatever_an_earlier_one_lacks() {
    const CELL: &str = "count/smol@4";
    let first = support::sample();
    let unsupported =
        || ended(support::sample_with(2, |_, _| 1.0), CELL, Status::Unsupported, "no such limit");
    let crashed = || ended(support::sample_with(3, |_, _| 1.0), CELL, Status::Crashed, "killed");
    let lacking = |mut record: Record| {
        matrix_of(&mut record).cells.retain(|cell| cell.id != CELL);
        record
    };
    let places = |records: &[Record]| {
        let found = compare(records, &options()).expect("they are alike");
        let lacks = matrix(&found).missing.iter().filter(|cell| cell.key == "count/smol@cores");
        (lacks.map(|cell| (cell.place, cell.status)).collect::<Vec<_>>(), found.is_worse())
    };
    let broken = (2, Some(Status::Crashed));
    let runs = [first.clone(), support::sample_with(2, |_, _| 1.0), labelled(crashed(), "third")];
    assert_eq!(places(&runs), (vec![broken], true));
    let found = compare(&runs, &options()).expect("they are alike");
    let page = results::comparison_html(&runs, &found).expect("a page");
    let table = results::comparison_table(&runs, &found, Format::Terminal).expect("a table");
    for text in [page, table] {
        assert!(text.contains("count/smol@cores: on third, crashed: killed"), "{text}");
    }
    let runs = [first.clone(), unsupported(), crashed()];
    assert_eq!(places(&runs), (vec![(1, Some(Status::Unsupported)), broken], true));
    let runs = [first.clone(), lacking(support::sample_with(2, |_, _| 1.0)), crashed()];
    assert_eq!(places(&runs), (vec![(1, None), broken], true));
    // What the first does not have either did not become worse.
    let runs = [crashed(), support::sample_with(2, |_, _| 1.0), crashed()];
    assert_eq!(places(&runs), (vec![(0, Some(Status::Crashed)), broken], false));
    let runs = [lacking(first), support::sample_with(2, |_, _| 1.0), crashed()];
    assert_eq!(places(&runs), (vec![(0, None), broken], false));
}

#[test]
fn runs_that_measure_something_else_are_refused_with_what_to_do() {
    let base = support::sample();
    let refuse = |edit: fn(&mut Record), kind: ObjectionKind| {
        let mut other = base.clone();
        edit(&mut other);
        let records = [base.clone(), other];
        let Err(CompareRefusal::Unlike(found)) = compare(&records, &options()) else {
            panic!("{kind:?} was let through")
        };
        assert!(found.iter().any(|objection| objection.kind == kind && !objection.remedy.is_empty()));
        let anyway = CompareOptions { anyway: true, ..options() };
        let flagged = compare(&records, &anyway).expect("asked for anyway");
        assert!(flagged.objections.iter().any(|objection| objection.kind == kind));
    };
    refuse(|record| record.tool.version = "9.9.9".into(), ObjectionKind::ToolVersion);
    refuse(|record| record.tool.profile = "debug".into(), ObjectionKind::Profile);
    refuse(|record| record.run.track = Track::Equalised, ObjectionKind::Track);
}

#[test]
fn other_settings_are_flagged_and_another_workload_is_left_out() {
    let base = support::sample();
    let mut other = support::sample_with(2, |_, _| 1.0);
    other.run.complete = false;
    other.run.blocks = 5;
    other.experiments.retain(|id, _| id == "matrix");
    matrix_of(&mut other).setup["workloads"][0]["hash"] = json!("another");
    let found = compare(&[base.clone(), other.clone()], &options()).expect("the rest is common");
    let kinds: Vec<_> = found.objections.iter().map(|objection| objection.kind).collect();
    for kind in [
        ObjectionKind::Incomplete,
        ObjectionKind::Blocks,
        ObjectionKind::Experiments,
        ObjectionKind::Workload,
    ] {
        assert!(kinds.contains(&kind), "{kind:?}");
    }
    let gone = base.experiments["matrix"].setup["workloads"][0]["name"].as_str().expect("a name");
    assert!(matrix(&found).cells.iter().all(|cell| cell.group != gone));
    assert_eq!(found.experiments.len(), 1, "only what both have");
    let works = matrix_of(&mut other).setup["workloads"].as_array_mut().expect("workloads");
    works.iter_mut().for_each(|work| work["hash"] = json!("another"));
    assert_eq!(compare(&[base, other], &options()), Err(CompareRefusal::NothingCommon));
}

#[test]
fn another_number_of_tasks_of_one_definition_is_flagged_and_compared() {
    let base = support::sample();
    let mut other = support::sample_with(2, |_, _| 1.0);
    let work = &mut matrix_of(&mut other).setup["workloads"][0];
    let name = work["name"].as_str().expect("a name").to_owned();
    work["tasks"] = json!(work["tasks"].as_u64().expect("a number") * 32);
    let found = compare(&[base, other], &options()).expect("they are alike");
    let [objection] = &found.objections[..] else { panic!("{:?}", found.objections) };
    assert_eq!(objection.kind, ObjectionKind::Tasks);
    assert!(objection.what.contains(&name) && objection.remedy.contains("for each core"), "{objection:?}");
    assert!(matrix(&found).cells.iter().any(|cell| cell.group == name), "it is compared");
}

#[test]
fn one_run_and_a_missing_price_are_refused() {
    let record = support::sample();
    assert_eq!(compare(std::slice::from_ref(&record), &options()), Err(CompareRefusal::TooFew { found: 1 }));
    let options = CompareOptions { prices: vec![Some(0.1)], ..options() };
    let refusal = compare(&[record.clone(), record], &options);
    assert_eq!(refusal, Err(CompareRefusal::Prices { prices: 1, runs: 2 }));
}

/// The same run with so many blocks.
fn short(mut record: Record, blocks: u32) -> Record {
    for cell in &mut matrix_of(&mut record).cells {
        cell.observations.retain(|observation| observation.block < blocks);
    }
    results::complete(&mut record).expect("a record of this version");
    record
}

#[test]
fn few_blocks_only_indicate() {
    let of = |seed: u64, factor: f64| short(support::sample_with(seed, |_, _| factor), 5);
    let found = compare(&[of(1, 1.0), of(2, 3.0)], &options()).expect("they are alike");
    let verdicts = || matrix(&found).cells.iter().map(|cell| cell.first().contrasts[0].verdict);
    assert!(verdicts().all(|verdict| verdict != Verdict::Different));
    assert!(verdicts().any(|verdict| verdict == Verdict::Indicative));
    let regressed = |experiment: usize| found.experiments[experiment].id == "matrix";
    assert!(found.regressions.iter().all(|of| !regressed(of.experiment)), "an indication is no regression");
}

#[test]
fn one_and_two_blocks_cannot_even_call_two_runs_equivalent() {
    let verdicts = |blocks: u32| -> Vec<Verdict> {
        let mut record = support::sample();
        for observations in matrix_of(&mut record).cells.iter_mut().map(|cell| &mut cell.observations) {
            if let Some(first) = observations.first().cloned() {
                let warm = &first.responses["warm_ns"];
                observations.iter_mut().for_each(|other| other.responses["warm_ns"] = warm.clone());
            }
        }
        let record = short(record, blocks);
        let found = compare(&[record.clone(), record], &options()).expect("they are alike");
        matrix(&found).cells.iter().map(|cell| cell.first().contrasts[0].verdict).collect()
    };
    assert!(verdicts(1).iter().all(|verdict| *verdict == Verdict::Unresolved));
    assert!(verdicts(2).iter().all(|verdict| *verdict == Verdict::Unresolved));
    assert!(verdicts(5).iter().all(|verdict| *verdict == Verdict::Equivalent));
}

#[test]
fn the_page_and_the_table_answer_first() {
    let faster = |work: &str, _: &str| if ["factorial", "count"].contains(&work) { 0.7 } else { 1.0 };
    let mut records = [
        labelled(support::sample_with(1, |_, _| 1.0), "small"),
        labelled(support::sample_with(2, faster), "large"),
        labelled(support::sample_with(3, |_, model| if model == "rayon" { 1.3 } else { 1.0 }), "changed"),
    ];
    records[1].machine.cpu = Some("another".into());
    let options = CompareOptions { prices: vec![Some(0.1), Some(0.2), None], ..options() };
    let found = compare(&records, &options).expect("they are alike");
    let table = results::comparison_table(&records, &found, Format::Terminal).expect("a table");
    let first = table.lines().next().expect("an answer");
    assert!(first.contains("large is 1.4") && first.contains("as fast at computing"), "{first}");
    assert!(table.contains("work for the money") && table.contains("changed: 1.3"), "{table}");
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("compare-sample").join("index.html");
    results::write_comparison(&records, &found, &path).expect("a page");
    let page = std::fs::read_to_string(&path).expect("the page");
    assert!(page.contains("another") && page.contains("as fast"));
    // One that has nothing to compare has no section.
    let compared = |cell: &ComparedCell| !cell.responses.is_empty();
    for experiment in found.experiments.iter().filter(|found| found.cells.iter().any(compared)) {
        assert!(page.contains(&format!("<section id=\"{}\"", experiment.id)), "{}", experiment.id);
    }
    assert_eq!(page, results::comparison_html(&records, &found).expect("a page"));
    // The answer stands large, with what it rests on beside it, for each run.
    assert_eq!(page.matches("<p class=\"answer\">").count(), 2);
    for heading in page.split("<h2").skip(1) {
        let (_, heading) = heading.split_once('>').expect("a heading");
        assert!(heading.starts_with(|c: char| c.is_uppercase()), "{}", &heading[..40]);
    }
    let responses = found.experiments.iter().flat_map(|of| &of.cells).flat_map(|cell| &cell.responses);
    let csv = results::comparison_csv(&found);
    assert_eq!(csv.lines().count(), 1 + responses.count() * records.len());
}

#[test]
fn programs_get_the_classes_the_ranks_and_the_curves() {
    let records = [
        support::sample(),
        support::sample_with(2, |work, _| if ["factorial", "count"].contains(&work) { 2.0 } else { 1.0 }),
    ];
    let found = compare(&records, &options()).expect("they are alike");
    let json = serde_json::to_value(&found).expect("JSON");
    let experiments = json["experiments"].as_array().expect("experiments");
    let matrix = experiments.iter().find(|experiment| experiment["id"] == "matrix").expect("the matrix");
    let cells = matrix["cells"].as_array().expect("cells");
    assert!(cells.iter().all(|cell| cell["family"].is_string()));
    assert!(cells.iter().any(|cell| cell["model"] == "rayon" && cell["family"] == "pools"));
    let classes = matrix["findings"]["classes"].as_array().expect("classes");
    let of = |class: &str| classes.iter().find(|of| of["class"] == class).expect("it has cells");
    assert_eq!(of("cpu")["workloads"], json!(["count", "factorial"]));
    assert_eq!(of("cpu")["contrasts"][0]["verdict"], "different");
    let ratio = of("cpu")["contrasts"][0]["ratio"].as_f64().expect("a number");
    assert!((1.9..2.1).contains(&ratio), "{ratio}");
    assert!((0.95..1.05).contains(&of("io")["contrasts"][0]["ratio"].as_f64().expect("a number")));
    // Every cell belongs to the class that names its group.
    let count: u64 = classes.iter().map(|class| class["cells"].as_u64().expect("a number")).sum();
    assert_eq!(count as usize, cells.len());
    let ranks = matrix["findings"]["ranks"].as_array().expect("ranks");
    assert!(
        !ranks.is_empty() && ranks.iter().all(|model| model["ranks"].as_array().map(Vec::len) == Some(2))
    );
    let curves = matrix["findings"]["curves"].as_array().expect("curves");
    assert!(curves.iter().any(|curve| curve["places"][1][0]["per_second"].is_number()), "{curves:?}");
}
