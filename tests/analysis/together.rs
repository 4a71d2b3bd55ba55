//! What holds of all models of a workload together: who may be the best, how far behind the others are, and what each
//! comparison could have seen.

use concbench::batch::{Comparison, ComparisonKind, Estimator, Sheet, Verdict};
use concbench_stats::{median, sorted};

use crate::launcher::{Campaign, Scatter};
use crate::synthetic::Generator;

const REPEATS: u32 = 300;

fn share(seed: u64, repeats: u32, mut campaign: impl FnMut(&mut Generator) -> bool) -> f64 {
    let mut generator = Generator::new(seed);
    f64::from((0..repeats).filter(|_| campaign(&mut generator)).count() as u32) / f64::from(repeats)
}

fn contrasts(sheet: &Sheet) -> impl Iterator<Item = &Comparison> {
    sheet.comparisons.iter().filter(|found| found.kind == ComparisonKind::Steady)
}

/// So many equal models: all with 2 % noise, or every third with three times as much.
fn equals(models: usize, unequal: bool) -> Vec<(f64, Scatter)> {
    let noise = |model: usize| if unequal && model.is_multiple_of(3) { 0.06 } else { 0.02 };
    (0..models).map(|model| (1.0, Scatter::LogNormal(noise(model)))).collect()
}

#[test]
fn the_intervals_of_all_ratios_to_the_best_hold_together() {
    for (models, unequal) in [(12, false), (12, true), (20, false), (20, true)] {
        let equals = equals(models, unequal);
        let coverage = share(21, 2 * REPEATS, |generator| {
            let sheet = Campaign::DRIFTING.run_models(generator, &equals);
            contrasts(&sheet).all(|found| found.low <= 1.0 && 1.0 <= found.high)
        });
        println!("{models} equal models, unequal noise {unequal}: together {coverage}");
        assert!((0.93..=0.97).contains(&coverage), "{models}, unequal noise: {unequal}: {coverage}");
    }
}

#[test]
fn the_best_is_hardly_ever_excluded() {
    for (models, unequal) in [(12, false), (12, true), (20, false), (20, true)] {
        // The first is better than the others by a hair.
        let mut all = equals(models, unequal);
        all[0].0 = 0.999;
        let excluded = share(22, REPEATS, |generator| {
            let sheet = Campaign::DRIFTING.run_models(generator, &all);
            !sheet.verdicts[0].winners.contains(&"work/rayon@1".to_owned())
        });
        println!("{models} models, unequal noise {unequal}: the best excluded in {excluded}");
        assert!(excluded <= 0.05, "{models}, unequal noise: {unequal}: {excluded}");
    }
}

/// The share of campaigns in which the last of these models, which is the slowest, is found as `as_what` says.
fn found(seed: u64, models: &[(f64, Scatter)], as_what: impl Fn(&Sheet, &Comparison) -> bool) -> f64 {
    let last = format!("work/rayon@{}", models.len());
    share(seed, REPEATS, |generator| {
        let sheet = Campaign::DRIFTING.run_models(generator, models);
        contrasts(&sheet).find(|found| found.a == last).is_some_and(|found| as_what(&sheet, found))
    })
}

#[test]
fn five_percent_are_found_and_called_different() {
    let mut two = equals(2, false);
    two[1].0 = 1.05;
    let of_two = found(23, &two, |_, found| found.verdict == Verdict::Different);
    println!("5 % of two models: different in {of_two}");
    assert!(of_two >= 0.95, "{of_two}");
    let mut twelve = equals(12, false);
    twelve[11].0 = 1.05;
    let behind = found(24, &twelve, |sheet, found| !sheet.verdicts[0].winners.contains(&found.a));
    let different = found(24, &twelve, |_, found| found.verdict == Verdict::Different);
    println!("5 % among twelve: surely behind in {behind}, by more than the margin in {different}");
    assert!(behind >= 0.95, "{behind}");
}

/// The mean of the smallest effects that campaigns of equal models name for the last of them.
fn smallest(seed: u64, models: &[(f64, Scatter)]) -> f64 {
    let last = format!("work/rayon@{}", models.len());
    let mut generator = Generator::new(seed);
    let named: Vec<f64> = (0..200)
        .filter_map(|_| {
            let sheet = Campaign::DRIFTING.run_models(&mut generator, models);
            contrasts(&sheet).find(|found| found.a == last)?.smallest_effect
        })
        .collect();
    named.iter().sum::<f64>() / named.len() as f64
}

#[test]
fn the_smallest_effect_of_a_comparison_is_called_different_in_four_of_five_runs() {
    let plain = Scatter::LogNormal(0.02);
    let noisy = Scatter::LogNormal(0.06);
    for (name, fast, slow) in [("two alike", plain, plain), ("one three times as noisy", plain, noisy)] {
        let effect = smallest(25, &[(1.0, fast), (1.0, slow)]);
        let power =
            found(26, &[(1.0, fast), (1.0 + effect, slow)], |_, found| found.verdict == Verdict::Different);
        println!("{name}: {effect} is called different in {power}");
        assert!((0.78..=0.88).contains(&power), "{name}: {effect}: {power}");
    }
    // Among many the intervals are wider and the effect larger, by as much.
    let mut many = equals(12, false);
    let effect = smallest(27, &many);
    many[11].0 = 1.0 + effect;
    let power = found(28, &many, |_, found| found.verdict == Verdict::Different);
    println!("among twelve: {effect} is called different in {power}");
    assert!(power >= 0.78, "{effect}: {power}");
}

#[test]
fn the_interval_of_models_of_different_shapes_holds_what_it_is_of() {
    let shapes = [
        Scatter::LogNormal(0.02),
        Scatter::LogNormal(0.2),
        Scatter::ShiftedExponential(0.2),
        Scatter::TwoModes(0.3),
    ];
    for (place, &above) in shapes.iter().enumerate() {
        for &below in &shapes[..place] {
            let (centre, medians) = truths(above, below);
            let coverage = share(29, 1000, |generator| {
                let sheet = Campaign { drift: 0.0, ..Campaign::DRIFTING }
                    .run_models(generator, &[(1.0, below), (1.0, above)]);
                let of = contrasts(&sheet).next().expect("two models were compared");
                let truth = match of.estimator {
                    Estimator::PairedRatios => centre,
                    Estimator::RatioOfMedians => medians,
                };
                let truth = if of.a.ends_with("@2") { truth } else { 1.0 / truth };
                of.low <= truth && truth <= of.high
            });
            println!("{above:?} over {below:?}: {coverage} (the centre is {centre}, of medians {medians})");
            assert!((0.92..=0.975).contains(&coverage), "{above:?} over {below:?}: {coverage}");
        }
    }
}

/// The centre of the ratios of two models and the ratio of their medians, from so many draws that chance does not matter.
fn truths(above: Scatter, below: Scatter) -> (f64, f64) {
    const DRAWS: usize = 200_000;
    let mut generator = Generator::new(30);
    let mut draw =
        |scatter: Scatter| -> Vec<f64> { (0..DRAWS).map(|_| scatter.draw(&mut generator).ln()).collect() };
    let (above, below) = (draw(above), draw(below));
    let middle = |values: &[f64]| median(&sorted(values)).expect("there are values");
    let ratios: Vec<f64> = above.iter().zip(&below).map(|(above, below)| above - below).collect();
    // The median of the means of two independent ratios is what the Hodges-Lehmann estimate tends to.
    let means: Vec<f64> = ratios.chunks_exact(2).map(|pair| 0.5 * (pair[0] + pair[1])).collect();
    (middle(&means).exp(), (middle(&above) - middle(&below)).exp())
}

#[test]
fn no_two_that_differ_in_every_block_are_said_to_be_untold() {
    let shapes = [Scatter::LogNormal(0.01), Scatter::ShiftedExponential(0.05), Scatter::TwoModes(0.1)];
    let mut pairs = 0;
    for (blocks, models) in [(12, 6), (12, 20), (20, 12)] {
        let campaign = Campaign { blocks, ..Campaign::DRIFTING };
        let models: Vec<(f64, Scatter)> =
            (0..models).map(|place| (1.0 + 0.004 * place as f64, shapes[place % shapes.len()])).collect();
        for seed in 0..60 {
            let sheet = campaign.run_models(&mut Generator::new(seed), &models);
            let winners = &sheet.verdicts[0].winners;
            let of = |id: &String| sheet.cells.iter().find(|cell| cell.id == *id).expect("it is a cell");
            for (place, a) in winners.iter().enumerate() {
                for b in &winners[place + 1..] {
                    let both = of(a).observations.iter().zip(&of(b).observations);
                    let slower = both.filter(|(a, b)| a.warm_ns[0] > b.warm_ns[0]).count();
                    assert!(slower > 0 && slower < blocks as usize, "{seed}: {a} and {b}");
                    pairs += 1;
                }
            }
        }
    }
    assert!(pairs > 500, "{pairs}");
}
