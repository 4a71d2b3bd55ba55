//! How the models stand over all workloads of a class.

use concbench_stats::{Location, hodges_lehmann, pairwise_confidence};
use concbench_workloads::Class;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::levels::CONFIDENCE;
use super::sample::Metric;
use super::standing::{contenders, fastest};
use super::timers;
use crate::batch::{Sheet, SheetCell, WorkloadRecord};
use crate::model::Family;

/// The models in one class of work, in steady state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClassRanking {
    /// What the tasks mostly do.
    pub class: Class,
    /// The workloads.
    pub workloads: Vec<String>,
    /// The models that were measured in every one of them, by rank, then by mean.
    pub models: Vec<Ranked>,
}

/// How a model stands in a class of work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ranked {
    /// The model's id.
    pub model: String,
    /// Its family.
    pub family: Family,
    /// One more than there are models that are surely faster, and by more than their timers explain: models of one rank are
    /// not told apart.
    pub rank: u64,
    /// The geometric mean of its times over those of the model with the lowest mean, over the workloads.
    pub ratio: f64,
    /// The lower end of its interval; those between all models of the class hold together with 95 %.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// The ranking of each class that was measured.
///
/// Ratios of different classes have no common mean: tasks that do nothing would decide it alone. A model with several
/// numbers of workers stands for itself in each workload with the one that did best there. Of tasks that do nothing one
/// size counts, the first.
pub fn class_rankings(sheet: &Sheet) -> Vec<ClassRanking> {
    let classes = [Class::Cpu, Class::Io, Class::Mixed, Class::Creation];
    classes.into_iter().filter_map(|class| ranking(sheet, class)).collect()
}

fn ranking(sheet: &Sheet, class: Class) -> Option<ClassRanking> {
    let workloads: Vec<&str> = sheet
        .workloads
        .iter()
        .filter(|workload| workload.class == class && !contenders(sheet, &workload.name).is_empty())
        .filter(|workload| !is_second_size(sheet, workload))
        .map(|workload| workload.name.as_str())
        .collect();
    let models = entrants(sheet, &workloads);
    let confidence = pairwise_confidence(models.len(), CONFIDENCE);
    let logarithm = |cells: &[&SheetCell]| {
        let logs = cells.iter().filter_map(|cell| Some(Metric::Steady.estimate(cell)?.median.ln()));
        logs.sum::<f64>() / cells.len() as f64
    };
    let lead = models.iter().min_by(|left, right| logarithm(left).total_cmp(&logarithm(right)))?;
    let mut ranked: Vec<Ranked> = models
        .iter()
        .filter_map(|cells| {
            let ratio = mean_ratio(cells, lead, confidence)?.exp();
            let faster = models.iter().filter(|other| {
                let against = mean_ratio(cells, other, confidence);
                against.is_some_and(|against| against.low > timers_apart(sheet, cells, other))
            });
            Some(Ranked {
                model: cells[0].model.clone(),
                family: cells[0].family,
                rank: 1 + faster.count() as u64,
                ratio: ratio.estimate,
                low: ratio.low,
                high: ratio.high,
            })
        })
        .collect();
    ranked.sort_by(|left, right| left.rank.cmp(&right.rank).then(left.ratio.total_cmp(&right.ratio)));
    Some(ClassRanking {
        class,
        workloads: workloads.into_iter().map(str::to_owned).collect(),
        models: ranked,
    })
}

/// Whether another workload has the same tasks that do nothing: it is there for the price of a task, and would count twice.
fn is_second_size(sheet: &Sheet, workload: &WorkloadRecord) -> bool {
    let first =
        sheet.workloads.iter().find(|other| other.class == workload.class && other.kernel == workload.kernel);
    workload.class == Class::Creation
        && workload.kernel.is_some()
        && first.is_some_and(|first| first.name != workload.name)
}

/// The models that were measured in every workload, each with its fastest cell in each of them.
fn entrants<'a>(sheet: &'a Sheet, workloads: &[&str]) -> Vec<Vec<&'a SheetCell>> {
    let mut models: Vec<&str> = Vec::new();
    for cell in workloads.iter().flat_map(|workload| contenders(sheet, workload)) {
        if !models.contains(&cell.model.as_str()) {
            models.push(&cell.model);
        }
    }
    let of = |workload: &str, model: &str| {
        let cells = contenders(sheet, workload).into_iter().filter(|cell| cell.model == model);
        fastest(cells, Metric::Steady)
    };
    models
        .into_iter()
        .filter_map(|model| workloads.iter().map(|workload| of(workload, model)).collect())
        .collect()
}

/// How far apart the timers of two models alone put them, on average over the workloads, on the logarithm.
fn timers_apart(sheet: &Sheet, a: &[&SheetCell], b: &[&SheetCell]) -> f64 {
    let each = a.iter().zip(b).map(|(a, b)| timers::apart(sheet, a, b, Metric::Steady));
    each.sum::<f64>() / a.len().max(1) as f64
}

/// The mean of the log ratios of two models, workload by workload.
fn mean_ratio(a: &[&SheetCell], b: &[&SheetCell], confidence: f64) -> Option<Location> {
    let of =
        |(a, b): (&&SheetCell, &&SheetCell)| hodges_lehmann(&Metric::Steady.log_ratios(a, b), confidence);
    let each: Vec<Location> = a.iter().zip(b).map(of).collect::<Option<_>>()?;
    match each[..] {
        // The interval of a single workload needs no normal distribution.
        [only] => Some(only),
        _ => Location::mean(&each, confidence),
    }
}
