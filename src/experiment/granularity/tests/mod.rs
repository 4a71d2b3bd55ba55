//! The plan on a machine that is made up, the smallest efficient task, and where the answer flips.

mod answers;
mod metg;
mod plan;

use concbench_stats::SplitMix64;

use crate::batch::BatchObservation;
use crate::experiment::{Scope, rehearsal};
use crate::record::{Mode, RunInfo};

const US: f64 = 1e3;
const CORES: u64 = 4;

/// Scatter of a few per cent that is the same every time: through Box and Muller (1958).
struct Generator(SplitMix64);

impl Generator {
    fn new(seed: u64) -> Self {
        Self(SplitMix64::new(seed))
    }

    fn uniform(&mut self) -> f64 {
        ((self.0.next_u64() >> 11) + 1) as f64 / (1u64 << 53) as f64
    }

    fn around(&mut self, middle: f64, noise: f64, count: usize) -> Vec<f64> {
        let normal = |this: &mut Self| {
            (-2.0 * this.uniform().ln()).sqrt() * (std::f64::consts::TAU * this.uniform()).cos()
        };
        (0..count).map(|_| middle * (noise * normal(self)).exp()).collect()
    }
}

fn scope(mode: Mode) -> Scope {
    let mut scope = rehearsal::scope(Vec::new(), CORES, false, 1);
    scope.settings.blocks = if mode == Mode::Quick { 5 } else { 20 };
    scope.settings.mode = mode;
    scope
}

fn observation(batch_ns: f64, warm: usize, tasks: u64) -> BatchObservation {
    BatchObservation {
        startup_ns: 0,
        cold_ns: batch_ns as u64,
        warm_ns: vec![batch_ns as u64; warm],
        warm_each: 1,
        warm_cpu_ns: None,
        warm_cpu_reason: None,
        target_cpu_ns: None,
        probe_ns: 0,
        shutdown_ns: 0,
        wall_ns: batch_ns as u64,
        peak_rss_bytes: Some(1),
        peak_rss_reason: None,
        tasks,
        digest: String::new(),
    }
}

fn run() -> RunInfo {
    rehearsal::run_info(&scope(Mode::Default).settings)
}

fn log_sweep(first_ns: f64, factor: f64, count: i32) -> Vec<f64> {
    (0..count).map(|step| first_ns * factor.powi(step)).collect()
}
