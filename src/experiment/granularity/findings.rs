//! What follows from tasks of many sizes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::batch::{Comparison, WorkloadVerdict};
use crate::record::Estimate;

/// What follows from all of them. Each size is compared like a workload, under its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Findings {
    /// What a batch of each size was made of, by ascending size.
    pub(crate) sizes: Vec<Size>,
    /// The highest rate that any model on all cores reached; `null` where none was measured.
    pub(crate) peak: Option<Peak>,
    /// What follows for each model, in their order.
    pub(crate) models: Vec<ModelGranularity>,
    /// Which models win from which task size on, by ascending size.
    pub(crate) regions: Vec<Region>,
    /// Ratios of two cells of one size.
    pub(crate) comparisons: Vec<Comparison>,
    /// One answer for each size.
    pub(crate) verdicts: Vec<WorkloadVerdict>,
}

/// A task size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Size {
    /// Its name.
    pub(crate) size: String,
    /// How far each task counts; `null` where it is not known how long counting takes.
    pub(crate) n: Option<u64>,
    /// How many tasks make a batch.
    pub(crate) tasks: u64,
    /// What it came to: a task's share of a sequential batch, in nanoseconds; `null` without the baseline.
    pub(crate) task_ns: Option<f64>,
}

/// The most that all cores do together: what efficiencies are shares of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Peak {
    /// The model that reached it.
    pub(crate) model: String,
    /// The size of its tasks, by its name.
    pub(crate) size: String,
    /// How many steps of counting all cores made in a nanosecond.
    pub(crate) steps_per_ns: f64,
}

/// How small the tasks of one model may become.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct ModelGranularity {
    /// The model's id.
    pub(crate) model: String,
    /// How many cores it uses: as many as it has workers, or all. Its efficiency is that of those, and its granularity
    /// counts their time.
    pub(crate) cores: u64,
    /// What was measured at each size, ascending.
    pub(crate) points: Vec<Point>,
    /// How long a task takes where half of the peak is still reached.
    pub(crate) metg: Option<Metg>,
    /// Why there is none, if there is none.
    pub(crate) refusal: Option<String>,
    /// At which size the sweep ended for this model, if it was left out at smaller ones, and how far from the peak it was.
    pub(crate) left_out: Option<String>,
}

/// One model at one task size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Point {
    /// The size, by its name.
    pub(crate) size: String,
    /// What it came to: a task's share of a sequential batch, in nanoseconds.
    pub(crate) task_ns: f64,
    /// What one task took, in nanoseconds of a batch in steady state: the time of the batch over its tasks.
    pub(crate) per_task: Estimate,
    /// The time of the batch on every core that the model uses, over its tasks, in nanoseconds.
    pub(crate) granularity_ns: f64,
    /// The share of the peak of those cores that was reached, from the median; `null` where the peak is not known.
    pub(crate) efficiency: Option<f64>,
}

/// The minimum effective task granularity, METG(50 %) (Slaughter et al., 2020).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Metg {
    /// How long a task takes a core, with all that goes with it, where half of the peak is still reached, in nanoseconds:
    /// wall time x cores / tasks.
    pub(crate) granularity_ns: f64,
    /// The lower end of its interval of 95 %; `null` if it lies below the sweep, or there are too few blocks.
    pub(crate) low_ns: Option<f64>,
    /// The upper end; `null` if it lies above the sweep, or there are too few blocks.
    pub(crate) high_ns: Option<f64>,
    /// How many task sizes the sweep has.
    pub(crate) sizes: u64,
}

/// A range of task sizes over which the same models win.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Region {
    /// The smallest size that was measured in it, in nanoseconds.
    pub(crate) from_ns: f64,
    /// The largest.
    pub(crate) to_ns: f64,
    /// The ids of the models that nothing is known to be faster than at any size in it; best first at the smallest.
    pub(crate) models: Vec<String>,
}
