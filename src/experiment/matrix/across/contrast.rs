use concbench_workloads::Class;
use serde::Serialize;

use super::{MissingCell, is_measured};
use crate::batch::analyse::CONFIDENCE;
use crate::batch::analyse::compare::{MARGIN, p_beyond, verdict};
use crate::batch::analyse::sample::Price;
use concbench_stats::{Location, holm, normal_quantile, rank_sum, shift, standard_error};
use crate::model::Family;
use crate::batch::{Sheet, SheetCell, Verdict};
use crate::record::{Estimate, Status};

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

fn key(cell: &SheetCell) -> Key<'_> {
    (&cell.workload, &cell.model, &cell.workers_rule)
}

/// The ranked cells of all runs: those that every run measured, and those that some run lacks.
pub(super) fn cells(runs: &[Run]) -> (Vec<CellAcross>, Vec<MissingCell>) {
    let (mut common, mut missing) = (Vec::new(), Vec::new());
    let mut keys: Vec<Key<'_>> = Vec::new();
    for cell in runs.iter().flat_map(|run| &sheet.cells).filter(|cell| cell.ranked && !cell.twin) {
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

fn class_of(sheet: &Sheet, cell: &SheetCell) -> Class {
    sheet.workloads.iter().find(|work| work.name == cell.workload).map_or(Class::Mixed, |work| work.class)
}

/// Why a cell is not common.
struct Lack {
    place: usize,
    reason: String,
    status: Option<Status>,
}

/// The cell of each run, or the first run that lacks it and why.
fn find<'a>(runs: &'a [Run], wanted: Key<'_>) -> Result<Vec<&'a SheetCell>, Lack> {
    let hash =
        |sheet: &Sheet| sheet.workloads.iter().find(|work| work.name == wanted.0).map(|work| work.hash.clone());
    runs.iter()
        .enumerate()
        .map(|(place, run)| {
            let found = sheet.cells.iter().find(|cell| cell.ranked && !cell.twin && key(cell) == wanted);
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
fn family(runs: &[Run], cells: &[Vec<&SheetCell>], place: usize) -> Vec<Contrast> {
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
            p_beyond(rank_sum(here, first, edge).above, rank_sum(here, first, -edge).below)
        })
        .collect();
    samples
        .iter()
        .zip(holm(&beyond))
        .map(|((here, first, margin), p)| {
            let Some(location) = shift(here, first, CONFIDENCE) else {
                // `find` lets no cell without times through.
                unreachable!("both cells have times")
            };
            contrast(&location, here.len().min(first.len()) as u64, *margin, Some(p))
        })
        .collect()
}

/// A contrast from where its log ratio lies; `fewest` is the number of observations on the side that has fewer.
fn contrast(location: &Location, fewest: u64, margin: f64, p_holm: Option<f64>) -> Contrast {
    Contrast {
        ratio: location.estimate.exp(),
        low: location.low.exp(),
        high: location.high.exp(),
        confidence: location.confidence,
        margin,
        p_holm,
        verdict: verdict(location, fewest, margin.ln_1p(), p_holm),
    }
}

/// The margin of a workload: the least one, or the noise floor of either run if that is more.
fn margin(runs: &[&Sheet], workload: &str) -> f64 {
    let verdicts = runs.iter().flat_map(|run| &sheet.verdicts).filter(|verdict| verdict.workload == workload);
    verdicts
        .filter_map(|verdict| verdict.noise_floor)
        .filter(|floor| floor.is_finite())
        .fold(MARGIN, f64::max)
}

fn logs(cell: &SheetCell) -> Vec<f64> {
    Price::Steady.series(cell).iter().map(|time| time.ln()).collect()
}

/// The fewest observations on each side of which a class has an interval. The interval of a cell with fewer is the whole
/// range of its differences, and says little about their scatter.
const FEWEST: u64 = 5;

/// The geometric mean of a class over its common cells; `None` if it has none.
///
/// It is the mean of their logarithms, and its standard error follows from theirs: the square root of the sum of squares
/// over their number, since cells are measured in processes of their own. The interval is the normal one; with too few
/// observations it is left open, from 0 to infinity.
pub(super) fn class(cells: &[CellAcross], class: Class) -> Option<ClassAcross> {
    let of_class: Vec<&CellAcross> = cells.iter().filter(|cell| cell.class == class).collect();
    let places = 1..=of_class.first()?.contrasts.len();
    let contrasts = places.map(|place| mean_contrast(&of_class, place)).collect();
    Some(ClassAcross { class, cells: of_class.len() as u64, contrasts })
}

fn mean_contrast(cells: &[&CellAcross], place: usize) -> Contrast {
    let contrasts: Vec<&Contrast> = cells.iter().map(|cell| &cell.contrasts[place - 1]).collect();
    let count = contrasts.len() as f64;
    let estimate = contrasts.iter().map(|of| of.ratio.ln()).sum::<f64>() / count;
    let observations = cells.iter().map(|cell| cell.steady[place].count.min(cell.steady[0].count));
    let fewest = observations.min().unwrap_or(0);
    let reach = if fewest < FEWEST {
        f64::INFINITY
    } else {
        let error = |of: &&Contrast| standard_error(of.low.ln(), of.high.ln(), of.confidence);
        let squares: f64 = contrasts.iter().map(|of| error(of).powi(2)).sum();
        normal_quantile(0.5 + 0.5 * CONFIDENCE) * squares.sqrt() / count
    };
    let (low, high) = (estimate - reach, estimate + reach);
    let margin = contrasts.iter().map(|of| of.margin).fold(MARGIN, f64::max);
    contrast(&Location { estimate, low, high, confidence: CONFIDENCE }, fewest, margin, None)
}
