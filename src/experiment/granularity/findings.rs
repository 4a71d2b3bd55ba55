//! How small tasks may become: what a sweep of the task size left behind.

use serde::{Deserialize, Serialize};

use super::{CellRecord, Comparison, Estimate, WorkloadRecord, WorkloadVerdict};

/// A sweep of the task size under every model, apart from the matrix: it answers a question of its own, and none of its
/// cells stands in the ranking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Granularity {
    /// One workload for each task size, from the smallest to the largest: the same kernel, counting to different ends.
    pub workloads: Vec<WorkloadRecord>,
    /// Each model at each size that it can carry.
    pub cells: Vec<CellRecord>,
    /// Ratios of two cells of one size.
    pub comparisons: Vec<Comparison>,
    /// One answer for each size.
    pub verdicts: Vec<WorkloadVerdict>,
    /// What follows for each model, in the order of the matrix.
    pub models: Vec<ModelGranularity>,
    /// Which models win from which task size on, by ascending size.
    pub regions: Vec<Region>,
}

/// How small the tasks of one model may become.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelGranularity {
    /// The model's id.
    pub model: String,
    /// What was measured at each size, ascending.
    pub points: Vec<GrainPoint>,
    /// The smallest task size at which half of the calibrated peak is still reached.
    pub metg: Option<Metg>,
    /// Why there is none, if there is none.
    pub refusal: Option<String>,
    /// At which size the sweep ended for this model, if it was left out at smaller ones, and how far from the peak it was.
    pub left_out: Option<String>,
}

/// One model at one task size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GrainPoint {
    /// The workload of this size, by its name.
    pub workload: String,
    /// The task's size: its share of a sequential batch, in nanoseconds.
    pub task_ns: f64,
    /// What one task took, in nanoseconds of a batch in steady state: the time of the batch over its tasks.
    pub per_task: Estimate,
    /// The share of the calibrated peak that was reached, from the median; 1 is every core doing nothing but the task.
    pub efficiency: f64,
}

/// The minimum effective task granularity, METG(50 %) (Slaughter et al., 2020).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Metg {
    /// The smallest task size at which half of the calibrated peak is still reached, in nanoseconds.
    pub task_ns: f64,
    /// The lower end of its interval of 95 %; `null` if it lies below the sweep, or there are too few blocks.
    pub low_ns: Option<f64>,
    /// The upper end; `null` if it lies above the sweep, or there are too few blocks.
    pub high_ns: Option<f64>,
    /// How many task sizes the sweep has.
    pub sizes: u64,
}

/// A range of task sizes over which the same models win.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Region {
    /// The smallest size that was measured in it, in nanoseconds.
    pub from_ns: f64,
    /// The largest.
    pub to_ns: f64,
    /// The ids of the models that nothing is known to be faster than at any size in it; best first at the smallest.
    pub models: Vec<String>,
}
