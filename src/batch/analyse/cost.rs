//! What a task costs, and what a batch of them costs beside its tasks.

use concbench_stats::hodges_lehmann;
use concbench_workloads::Class;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::levels::CONFIDENCE;
use super::sample::{Metric, Paired, Series};
use super::scaling::Ranged;
use super::standing::contenders;
use crate::batch::{Sheet, SheetCell, WorkloadRecord};

/// The task_costs of a model that runs tasks which do nothing, from batches of two sizes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaskCost {
    /// The model's id.
    pub model: String,
    /// The id of its cell with few tasks a batch.
    pub few: String,
    /// That of its cell with many.
    pub many: String,
    /// What one more task costs, in nanoseconds: the slope between the two.
    pub task_ns: Ranged,
    /// What a batch costs without a task, in nanoseconds: where that line begins. Below 0 where tasks cost less in small
    /// batches than in large ones.
    pub batch_ns: Ranged,
}

/// The task_costs of all models that were measured with two sizes of batches of the same tasks that do nothing, in the order of
/// the cells. Slopes and where they begin are Hodges-Lehmann estimates over the blocks that both have.
pub fn task_costs(sheet: &Sheet) -> Vec<TaskCost> {
    let Some((few, many)) = sizes(sheet) else {
        return Vec::new();
    };
    let larger = contenders(sheet, &many.name);
    let pair = |small: &SheetCell| {
        let same =
            |large: &&&SheetCell| large.model == small.model && large.workers_rule == small.workers_rule;
        cost(small, larger.iter().find(same)?)
    };
    contenders(sheet, &few.name).into_iter().filter_map(pair).collect()
}

/// The smallest and the largest batches of one kind of task that does nothing.
fn sizes(sheet: &Sheet) -> Option<(&WorkloadRecord, &WorkloadRecord)> {
    let creation = || sheet.workloads.iter().filter(|work| work.class == Class::Creation);
    let few = creation().min_by_key(|work| work.tasks)?;
    let many = creation().filter(|work| work.kernel == few.kernel).max_by_key(|work| work.tasks)?;
    (many.tasks > few.tasks && few.kernel.is_some()).then_some((few, many))
}

fn cost(few: &SheetCell, many: &SheetCell) -> Option<TaskCost> {
    let line = |pair: &Paired| {
        let (small, large) = (pair.above.exp(), pair.below.exp());
        let task = (large - small) / (many.tasks as f64 - few.tasks as f64);
        (task, small - task * few.tasks as f64)
    };
    let pairs = Series::of(few, Metric::Steady).paired(&Series::of(many, Metric::Steady));
    let lines: Vec<(f64, f64)> = pairs.iter().map(line).collect();
    let ranged = |values: Vec<f64>| {
        let found = hodges_lehmann(&values, CONFIDENCE)?;
        Some(Ranged { estimate: found.estimate, low: Some(found.low), high: Some(found.high) })
    };
    Some(TaskCost {
        model: few.model.clone(),
        few: few.id.clone(),
        many: many.id.clone(),
        task_ns: ranged(lines.iter().map(|&(task, _)| task).collect())?,
        batch_ns: ranged(lines.iter().map(|&(_, batch)| batch).collect())?,
    })
}
