//! Whether the observations of a cell are of one piece.

use concbench::batch::analyse::{
    Metric, Severity, Side, best_batches, block_drift, outliers, variance_parts, warm_trend,
};

use crate::synthetic::{Generator, around, cell, completed};

const MS: f64 = 1e6;

#[test]
fn outliers_are_flagged_and_stay() {
    let mut times = around(&mut Generator::new(5), 10.0 * MS, 0.01, 20);
    times[4] = 30.0 * MS;
    let sheet = completed(vec![cell("rayon", 2, &times)]);
    let flagged = outliers(&sheet.cells[0], Metric::Steady);
    let wild = flagged.iter().find(|outlier| outlier.block == 4).expect("it lies far out");
    assert_eq!((wild.severity, wild.side, wild.time_ns), (Severity::Severe, Side::High, 30.0 * MS));
    assert_eq!(sheet.cells[0].summary.as_ref().map(|summary| summary.steady.count), Some(20));
}

#[test]
fn batches_that_still_warm_up_are_noticed() {
    let mut generator = Generator::new(11);
    let mut warming = cell("rayon", 2, &[10.0 * MS; 10]);
    let mut settled = warming.clone();
    for observation in &mut warming.observations {
        let batch = |i: i32| 10.0 * MS * (-0.05 * f64::from(i) + 0.01 * generator.normal()).exp();
        observation.warm_ns = (0..5).map(batch).map(|time| time as u64).collect();
    }
    for observation in &mut settled.observations {
        observation.warm_ns =
            around(&mut generator, 10.0 * MS, 0.01, 5).iter().map(|&time| time as u64).collect();
    }
    let found = warm_trend(&warming).expect("five batches each");
    assert!(found.p < 0.001 && (-0.25..-0.12).contains(&found.change), "{found:?}");
    assert!(warm_trend(&settled).expect("five batches each").p > 0.05);
}

#[test]
fn drift_over_blocks_is_noticed() {
    let rising: Vec<f64> = (0..20).map(|block| MS * (1.0 + 0.01 * f64::from(block))).collect();
    let found = block_drift(&cell("rayon", 2, &rising), Metric::Steady).expect("20 blocks");
    assert!(found.p < 0.001 && (found.change - 0.19).abs() < 0.02, "{found:?}");
    assert_eq!(block_drift(&cell("rayon", 2, &rising[..2]), Metric::Steady), None);
}

#[test]
fn scatter_between_and_within_processes_is_told_apart() {
    let mut generator = Generator::new(13);
    let mut sticky = cell("rayon", 2, &[10.0 * MS; 200]);
    for observation in &mut sticky.observations {
        let of_process = 10.0 * MS * (0.03 * generator.normal()).exp();
        observation.warm_ns =
            around(&mut generator, of_process, 0.01, 5).iter().map(|&time| time as u64).collect();
    }
    let parts = variance_parts(&sticky).expect("five batches in each of 200 processes");
    assert!((0.026..0.034).contains(&parts.between), "{parts:?}");
    assert!((0.009..0.011).contains(&parts.within), "{parts:?}");
}

#[test]
fn the_best_number_of_batches_follows_from_scatter_and_cost() {
    let observed = |between: f64, within: f64| {
        let mut generator = Generator::new(17);
        let mut cell = cell("rayon", 2, &[10.0 * MS; 400]);
        for observation in &mut cell.observations {
            let of_process = 10.0 * MS * (between * generator.normal()).exp();
            let batches = around(&mut generator, of_process, within, 10);
            observation.warm_ns = batches.iter().map(|&time| time as u64).collect();
            // A process costs as much as four batches.
            observation.wall_ns = observation.warm_ns.iter().sum::<u64>() + 40_000_000;
        }
        best_batches(&cell)
    };
    // The square root of 4, times 3.
    assert!(matches!(observed(0.01, 0.03), Some(5..=7)), "{:?}", observed(0.01, 0.03));
    assert_eq!(observed(0.03, 0.003), Some(1));
}
