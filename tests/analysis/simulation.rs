//! What the method promises, counted over thousands of campaigns that never took place.

use concbench::batch::analyse::{Metric, SIGNIFICANCE, block_drift, warm_trend};
use concbench::batch::{Comparison, ComparisonKind, Sheet, Verdict};
use concbench_stats::binomial_bound;

use crate::launcher::{Campaign, Order, Processes, Scatter};
use crate::synthetic::{Generator, around, cell};

/// The share of `repeats` campaigns of which this is true.
fn share(seed: u64, repeats: u32, mut campaign: impl FnMut(&mut Generator) -> bool) -> f64 {
    let mut generator = Generator::new(seed);
    let hits = (0..repeats).filter(|_| campaign(&mut generator)).count();
    hits as f64 / f64::from(repeats)
}

fn of_kind(sheet: &Sheet, kind: ComparisonKind) -> impl Iterator<Item = &Comparison> {
    sheet.comparisons.iter().filter(move |found| found.kind == kind)
}

/// An effect is found if the interval leaves out 1.
fn found(comparison: &Comparison) -> bool {
    comparison.low > 1.0 || comparison.high < 1.0
}

fn twin(sheet: &Sheet) -> &Comparison {
    of_kind(sheet, ComparisonKind::Twin).next().expect("every campaign has a twin")
}

fn different(sheet: &Sheet, kind: ComparisonKind) -> bool {
    of_kind(sheet, kind).any(|comparison| comparison.verdict == Verdict::Different)
}

/// The share of campaigns in which two equal things are found to differ.
fn false_alarms(seed: u64, repeats: u32, campaign: Campaign) -> f64 {
    share(seed, repeats, |generator| found(twin(&campaign.run(generator, &[1.0]))))
}

#[test]
fn drift_makes_identical_models_differ_only_where_blocks_are_not_randomised() {
    let randomised = false_alarms(1, 1000, Campaign::DRIFTING);
    assert!(randomised <= 0.07, "{randomised}");
    let in_turn = Campaign { order: Order::OneAfterTheOther, ..Campaign::DRIFTING };
    let naive = false_alarms(1, 400, in_turn);
    assert!(naive >= 0.20, "the drift is too weak to show anything: {naive}");
}

#[test]
fn luck_that_sticks_to_a_process_misleads_only_where_processes_are_shared() {
    let sticky = Campaign { layout: 0.01, ..Campaign::DRIFTING };
    let fresh = false_alarms(2, 1000, sticky);
    assert!(fresh <= 0.07, "{fresh}");
    let naive = false_alarms(2, 400, Campaign { processes: Processes::Shared, ..sticky });
    assert!(naive >= 0.20, "the luck is too small to show anything: {naive}");
}

#[test]
fn not_even_the_luckiest_of_twenty_identical_models_is_called_different() {
    for (models, noise) in [(5, 0.02), (20, 0.02), (20, 0.1)] {
        let campaign = Campaign { scatter: Scatter::LogNormal(noise), ..Campaign::DRIFTING };
        let factors = vec![1.0; models];
        let alarms = share(3, 60, |generator| {
            let sheet = campaign.run(generator, &factors);
            different(&sheet, ComparisonKind::Steady) || different(&sheet, ComparisonKind::OneOff)
        });
        assert!(alarms <= 0.07, "{models} models with noise {noise}: {alarms}");
    }
}

#[test]
fn two_hundred_comparisons_of_equals_stay_within_the_binomial_bound() {
    const COMPARISONS: u32 = 200;
    let alarms = false_alarms(4, COMPARISONS, Campaign::DRIFTING) * f64::from(COMPARISONS);
    let bound = binomial_bound(COMPARISONS.into(), SIGNIFICANCE, 0.01);
    assert!(alarms.round() <= bound as f64, "{alarms} false alarms, {bound} are allowed");
}

#[test]
fn ratio_intervals_cover_the_truth_on_skewed_data() {
    let skewed = [
        Scatter::LogNormal(0.02),
        Scatter::LogNormal(0.5),
        Scatter::ShiftedExponential(0.05),
        Scatter::ShiftedExponential(1.0),
    ];
    for scatter in skewed {
        let campaign = Campaign { scatter, ..Campaign::DRIFTING };
        let coverage = share(5, 1500, |generator| {
            let sheet = campaign.run(generator, &[1.0, 1.5]);
            let ratio = of_kind(&sheet, ComparisonKind::Steady).next().expect("two models were compared");
            let truth = if ratio.a.ends_with("@2") { 1.5 } else { 1.0 / 1.5 };
            ratio.low <= truth && truth <= ratio.high
        });
        assert!((0.93..=0.97).contains(&coverage), "{scatter:?}: {coverage}");
    }
}

#[test]
fn median_intervals_cover_the_truth_as_often_as_they_say() {
    let skewed = [
        (Scatter::LogNormal(0.02), 1e7),
        (Scatter::ShiftedExponential(0.2), 1e7 * (1.0 + 0.2 * std::f64::consts::LN_2)),
    ];
    for (scatter, median) in skewed {
        let campaign = Campaign { scatter, drift: 0.0, ..Campaign::DRIFTING };
        let mut stated = 0.0;
        let coverage = share(6, 1500, |generator| {
            let sheet = campaign.run(generator, &[1.0]);
            let steady = sheet.cells[0].summary.as_ref().expect("it was measured").steady;
            stated = steady.confidence;
            steady.low <= median && median <= steady.high
        });
        assert!((coverage - stated).abs() < 0.02, "{scatter:?}: {coverage} instead of {stated}");
    }
}

#[test]
fn effects_of_five_and_three_percent_are_found() {
    for (effect, least) in [(1.05, 0.95), (1.03, 0.80)] {
        let power = share(7, 400, |generator| {
            let sheet = Campaign::DRIFTING.run(generator, &[1.0, effect]);
            of_kind(&sheet, ComparisonKind::Steady).any(|ratio| found(ratio) && ratio.a.ends_with("@2"))
        });
        assert!(power >= least, "{effect}: {power}");
    }
}

#[test]
fn an_effect_of_five_percent_is_called_different() {
    let power = share(8, 400, |generator| {
        different(&Campaign::DRIFTING.run(generator, &[1.0, 1.05]), ComparisonKind::Steady)
    });
    assert!(power >= 0.95, "{power}");
}

#[test]
fn trends_are_not_seen_where_there_are_none() {
    let still = Campaign { drift: 0.0, ..Campaign::DRIFTING };
    let drifts = share(12, 1000, |generator| {
        let sheet = still.run(generator, &[1.0]);
        block_drift(&sheet.cells[0], Metric::Steady).is_some_and(|drift| drift.p <= SIGNIFICANCE)
    });
    assert!(drifts <= 0.07, "{drifts}");
    let trends = share(13, 1000, |generator| {
        let mut cell = cell("rayon", 2, &[1e7; 20]);
        for observation in &mut cell.observations {
            observation.warm_ns = around(generator, 1e7, 0.02, 4).iter().map(|&time| time as u64).collect();
        }
        warm_trend(&cell).is_some_and(|trend| trend.p <= SIGNIFICANCE)
    });
    assert!(trends <= 0.07, "{trends}");
}
