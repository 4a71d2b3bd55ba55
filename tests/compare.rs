//! Several runs beside each other.

mod support;

use std::path::PathBuf;

use concbench::analyse::{AcrossOptions, AcrossRefusal, Contrast, ObjectionKind, across};
use concbench::model::Family;
use concbench::record::{Run, Status, Verdict};
use concbench::report::{self, Format};

fn options() -> AcrossOptions {
    AcrossOptions { threshold: 0.05, ..AcrossOptions::default() }
}

fn labelled(mut run: Run, label: &str) -> Run {
    run.run.label = label.to_owned();
    run
}

#[test]
fn a_run_beside_itself_is_never_different() {
    let run = support::sample();
    let found = across(&[run.clone(), run], &options()).expect("they are alike");
    assert!(found.objections.is_empty());
    assert!(!found.cells.is_empty());
    for cell in &found.cells {
        let contrast = cell.contrasts[0];
        assert!((contrast.ratio - 1.0).abs() < 1e-12, "{}", cell.model);
        assert!(matches!(contrast.verdict, Verdict::Equivalent | Verdict::Unresolved), "{}", cell.model);
    }
    assert!(found.classes.iter().all(|class| !matches!(class.contrasts[0].verdict, Verdict::Different)));
    assert!(found.regressions.is_empty());
    assert!(found.ranks.iter().all(|model| model.ranks[0] == model.ranks[1]));
    assert_ne!(found.places[0].name, found.places[1].name);
}

#[test]
fn a_machine_measured_twice_is_rarely_different() {
    let (mut cells, mut different) = (0, 0);
    for seed in 0..5 {
        let runs =
            [support::sample_with(2 * seed, |_, _| 1.0), support::sample_with(2 * seed + 1, |_, _| 1.0)];
        let found = across(&runs, &options()).expect("they are alike");
        cells += found.cells.len();
        different +=
            found.cells.iter().filter(|cell| cell.contrasts[0].verdict == Verdict::Different).count();
    }
    assert!(different * 100 <= cells, "{different} of {cells}");
}

#[test]
fn a_family_that_takes_twice_as_long_is_found_and_no_other() {
    let pools = ["thread-pool", "rayon", "process-pool", "process-pool-shm"];
    let slow = |_: &str, model: &str| if pools.contains(&model) { 2.0 } else { 1.0 };
    let runs = [support::sample_with(1, |_, _| 1.0), support::sample_with(2, slow)];
    let found = across(&runs, &options()).expect("they are alike");
    for cell in &found.cells {
        let contrast = cell.contrasts[0];
        let doubled = cell.family == Family::Pools;
        assert_eq!(contrast.is_slower(), doubled, "{} {}", cell.workload, cell.model);
        if doubled {
            assert!((1.9..2.1).contains(&contrast.ratio), "{} {}", cell.workload, contrast.ratio);
        }
    }
    let pools_in = found.cells.iter().filter(|cell| cell.family == Family::Pools).count();
    assert_eq!(found.regressions.len(), pools_in);
}

#[test]
fn five_runs_stand_against_the_first() {
    let runs: Vec<Run> = (0..5u32)
        .map(|n| labelled(support::sample_with(n.into(), |_, _| 1.0 + f64::from(n)), &format!("machine-{n}")))
        .collect();
    let found = across(&runs, &options()).expect("they are alike");
    for class in &found.classes {
        for (index, contrast) in class.contrasts.iter().enumerate() {
            let truth = index as f64 + 2.0;
            assert!(contrast.low / 1.1 < truth && truth < contrast.high * 1.1, "{truth}: {contrast:?}");
            assert!(contrast.is_slower());
        }
    }
    assert_eq!(found.places[4].name, "machine-4");
}

#[test]
fn only_common_cells_count_and_the_others_say_why() {
    let first = support::sample();
    let mut second = support::sample_with(2, |_, _| 1.0);
    second.cells.retain(|cell| {
        cell.workload == "count" && ["sequential", "rayon", "smol"].contains(&cell.model.as_str())
    });
    for cell in second.cells.iter_mut().filter(|cell| cell.model == "smol") {
        cell.status = Status::Crashed;
        cell.reason = Some("killed".into());
        cell.summary = None;
    }
    let found = across(&[first, second], &options()).expect("they share cells");
    let mut models: Vec<_> = found.cells.iter().map(|cell| cell.model.as_str()).collect();
    models.sort_unstable();
    assert_eq!(models, ["rayon", "sequential"]);
    let smol =
        found.missing.iter().find(|cell| cell.model == "smol" && cell.workload == "count").expect("listed");
    assert_eq!((smol.place, smol.reason.as_str()), (1, "crashed: killed"));
}

#[test]
fn runs_that_measure_something_else_are_refused_with_what_to_do() {
    let base = support::sample();
    let refuse = |edit: fn(&mut Run), kind: ObjectionKind| {
        let mut other = base.clone();
        edit(&mut other);
        let runs = [base.clone(), other];
        let Err(AcrossRefusal::Unlike(found)) = across(&runs, &options()) else {
            panic!("{kind:?} was let through")
        };
        assert!(found.iter().any(|objection| objection.kind == kind && !objection.remedy.is_empty()));
        let anyway = AcrossOptions { anyway: true, ..options() };
        let flagged = across(&runs, &anyway).expect("asked for anyway");
        assert!(flagged.objections.iter().any(|objection| objection.kind == kind));
    };
    refuse(|run| run.tool.version = "9.9.9".into(), ObjectionKind::ToolVersion);
    refuse(|run| run.tool.profile = "debug".into(), ObjectionKind::Profile);
    refuse(|run| run.run.track = concbench::record::Track::Equalised, ObjectionKind::Track);
}

#[test]
fn other_settings_are_flagged_and_another_workload_is_left_out() {
    let base = support::sample();
    let mut other = support::sample_with(2, |_, _| 1.0);
    other.run.complete = false;
    other.run.blocks = 5;
    other.workloads[0].hash = "another".into();
    let found = across(&[base.clone(), other.clone()], &options()).expect("the rest is common");
    let kinds: Vec<_> = found.objections.iter().map(|objection| objection.kind).collect();
    for kind in [ObjectionKind::Incomplete, ObjectionKind::Blocks, ObjectionKind::Workload] {
        assert!(kinds.contains(&kind), "{kind:?}");
    }
    let gone = &base.workloads[0].name;
    assert!(found.cells.iter().all(|cell| &cell.workload != gone));
    for work in &mut other.workloads {
        work.hash = "another".into();
    }
    assert_eq!(across(&[base, other], &options()), Err(AcrossRefusal::NothingCommon));
}

#[test]
fn one_run_and_a_missing_price_are_refused() {
    let run = support::sample();
    assert_eq!(across(std::slice::from_ref(&run), &options()), Err(AcrossRefusal::TooFew { found: 1 }));
    let options = AcrossOptions { prices: vec![Some(0.1)], ..options() };
    assert_eq!(across(&[run.clone(), run], &options), Err(AcrossRefusal::Prices { prices: 1, runs: 2 }));
}

#[test]
fn few_blocks_only_indicate() {
    let short = |seed: u64, factor: f64| {
        let mut run = support::sample_with(seed, |_, _| factor);
        for cell in &mut run.cells {
            cell.observations.retain(|observation| observation.block < 5);
        }
        concbench::analyse::complete(&mut run);
        run
    };
    let found = across(&[short(1, 1.0), short(2, 3.0)], &options()).expect("they are alike");
    assert!(found.cells.iter().all(|cell| cell.contrasts[0].verdict != Verdict::Different));
    assert!(found.cells.iter().any(|cell| cell.contrasts[0].verdict == Verdict::Indicative));
    assert!(found.regressions.is_empty(), "an indication is no regression");
}

#[test]
fn one_and_two_blocks_cannot_even_call_two_runs_equivalent() {
    let verdicts = |blocks: u32| -> Vec<Verdict> {
        let mut run = support::sample();
        for observations in run.cells.iter_mut().map(|cell| &mut cell.observations) {
            observations.retain(|observation| observation.block < blocks);
            if let Some(first) = observations.first().cloned() {
                observations.iter_mut().for_each(|other| other.warm_ns.clone_from(&first.warm_ns));
            }
        }
        concbench::analyse::complete(&mut run);
        let found = across(&[run.clone(), run], &options()).expect("they are alike");
        let classes = found.classes.iter().map(|class| class.contrasts[0].verdict);
        found.cells.iter().map(|cell| cell.contrasts[0].verdict).chain(classes).collect()
    };
    assert!(verdicts(1).iter().all(|verdict| *verdict == Verdict::Unresolved));
    assert!(verdicts(2).iter().all(|verdict| *verdict == Verdict::Unresolved));
    assert!(verdicts(5).iter().all(|verdict| *verdict == Verdict::Equivalent));
}

#[test]
fn the_interval_of_a_class_is_that_of_its_figure() {
    // A third of the second run took half as long again: resampled medians then lie far from those of the samples.
    let mut second = support::sample_with(2, |_, _| 1.0);
    for observation in second.cells.iter_mut().flat_map(|cell| &mut cell.observations) {
        if observation.block % 3 == 0 {
            observation.warm_ns.iter_mut().for_each(|time| *time += *time / 2);
        }
    }
    concbench::analyse::complete(&mut second);
    let found = across(&[support::sample_with(1, |_, _| 1.0), second], &options()).expect("they are alike");
    for class in &found.classes {
        let of_class = class.contrasts[0];
        let cells: Vec<_> = found.cells.iter().filter(|cell| cell.class == class.class).collect();
        let mean = |log: fn(&Contrast) -> f64| {
            cells.iter().map(|cell| log(&cell.contrasts[0])).sum::<f64>() / cells.len() as f64
        };
        assert!((mean(|cell| cell.ratio.ln()) - of_class.ratio.ln()).abs() < 1e-9, "{of_class:?}");
        let (below, above) = (of_class.ratio / of_class.low, of_class.high / of_class.ratio);
        assert!((below / above - 1.0).abs() < 1e-9, "{of_class:?}");
        // Alike cells tell together as much more than one of them as the root of their number.
        let expected = mean(|cell| (cell.high / cell.low).ln()) / (cells.len() as f64).sqrt();
        let width = (of_class.high / of_class.low).ln();
        assert!((0.8..2.0).contains(&(width / expected)), "{width} and {expected}: {of_class:?}");
    }
}

#[test]
fn the_page_and_the_table_answer_first() {
    let faster = |work: &str, _: &str| if ["factorial", "count"].contains(&work) { 0.7 } else { 1.0 };
    let mut runs = [
        labelled(support::sample_with(1, |_, _| 1.0), "small"),
        labelled(support::sample_with(2, faster), "large"),
        labelled(support::sample_with(3, |_, model| if model == "rayon" { 1.3 } else { 1.0 }), "changed"),
    ];
    runs[1].machine.cpu = Some("another".into());
    let options = AcrossOptions { prices: vec![Some(0.1), Some(0.2), None], ..options() };
    let found = across(&runs, &options).expect("they are alike");
    let table = report::compare_table(&found, Format::Table);
    let first = table.lines().next().expect("an answer");
    assert!(first.contains("large is 1.4") && first.contains("as fast at computing"), "{first}");
    assert!(table.contains("work for the money") && table.contains("changed: 1.3"), "{table}");
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("compare-sample").join("index.html");
    report::write_comparison(&runs, &found, &path).expect("a page");
    let page = std::fs::read_to_string(&path).expect("the page");
    assert!(page.contains("another") && page.contains("as fast"));
    assert_eq!(page, report::compare_html(&runs, &found).expect("a page"));
    let csv = report::compare_table(&found, Format::Csv);
    assert_eq!(csv.lines().count(), 1 + found.cells.len() * runs.len());
}
