//! Known curves of scaling, and refusals.

use concbench::batch::analyse::{Curve, FitRefusal, Ranged, scaling, scaling_of};

use crate::synthetic::{Generator, around, cell, completed};

const COUNTS: [u64; 9] = [1, 2, 3, 4, 6, 8, 10, 12, 16];

/// Times of a batch that takes `single_ns` with one worker and follows the universal scalability law.
fn usl_curves(single_ns: f64, sigma: f64, kappa: f64, noise: f64, seed: u64) -> Vec<Curve> {
    let mut generator = Generator::new(seed);
    let curve = |workers: u64| {
        let n = workers as f64;
        let time = single_ns * (1.0 + sigma * (n - 1.0) + kappa * n * (n - 1.0)) / n;
        Curve { workers, times: (0..).zip(around(&mut generator, time, noise, 20)).collect() }
    };
    COUNTS.map(curve).to_vec()
}

fn covers(range: &Ranged, truth: f64) -> bool {
    range.low.is_some_and(|low| low <= truth) && range.high.is_some_and(|high| truth <= high)
}

#[test]
fn a_curve_of_the_universal_law_is_recovered_from_noisy_times() {
    let (sigma, kappa) = (0.05, 0.002);
    let found = scaling(&usl_curves(1e7, sigma, kappa, 0.01, 1), None, 16);
    let usl = found.usl.expect("nine worker counts");
    assert!(
        (usl.sigma.estimate - sigma).abs() < 0.01 && (usl.kappa.estimate - kappa).abs() < 0.001,
        "{usl:?}"
    );
    // 10 ms a batch are 100 batches a second.
    assert!((usl.lambda_per_s.estimate - 100.0).abs() < 2.0, "{usl:?}");
    let peak = usl.peak_workers.expect("coherence costs something");
    assert!((peak / (0.95f64 / 0.002).sqrt() - 1.0).abs() < 0.2, "{usl:?}");
}

#[test]
fn a_perfect_model_on_sixty_four_cores_has_no_peak_within_them() {
    // 256 tasks, and the worker that has most of them is the last; 32 cores are physical, 48 the quota.
    const TASKS: u64 = 256;
    for (noise, seeds) in [(0.0, 1), (0.01, 20), (0.02, 20)] {
        for seed in 0..seeds {
            let mut generator = Generator::new(seed);
            let curve = |workers: u64| {
                let times = around(&mut generator, TASKS.div_ceil(workers) as f64 * 5e5, noise, 20);
                Curve { workers, times: (0..).zip(times).collect() }
            };
            let found = scaling(&[1, 2, 4, 8, 16, 32, 48, 64].map(curve), None, 64);
            let usl = found.usl.expect("eight worker counts");
            let within = usl.peak_workers.is_some_and(|peak| peak <= 64.0);
            assert!(!within, "noise {noise}, seed {seed}: {usl:?}");
            assert!(found.amdahl.expect("eight worker counts").estimate < 0.01);
        }
    }
}

#[test]
fn intervals_of_the_parameters_cover_the_truth() {
    let (sigma, kappa) = (0.05, 0.002);
    let all = (0..40).filter(|&seed| {
        let usl = scaling(&usl_curves(1e7, sigma, kappa, 0.02, 100 + seed), None, 16)
            .usl
            .expect("nine worker counts");
        covers(&usl.lambda_per_s, 100.0) && covers(&usl.sigma, sigma) && covers(&usl.kappa, kappa)
    });
    // Three intervals of 95 %, which depend on each other: at least 85 % of the time all of them.
    let all = all.count();
    assert!(all >= 32, "{all} of 40");
}

#[test]
fn a_serial_share_is_found_by_amdahl_and_by_karp_and_flatt() {
    // Amdahl's law is the universal law with s in place of the serial share and k = 0.
    let found = scaling(&usl_curves(1e7, 0.1, 0.0, 0.005, 2), None, 16);
    let share = found.amdahl.expect("nine worker counts");
    assert!((share.estimate - 0.1).abs() < 0.005, "{share:?}");
    assert!(covers(&share, share.estimate));
    assert_eq!(found.points[0].karp_flatt, None);
    for point in &found.points[1..] {
        let share = point.karp_flatt.expect("more than one worker");
        assert!((share - 0.1).abs() < 0.02, "{point:?}");
    }
}

#[test]
fn speed_ups_are_against_the_baseline_and_against_itself() {
    // One worker is 10 % slower than the baseline, because handing out work costs something.
    let curves = usl_curves(1.1e7, 0.0, 0.0, 0.01, 3);
    let sequential =
        Curve { workers: 1, times: (0..).zip(around(&mut Generator::new(4), 1e7, 0.01, 20)).collect() };
    let found = scaling(&curves, Some(&sequential), 8);
    let four = found.points.iter().find(|point| point.workers == 4).expect("it was measured");
    let (speedup, own) = (four.speedup.expect("a baseline"), four.own_speedup.expect("one worker"));
    assert!(covers(&speedup, 4.0 / 1.1) && covers(&own, 4.0), "{four:?}");
    assert!((four.efficiency.expect("a baseline") - speedup.estimate / 4.0).abs() < 1e-12);
    let sixteen = found.points.last().expect("it was measured");
    assert_eq!((sixteen.workers, sixteen.karp_flatt), (16, None));
    assert_eq!(scaling(&curves, None, 8).points[0].speedup, None);
}

#[test]
fn three_parameters_are_not_fitted_to_five_counts() {
    let curves = usl_curves(1e7, 0.05, 0.002, 0.0, 5);
    let refusal = FitRefusal::TooFewCounts { found: 5, needed: 6, cores: 6 };
    let found = scaling(&curves, None, 6);
    assert_eq!(found.usl, Err(refusal.clone()));
    assert_eq!(refusal.to_string(), "5 worker counts up to the 6 cores, at least 6 are needed");
    assert_eq!(found.points.len(), COUNTS.len());
    assert!(found.amdahl.is_ok());
    assert!(scaling(&curves, None, 8).usl.is_ok());
}

#[test]
fn amdahl_needs_one_worker_and_another_count() {
    let curves = usl_curves(1e7, 0.05, 0.002, 0.0, 6);
    assert_eq!(scaling(&curves[1..], None, 16).amdahl, Err(FitRefusal::NoSingleWorker));
    let refusal = FitRefusal::TooFewCounts { found: 1, needed: 2, cores: 1 };
    assert_eq!(scaling(&curves, None, 1).amdahl, Err(refusal));
    assert!(scaling(&[], None, 4).points.is_empty());
}

#[test]
fn few_blocks_have_no_interval_and_the_same_blocks_the_same_one() {
    let mut curves = usl_curves(1e7, 0.05, 0.002, 0.02, 7);
    assert_eq!(scaling(&curves, None, 16), scaling(&curves, None, 16));
    curves[2].times.truncate(4);
    let usl = scaling(&curves, None, 16).usl.expect("nine worker counts");
    assert_eq!((usl.sigma.low, usl.sigma.high), (None, None));
}

#[test]
fn a_sheet_gives_the_curve_of_each_model() {
    let mut sweep = cell("rayon", 4, &[3e6; 12]);
    sweep.ranked = false;
    let sheet = completed(vec![
        cell("sequential", 1, &[10e6; 12]),
        cell("rayon", 1, &[12e6; 12]),
        cell("rayon", 2, &[6e6; 12]),
        sweep,
    ]);
    let found = scaling_of(&sheet, "work", "rayon");
    let shown: Vec<(u64, f64)> = found
        .points
        .iter()
        .map(|point| (point.workers, (100.0 * point.speedup.expect("a baseline").estimate).round()))
        .collect();
    assert_eq!(shown, [(1, 83.0), (2, 167.0), (4, 333.0)]);
    let mut fewer = sheet.clone();
    fewer.cells.iter_mut().for_each(|cell| cell.tasks = 3);
    let counts: Vec<u64> =
        scaling_of(&fewer, "work", "rayon").points.iter().map(|point| point.workers).collect();
    assert_eq!(counts, [1, 2], "with three tasks the fourth worker has none");
    // The machine has two cores, so the four workers say nothing about the model.
    assert_eq!(found.amdahl.expect("two worker counts").estimate, 0.0);
}
