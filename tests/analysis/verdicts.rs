//! Which comparisons are made and what they say.

use concbench::batch::analyse::{CONFIDENCE, MARGIN, noise_floor};
use concbench::batch::{Comparison, ComparisonKind, Estimator, Sheet, Verdict};
use concbench::record::{BlockNoise, Status};

use crate::synthetic::{Generator, around, cell, complete, completed, twin};

const MS: f64 = 1e6;

fn comparison<'a>(sheet: &'a Sheet, kind: ComparisonKind, model: &str) -> &'a Comparison {
    let of_model = |found: &&Comparison| found.kind == kind && found.a.contains(model);
    sheet.comparisons.iter().find(of_model).expect("the two were compared")
}

fn steady<'a>(sheet: &'a Sheet, model: &str) -> &'a Comparison {
    comparison(sheet, ComparisonKind::Steady, model)
}

/// `rayon` at 10 ms, and `smol` at `factor` times that, with this noise and number of blocks.
fn two_models(factor: f64, noise: f64, blocks: usize) -> Sheet {
    let mut generator = Generator::new(7);
    let fast = around(&mut generator, 10.0 * MS, noise, blocks);
    let slow = around(&mut generator, 10.0 * MS * factor, noise, blocks);
    completed(vec![cell("rayon", 2, &fast), cell("smol", 2, &slow)])
}

#[test]
fn a_clear_difference_a_clear_likeness_and_neither() {
    let verdict = |factor, noise| two_models(factor, noise, 20).comparisons[0].verdict;
    assert_eq!(verdict(1.5, 0.01), Verdict::Different);
    assert_eq!(verdict(1.001, 0.005), Verdict::Equivalent);
    assert_eq!(verdict(1.001, 0.2), Verdict::Unresolved);
}

#[test]
fn a_sure_but_small_difference_is_slight() {
    let sheet = two_models(1.01, 0.001, 20);
    let found = steady(&sheet, "smol");
    assert!(found.low > 1.0 && found.high < 1.0 + MARGIN, "{found:?}");
    assert_eq!(found.verdict, Verdict::Slight);
    assert_eq!(sheet.verdicts[0].winners, ["work/rayon@2"]);
    assert!(
        sheet.verdicts[0].sentence.contains("less than the 2.0 % that count"),
        "{}",
        sheet.verdicts[0].sentence
    );
}

#[test]
fn three_percent_are_slight_within_a_margin_of_five() {
    let mut sheet = two_models(1.03, 0.002, 20);
    assert_eq!(steady(&sheet, "smol").verdict, Verdict::Different);
    sheet.margin = 0.05;
    complete(&mut sheet);
    let found = steady(&sheet, "smol");
    assert_eq!((found.verdict, found.margin), (Verdict::Slight, 0.05));
}

#[test]
fn eleven_blocks_only_indicate_and_twelve_can_tell() {
    let few = two_models(3.0, 0.01, 11);
    assert_eq!(steady(&few, "smol").verdict, Verdict::Indicative);
    assert_eq!(few.verdicts[0].winners, ["work/rayon@2"]);
    assert_eq!(steady(&two_models(3.0, 0.01, 12), "smol").verdict, Verdict::Different);
}

#[test]
fn four_blocks_cannot_even_call_two_cells_equivalent() {
    let constant = |blocks: usize| {
        let times = vec![MS; blocks];
        let sheet = completed(vec![cell("rayon", 2, &times), cell("smol", 2, &times)]);
        sheet.comparisons[0].verdict
    };
    assert_eq!(constant(4), Verdict::Unresolved);
    assert_eq!(constant(5), Verdict::Equivalent);
}

#[test]
fn the_twin_sets_the_noise_floor_and_no_margin() {
    let mut generator = Generator::new(3);
    let original = cell("sequential", 1, &around(&mut generator, 20.0 * MS, 0.1, 20));
    let again = twin(&original, &around(&mut generator, 20.0 * MS, 0.1, 20));
    let other = cell("rayon", 2, &around(&mut generator, 10.0 * MS, 0.1, 20));
    let sheet = completed(vec![original, again, other]);
    let twins = comparison(&sheet, ComparisonKind::Twin, "+twin");
    assert_eq!((twins.margin, twins.b.as_str()), (MARGIN, "work/sequential@1"));
    let floor = sheet.verdicts[0].noise_floor.expect("there is a twin");
    assert_eq!(floor, noise_floor(twins));
    assert!(floor > MARGIN && twins.low >= 1.0 / (1.0 + floor) && twins.high <= 1.0 + floor);
    assert!(sheet.comparisons.iter().all(|found| found.margin == MARGIN));
}

#[test]
fn each_comparison_names_its_own_smallest_effect() {
    let mut generator = Generator::new(3);
    let mut times = |noise| around(&mut generator, 10.0 * MS, noise, 20);
    let cells = [("rayon", times(0.01)), ("smol", times(0.01)), ("join-all", times(0.05))];
    let sheet = completed(cells.map(|(model, times)| cell(model, 2, &times)).to_vec());
    let effects: Vec<f64> = sheet
        .comparisons
        .iter()
        .filter(|found| found.kind == ComparisonKind::Steady)
        .map(|found| {
            let effect = found.smallest_effect.expect("there are enough blocks");
            assert!(effect > MARGIN, "{found:?}");
            effect
        })
        .collect();
    let noisy = comparison(&sheet, ComparisonKind::Steady, "join-all").smallest_effect;
    assert_eq!(effects.iter().copied().reduce(f64::max), noisy);
    let of_workload = sheet.verdicts[0].smallest_effect.expect("there are enough blocks");
    assert!(effects.iter().any(|&effect| effect <= of_workload) && Some(of_workload) <= noisy);
}

#[test]
fn every_ranked_cell_stands_against_the_baseline() {
    let models = [("sequential", 1, 20.0), ("rayon", 2, 10.0), ("smol", 2, 30.0)];
    let sheet =
        completed(models.map(|(model, workers, time)| cell(model, workers, &[time * MS; 12])).to_vec());
    let against = |model| comparison(&sheet, ComparisonKind::Baseline, model);
    for (model, ratio) in [("rayon", 0.5), ("smol", 1.5)] {
        assert!((against(model).ratio - ratio).abs() < 1e-9, "{:?}", against(model));
    }
    assert!(against("rayon").b == "work/sequential@1" && against("rayon").verdict == Verdict::Different);
}

#[test]
fn where_two_shapes_differ_the_ratio_is_that_of_the_medians() {
    let mut generator = Generator::new(17);
    let steady_times = around(&mut generator, 10.0 * MS, 0.002, 40);
    // Most observations are as fast; a third takes twice as long.
    let two_modes: Vec<f64> =
        (0..40).map(|block| if block % 5 < 2 { 20.0 * MS } else { 10.0 * MS }).collect();
    let sheet = completed(vec![cell("rayon", 2, &steady_times), cell("smol", 2, &two_modes)]);
    let found = &sheet.comparisons[0];
    assert_eq!(found.estimator, Estimator::RatioOfMedians, "{found:?}");
    assert!((found.ratio - 1.0).abs() < 0.01, "{found:?}");
    let alike = completed(vec![cell("rayon", 2, &steady_times), cell("smol", 2, &steady_times)]);
    assert_eq!(alike.comparisons[0].estimator, Estimator::PairedRatios);
}

#[test]
fn a_disturbed_block_makes_the_interval_wider_and_never_narrower() {
    let mut generator = Generator::new(19);
    let fast = around(&mut generator, 10.0 * MS, 0.01, 20);
    let mut slow = around(&mut generator, 10.5 * MS, 0.01, 20);
    slow[..6].iter_mut().for_each(|time| *time *= 0.9);
    let mut sheet = completed(vec![cell("rayon", 2, &fast), cell("smol", 2, &slow)]);
    let undisturbed = sheet.comparisons[0].clone();
    let noise = |block| BlockNoise {
        block,
        experiment: "matrix".into(),
        group: "work".into(),
        breach: Some("5 % of a core was stolen".into()),
        ..BlockNoise::default()
    };
    sheet.noise = (0..6).map(noise).collect();
    complete(&mut sheet);
    let disturbed = &sheet.comparisons[0];
    assert_eq!(disturbed.ratio, undisturbed.ratio, "nothing is dropped");
    assert!(disturbed.low <= undisturbed.low && disturbed.high >= undisturbed.high);
    assert!(disturbed.high > undisturbed.high || disturbed.low < undisturbed.low, "{disturbed:?}");
}

#[test]
fn a_twin_is_never_ranked() {
    let original = cell("rayon", 2, &[10.0 * MS; 12]);
    let mut again = twin(&original, &[9.0 * MS; 12]);
    again.ranked = true;
    let sheet = completed(vec![original, again, cell("smol", 2, &[30.0 * MS; 12])]);
    assert_eq!(sheet.verdicts[0].winners, ["work/rayon@2"]);
    assert!(steady(&sheet, "smol").b.ends_with("rayon@2"));
}

#[test]
fn cells_that_are_not_ok_or_not_ranked_take_no_part() {
    let mut broken = cell("smol", 2, &[5.0 * MS; 12]);
    broken.status = Status::Crashed;
    let mut sweep = cell("rayon", 1, &[6.0 * MS; 12]);
    sweep.ranked = false;
    let sheet = completed(vec![cell("rayon", 2, &[10.0 * MS; 12]), broken, sweep]);
    assert!(sheet.comparisons.is_empty());
    assert_eq!(sheet.verdicts[0].winners, ["work/rayon@2"]);
    let has_summary: Vec<bool> = sheet.cells.iter().map(|cell| cell.summary.is_some()).collect();
    assert_eq!(has_summary, [true, false, true]);
}

#[test]
fn pairs_come_from_the_same_block_whatever_the_order() {
    // The machine became ten times slower in the middle; within each block the ratio stays 2.
    let drifting: Vec<f64> = (0..14).map(|block| if block < 7 { MS } else { 10.0 * MS }).collect();
    let doubled: Vec<f64> = drifting.iter().map(|time| 2.0 * time).collect();
    let mut slow = cell("smol", 2, &doubled);
    slow.observations.reverse();
    slow.observations.pop();
    let sheet = completed(vec![cell("rayon", 2, &drifting), slow]);
    let found = steady(&sheet, "smol");
    assert_eq!(found.pairs, 13);
    assert!((found.ratio - 2.0).abs() < 1e-6 && (found.high - found.low) < 1e-6, "{found:?}");
}

#[test]
fn every_further_model_of_a_workload_makes_all_intervals_wider() {
    let noise = |seed| around(&mut Generator::new(seed), 10.4 * MS, 0.02, 20);
    let fast = cell("rayon", 2, &around(&mut Generator::new(99), 10.0 * MS, 0.02, 20));
    let alone = completed(vec![fast.clone(), cell("smol", 2, &noise(1))]);
    let mut crowd = vec![fast, cell("smol", 2, &noise(1))];
    crowd.extend((2..20).map(|workers| cell("thread-pool", workers, &noise(workers))));
    let crowd = completed(crowd);
    let (alone, crowd) = (steady(&alone, "smol"), steady(&crowd, "smol"));
    assert!(crowd.confidence > alone.confidence && alone.confidence >= CONFIDENCE);
    assert!(crowd.high / crowd.low > alone.high / alone.low);
}

#[test]
fn estimates_of_a_cell() {
    let mut one = cell("rayon", 2, &[10.0 * MS; 6]);
    one.ideal_ns = Some(8_000_000);
    one.observations[0].warm_ns = vec![1_000_000, 9_000_000, 20_000_000];
    one.observations[1].warm_cpu_ns = None;
    let sheet = completed(vec![one]);
    let summary = sheet.cells[0].summary.as_ref().expect("it is ok");
    assert_eq!((summary.steady.median, summary.steady.min, summary.steady.count), (10.0 * MS, 9.0 * MS, 6));
    assert!(summary.steady.confidence >= CONFIDENCE);
    assert_eq!(summary.one_off.median, 12.0 * MS);
    assert_eq!(summary.startup.median, MS);
    // 60 ms over three warm batches; one observation has no figure, and what the runner used besides does not count.
    assert_eq!(summary.cpu.map(|cpu| (cpu.median, cpu.count)), Some((20.0 * MS, 5)));
    assert_eq!(summary.distance, Some(1.25));
}

#[test]
fn doing_it_again_changes_nothing() {
    let mut sheet = two_models(1.2, 0.05, 20);
    let once = sheet.clone();
    complete(&mut sheet);
    assert_eq!(once, sheet);
    sheet.cells[0].status = Status::Failed;
    complete(&mut sheet);
    assert!(sheet.cells[0].summary.is_none() && sheet.comparisons.is_empty());
}

#[test]
fn a_run_without_observations_is_no_reason_to_fail() {
    let sheet = completed(vec![cell("rayon", 2, &[])]);
    assert!(sheet.cells[0].summary.is_none() && sheet.verdicts[0].winners.is_empty());
    assert_eq!(completed(Vec::new()).verdicts.len(), 1);
}

/// How many made-up runs a property is held to.
const CASES: u64 = 256;

/// Times of 14 blocks, from 10 us to 1 s.
fn times(generator: &mut Generator) -> Vec<f64> {
    (0..14).map(|_| 1e4 * 1e5_f64.powf(generator.uniform())).collect()
}

/// Two series of which the second takes 0.9 to 1.2 times as long, give or take 0.1 to 10 %.
fn related(generator: &mut Generator) -> (Vec<f64>, Vec<f64>) {
    let factor = 0.9 + 0.3 * generator.uniform();
    let noise = 0.001 + 0.099 * generator.uniform();
    let first = times(generator);
    let second = first.iter().map(|time| time * factor * (noise * generator.normal()).exp()).collect();
    (first, second)
}

#[test]
fn a_verdict_agrees_with_its_interval() {
    let mut verdicts = Vec::new();
    for seed in 0..CASES {
        let (a, b) = related(&mut Generator::new(seed));
        let sheet = completed(vec![cell("rayon", 2, &a), cell("smol", 2, &b)]);
        for found in &sheet.comparisons {
            let (low, high) = (1.0 / (1.0 + found.margin), 1.0 + found.margin);
            let agrees = match found.verdict {
                Verdict::Different => found.low > high || found.high < low,
                Verdict::Slight => {
                    (found.low > 1.0 || found.high < 1.0) && found.low <= high && found.high >= low
                }
                Verdict::Timers => false,
                Verdict::Equivalent => found.low >= low && found.high <= high,
                Verdict::Indicative => found.pairs < 12,
                Verdict::Unresolved => found.low <= high && found.high >= low,
            };
            assert!(agrees, "{seed}: {found:?}");
            verdicts.push(found.verdict);
        }
    }
    for verdict in [Verdict::Different, Verdict::Slight, Verdict::Equivalent, Verdict::Unresolved] {
        assert!(verdicts.contains(&verdict), "nothing was {verdict:?}");
    }
}

#[test]
fn swapping_two_cells_inverts_their_ratio_and_keeps_the_verdict() {
    for seed in 0..CASES {
        let (a, b) = related(&mut Generator::new(seed));
        // A twin comparison always has the twin above the line, so it can be turned around.
        let compare = |above: &[f64], below: &[f64]| {
            let original = cell("rayon", 2, below);
            let again = twin(&original, above);
            let sheet = completed(vec![original, again]);
            comparison(&sheet, ComparisonKind::Twin, "+twin").clone()
        };
        let (ab, ba) = (compare(&a, &b), compare(&b, &a));
        assert!((ab.ratio * ba.ratio - 1.0).abs() < 1e-9, "{seed}");
        assert!((ab.low * ba.high - 1.0).abs() < 1e-9 && (ab.high * ba.low - 1.0).abs() < 1e-9, "{seed}");
        assert_eq!(ab.verdict, ba.verdict, "{seed}");
    }
}

#[test]
fn a_faster_clock_changes_no_ratio() {
    for seed in 0..CASES {
        let mut generator = Generator::new(seed);
        let (a, b) = (times(&mut generator), times(&mut generator));
        let scale = 2.0 + (998.0 * generator.uniform()).floor();
        let scaled = |times: &[f64]| times.iter().map(|time| time.round() * scale).collect::<Vec<f64>>();
        let before = completed(vec![cell("rayon", 2, &a), cell("smol", 2, &b)]);
        let after = completed(vec![cell("rayon", 2, &scaled(&a)), cell("smol", 2, &scaled(&b))]);
        let (before, after) = (&before.comparisons[0], &after.comparisons[0]);
        assert!((before.ratio / after.ratio - 1.0).abs() < 1e-9, "{seed}");
        assert_eq!(before.verdict, after.verdict, "{seed}");
    }
}

#[test]
fn whoever_is_known_to_be_slower_never_wins() {
    for seed in 0..CASES {
        let mut generator = Generator::new(seed);
        let (a, b) = related(&mut generator);
        let c = times(&mut generator);
        let sheet = completed(vec![cell("rayon", 2, &a), cell("smol", 2, &b), cell("join-all", 1, &c)]);
        let verdict = &sheet.verdicts[0];
        assert!(!verdict.winners.is_empty(), "{seed}");
        for found in sheet.comparisons.iter().filter(|found| found.kind == ComparisonKind::Steady) {
            let slower = matches!(found.verdict, Verdict::Different | Verdict::Slight) && found.ratio > 1.0;
            assert!(!slower || !verdict.winners.contains(&found.a), "{seed}: {found:?}");
        }
    }
}
