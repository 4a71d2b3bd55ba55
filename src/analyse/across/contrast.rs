use concbench_workloads::Class;
use serde::Serialize;

use super::{MissingCell, is_measured};
use crate::analyse::compare::{FEWEST_PAIRS, MARGIN};
use crate::analyse::sample::Price;
use crate::analyse::stats::{
    FEWEST_TO_RESAMPLE, RESAMPLES, Resampler, holm, median, percentile_interval, rank_sum, shift, sorted,
};
use crate::analyse::{CONFIDENCE, SIGNIFICANCE};
use crate::model::Family;
use crate::record::{CellRecord, Estimate, Run, Status, Verdict};

/// A cell that every run measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CellAcross {
    /// The workload's name.
    pub workload: String,
    /// What its tasks mostly do.
    pub class: Class,
    /// The model's id.
    pub model: String,
    /// Its family.
    pub family: Family,
    /// Where the number of workers comes from.
    pub workers_rule: String,
    /// The number of workers in each run.
    pub workers: Vec<u64>,
    /// The steady time of a batch in each run, in nanoseconds.
    pub steady: Vec<Estimate>,
    /// Each run after the first against the first.
    pub contrasts: Vec<Contrast>,
}

/// A time of a run over the same time of the first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Contrast {
    /// The ratio; above 1, the run is slower than the first.
    pub ratio: f64,
    /// The lower end of its interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The confidence of the interval.
    pub confidence: f64,
    /// The margin, as a fraction: what is smaller does not count as a difference.
    pub margin: f64,
    /// The p-value of "they differ by no more than the margin", corrected over all cells of the run after Holm. `null`
    /// for a class, whose verdict rests on its interval alone.
    pub p_holm: Option<f64>,
    /// What follows.
    pub verdict: Verdict,
}

impl Contrast {
    /// Whether the run is called slower than the first.
    pub fn is_slower(&self) -> bool {
        self.verdict == Verdict::Different && self.ratio > 1.0
    }

    /// Whether the run is called faster than the first.
    pub fn is_faster(&self) -> bool {
        self.verdict == Verdict::Different && self.ratio < 1.0
    }
}

/// A class of work over all of its common cells.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassAcross {
    /// The class.
    pub class: Class,
    /// How many cells it has.
    pub cells: u64,
    /// The geometric mean of the ratios, for each run after the first.
    pub contrasts: Vec<Contrast>,
}

/// What makes two cells of different runs the same: where the number of workers comes from, not what it came to.
type Key<'a> = (&'a str, &'a str, &'a str);

fn key(cell: &CellRecord) -> Key<'_> {
    (&cell.workload, &cell.model, &cell.workers_rule)
}

/// The ranked cells of all runs: those that every run measured, and those that some run lacks.
pub(super) fn cells(runs: &[Run]) -> (Vec<CellAcross>, Vec<MissingCell>) {
    let (mut common, mut missing) = (Vec::new(), Vec::new());
    let mut keys: Vec<Key<'_>> = Vec::new();
    for cell in runs.iter().flat_map(|run| &run.cells).filter(|cell| cell.ranked && !cell.twin) {
        if !keys.contains(&key(cell)) {
            keys.push(key(cell));
        }
    }
    for key in keys {
        match find(runs, key) {
            Ok(cells) => common.push(cells),
            Err(Lack { place, reason, status }) => missing.push(MissingCell {
                workload: key.0.to_owned(),
                model: key.1.to_owned(),
                workers_rule: key.2.to_owned(),
                place,
                reason,
                status,
            }),
        }
    }
    let contrasts: Vec<Vec<Contrast>> = (1..runs.len()).map(|place| family(runs, &common, place)).collect();
    let across = common.iter().enumerate().map(|(index, cells)| CellAcross {
        workload: cells[0].workload.clone(),
        class: class_of(&runs[0], cells[0]),
        model: cells[0].model.clone(),
        family: cells[0].family,
        workers_rule: cells[0].workers_rule.clone(),
        workers: cells.iter().map(|cell| cell.workers).collect(),
        steady: cells.iter().filter_map(|cell| Price::Steady.estimate(cell).copied()).collect(),
        contrasts: contrasts.iter().map(|of_place| of_place[index]).collect(),
    });
    (across.collect(), missing)
}

fn class_of(run: &Run, cell: &CellRecord) -> Class {
    run.workloads.iter().find(|work| work.name == cell.workload).map_or(Class::Mixed, |work| work.class)
}

/// Why a cell is not common.
struct Lack {
    place: usize,
    reason: String,
    status: Option<Status>,
}

/// The cell of each run, or the first run that lacks it and why.
fn find<'a>(runs: &'a [Run], wanted: Key<'_>) -> Result<Vec<&'a CellRecord>, Lack> {
    let hash =
        |run: &Run| run.workloads.iter().find(|work| work.name == wanted.0).map(|work| work.hash.clone());
    runs.iter()
        .enumerate()
        .map(|(place, run)| {
            let found = run.cells.iter().find(|cell| cell.ranked && !cell.twin && key(cell) == wanted);
            match found {
                None => Err(Lack { place, reason: "it was not measured there".to_owned(), status: None }),
                Some(_) if hash(run) != hash(&runs[0]) => {
                    Err(Lack { place, reason: "the workload is another one there".to_owned(), status: None })
                }
                Some(cell) if !is_measured(cell) || Price::Steady.series(cell).is_empty() => {
                    let reason = cell.reason.as_deref().unwrap_or("no reason was recorded");
                    let reason = format!("{}: {reason}", cell.status);
                    Err(Lack { place, reason, status: Some(cell.status) })
                }
                Some(cell) => Ok(cell),
            }
        })
        .collect()
}

/// The contrasts of all cells of one run with the first; their p-values are corrected together, since any of them could
/// raise an alarm.
fn family(runs: &[Run], cells: &[Vec<&CellRecord>], place: usize) -> Vec<Contrast> {
    let samples: Vec<(Vec<f64>, Vec<f64>, f64)> = cells
        .iter()
        .map(|cells| {
            let margin = margin(&[&runs[0], &runs[place]], &cells[0].workload);
            (logs(cells[place]), logs(cells[0]), margin)
        })
        .collect();
    let beyond: Vec<f64> = samples
        .iter()
        .map(|(here, first, margin)| {
            let edge = margin.ln_1p();
            let above = rank_sum(here, first, edge).above;
            let below = rank_sum(here, first, -edge).below;
            (2.0 * above.min(below)).min(1.0)
        })
        .collect();
    samples
        .iter()
        .zip(holm(&beyond))
        .map(|((here, first, margin), p)| contrast(here, first, *margin, p))
        .collect()
}

fn contrast(here: &[f64], first: &[f64], margin: f64, p_holm: f64) -> Contrast {
    let Some(location) = shift(here, first, CONFIDENCE) else {
        // `find` lets no cell without times through.
        unreachable!("both cells have times")
    };
    let few = (here.len().min(first.len()) as u64) < FEWEST_PAIRS;
    let (low, high) = (location.low, location.high);
    let verdict = match verdict(low, high, margin, few) {
        Verdict::Different if p_holm > SIGNIFICANCE => Verdict::Unresolved,
        verdict => verdict,
    };
    Contrast {
        ratio: location.estimate.exp(),
        low: low.exp(),
        high: high.exp(),
        confidence: location.confidence,
        margin,
        p_holm: Some(p_holm),
        verdict,
    }
}

/// What an interval of a log ratio says.
fn verdict(low: f64, high: f64, margin: f64, few: bool) -> Verdict {
    let edge = margin.ln_1p();
    match (low > edge || high < -edge, low >= -edge && high <= edge) {
        (true, _) if few => Verdict::Indicative,
        (true, _) => Verdict::Different,
        (_, true) => Verdict::Equivalent,
        _ => Verdict::Unresolved,
    }
}

/// The margin of a workload: the least one, or the noise floor of either run if that is more.
fn margin(runs: &[&Run], workload: &str) -> f64 {
    let verdicts = runs.iter().flat_map(|run| &run.verdicts).filter(|verdict| verdict.workload == workload);
    verdicts
        .filter_map(|verdict| verdict.noise_floor)
        .filter(|floor| floor.is_finite())
        .fold(MARGIN, f64::max)
}

fn logs(cell: &CellRecord) -> Vec<f64> {
    Price::Steady.series(cell).iter().map(|time| time.ln()).collect()
}

/// The geometric mean of a class over its common cells; `None` if it has none.
///
/// Its interval is a percentile bootstrap with a fixed seed that draws the observations of every cell anew; with too few
/// of them it is left open, from 0 to infinity.
pub(super) fn class(runs: &[Run], cells: &[CellAcross], class: Class) -> Option<ClassAcross> {
    let of_class: Vec<&CellAcross> = cells.iter().filter(|cell| cell.class == class).collect();
    if of_class.is_empty() {
        return None;
    }
    let contrasts = (1..runs.len()).map(|place| mean_contrast(runs, &of_class, place)).collect();
    Some(ClassAcross { class, cells: of_class.len() as u64, contrasts })
}

fn mean_contrast(runs: &[Run], cells: &[&CellAcross], place: usize) -> Contrast {
    let mut samples = Vec::new();
    for across in cells {
        let wanted = (across.workload.as_str(), across.model.as_str(), across.workers_rule.as_str());
        if let Ok(found) = find(runs, wanted) {
            samples.push((logs(found[place]), logs(found[0])));
        }
    }
    let middle = |values: &[f64]| median(&sorted(values)).unwrap_or(f64::NAN);
    let count = samples.len() as f64;
    let estimate =
        cells.iter().map(|cell| cell.contrasts[place - 1].ratio.ln()).sum::<f64>() / cells.len() as f64;
    let fewest = samples.iter().map(|(here, first)| here.len().min(first.len())).min().unwrap_or(0);
    let mut resampler = Resampler::default();
    let draws: Vec<f64> = if fewest < FEWEST_TO_RESAMPLE { 0..0 } else { 0..RESAMPLES }
        .map(|_| {
            let mut apart = |(here, first): &(Vec<f64>, Vec<f64>)| {
                middle(&resampler.values(here)) - middle(&resampler.values(first))
            };
            samples.iter().map(&mut apart).sum::<f64>() / count
        })
        .collect();
    let (low, high) = percentile_interval(&draws, CONFIDENCE).unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
    let (low, high) = (low.min(estimate), high.max(estimate));
    let margin = cells.iter().map(|cell| cell.contrasts[place - 1].margin).fold(MARGIN, f64::max);
    Contrast {
        ratio: estimate.exp(),
        low: low.exp(),
        high: high.exp(),
        confidence: CONFIDENCE,
        margin,
        p_holm: None,
        verdict: verdict(low, high, margin, (fewest as u64) < FEWEST_PAIRS),
    }
}
