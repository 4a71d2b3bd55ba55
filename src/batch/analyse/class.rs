//! How the models stand over all workloads of a class.

use concbench_stats::Location;
use concbench_workloads::Class;
use itertools::Itertools as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::compare::ratio;
use super::sample::{Metric, Series};
use super::standing::{Sure, contenders, fastest};
use super::timers;
use crate::batch::{Sheet, WorkloadRecord};
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
    let lead = models.iter().position_min_by(|left, right| left.logarithm().total_cmp(&right.logarithm()))?;
    let sure = match workloads[..] {
        // As between its cells, so that the two say the same.
        [only] => Sure::of(sheet, only, Metric::Steady),
        _ => Sure::of_models(models.len(), Metric::Steady),
    };
    let over =
        |a: usize, b: usize| models[a].over(&models[b], sheet, sure.of_interval(a == lead || b == lead));
    let mut ranks = vec![1; models.len()];
    for place in 0..models.len() {
        for other in place + 1..models.len() {
            let Some(found) = over(place, other) else { continue };
            let timers = models[place].timers_apart(&models[other], sheet);
            ranks[place] += u64::from(found.low > timers);
            ranks[other] += u64::from(found.high < -timers);
        }
    }
    let ranked = |(place, rank): (usize, u64)| {
        let ratio = over(place, lead)?.exp();
        let cell = models[place].series.first()?.cell;
        Some(Ranked {
            model: cell.model.clone(),
            family: cell.family,
            rank,
            ratio: ratio.estimate,
            low: ratio.low,
            high: ratio.high,
        })
    };
    let mut models: Vec<Ranked> = ranks.into_iter().enumerate().filter_map(ranked).collect();
    models.sort_by(|left, right| left.rank.cmp(&right.rank).then(left.ratio.total_cmp(&right.ratio)));
    Some(ClassRanking { class, workloads: workloads.into_iter().map(str::to_owned).collect(), models })
}

/// Whether another workload has the same tasks that do nothing: it is there for the cost of a task, and would count twice.
fn is_second_size(sheet: &Sheet, workload: &WorkloadRecord) -> bool {
    let first =
        sheet.workloads.iter().find(|other| other.class == workload.class && other.kernel == workload.kernel);
    workload.class == Class::Creation
        && workload.kernel.is_some()
        && first.is_some_and(|first| first.name != workload.name)
}

/// A model with its fastest cell in each workload of a class.
struct Entrant<'a> {
    series: Vec<Series<'a>>,
}

/// The models that were measured in every workload.
fn entrants<'a>(sheet: &'a Sheet, workloads: &[&str]) -> Vec<Entrant<'a>> {
    let models: Vec<&str> = workloads
        .iter()
        .flat_map(|workload| contenders(sheet, workload))
        .map(|cell| cell.model.as_str())
        .unique()
        .collect();
    let of = |workload: &str, model: &str| {
        let cells = contenders(sheet, workload).into_iter().filter(|cell| cell.model == model);
        Some(Series::of(fastest(cells, Metric::Steady)?, Metric::Steady))
    };
    let entrant = |model| {
        let series: Option<_> = workloads.iter().map(|workload| of(workload, model)).collect();
        Some(Entrant { series: series? })
    };
    models.into_iter().filter_map(entrant).collect()
}

impl Entrant<'_> {
    /// The mean logarithm of its medians.
    fn logarithm(&self) -> f64 {
        let median = |of: &Series<'_>| Some(Metric::Steady.estimate(of.cell)?.median.ln());
        self.series.iter().filter_map(median).sum::<f64>() / self.series.len() as f64
    }

    /// The mean of the log ratios to another model, workload by workload.
    fn over(&self, other: &Self, sheet: &Sheet, confidence: f64) -> Option<Location> {
        let each = self.series.iter().zip(&other.series);
        let of = |(a, b)| Some(ratio(sheet, a, b, confidence)?.location);
        let each: Vec<Location> = each.map(of).collect::<Option<_>>()?;
        match each[..] {
            // The interval of a single workload needs no normal distribution.
            [only] => Some(only),
            _ => Location::mean(&each, confidence),
        }
    }

    /// How far apart the timers of the two alone put them, on average over the workloads, on the logarithm.
    fn timers_apart(&self, other: &Self, sheet: &Sheet) -> f64 {
        let each = self.series.iter().zip(&other.series);
        let each = each.map(|(a, b)| timers::apart(sheet, a.cell, b.cell, Metric::Steady));
        each.sum::<f64>() / self.series.len() as f64
    }
}
