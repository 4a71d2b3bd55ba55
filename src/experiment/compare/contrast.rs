use std::collections::{BTreeMap, HashMap};

use concbench_stats::{Location, holm, p_beyond, rank_sum, shift};
use serde::Serialize;

use crate::batch::Verdict;
use crate::batch::analyse::{CONFIDENCE, MARGIN, verdict};
use crate::experiment::Kind;
use crate::record::{Estimate, Record, Response, Status};

/// An experiment that every run has.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ComparedExperiment {
    /// Its name.
    pub(crate) id: &'static str,
    /// The question that it answers.
    pub(crate) question: &'static str,
    /// The cells that every run measured.
    pub(crate) cells: Vec<ComparedCell>,
    /// The cells that some run lacks.
    pub(crate) missing: Vec<Missing>,
}

/// A cell that every run measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ComparedCell {
    /// What makes it the same cell in every run.
    pub(crate) key: String,
    /// The cells that it shares its blocks with, by name.
    pub(crate) group: String,
    /// The model, if it is about one.
    pub(crate) model: Option<String>,
    /// Its headline responses, as far as every run has them; the first of the experiment always.
    pub(crate) responses: Vec<ComparedResponse>,
}

impl ComparedCell {
    /// The response that regressions are judged by.
    pub(crate) fn first(&self) -> &ComparedResponse {
        &self.responses[0]
    }
}

/// A response in every run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ComparedResponse {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it was in each run.
    pub(crate) estimates: Vec<Estimate>,
    /// Each run after the first against the first.
    pub(crate) contrasts: Vec<Contrast>,
}

impl ComparedResponse {
    /// Whether more of it is better: it is a rate.
    pub(crate) fn more_is_better(&self) -> bool {
        Response::unit(self.name) == "1/s"
    }
}

/// A response of a run over the same one of the first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Contrast {
    /// The ratio.
    pub(crate) ratio: f64,
    /// The lower end of its interval.
    pub(crate) low: f64,
    /// The upper end.
    pub(crate) high: f64,
    /// The confidence of the interval.
    pub(crate) confidence: f64,
    /// The margin, as a fraction: what is smaller does not count as a difference.
    pub(crate) margin: f64,
    /// The p-value of "they differ by no more than the margin", corrected after Holm over all cells of the experiment.
    /// `null` for what is put together out of several cells, whose verdict rests on its interval alone.
    pub(crate) p_holm: Option<f64>,
    /// What follows.
    pub(crate) verdict: Verdict,
}

impl Contrast {
    /// Whether the run is called worse than the first, by more than this fraction for certain.
    pub(super) fn is_worse_by(&self, threshold: f64, more_is_better: bool) -> bool {
        let beyond = match more_is_better {
            true => self.ratio < 1.0 && 1.0 / self.high > 1.0 + threshold,
            false => self.ratio > 1.0 && self.low > 1.0 + threshold,
        };
        self.verdict == Verdict::Different && beyond
    }

    /// Where the ratio lies.
    pub(crate) fn location(&self) -> Location {
        Location { estimate: self.ratio, low: self.low, high: self.high, confidence: self.confidence }
    }
}

/// A cell that is not compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Missing {
    /// What would make it the same cell in every run.
    pub(crate) key: String,
    /// The run that lacks it.
    pub(crate) place: usize,
    /// Why.
    pub(crate) reason: String,
    /// How it ended there; `null` where it was not measured, or is another work.
    pub(crate) status: Option<Status>,
}

/// What a comparison needs of a cell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    /// What makes it the same cell in another run.
    pub(crate) key: String,
    /// The cells that it shares its blocks with, by name.
    pub(crate) group: String,
    /// The model, if it is about one.
    pub(crate) model: Option<String>,
    /// How it ended.
    pub(crate) status: Status,
    /// Why, for everything but `ok`.
    pub(crate) reason: Option<String>,
    /// What each observation says of each headline response, in the order of those; nothing below 0, and no 0.
    pub(crate) values: Vec<Vec<f64>>,
}

/// What one run has of an experiment.
struct Measured {
    samples: Vec<Sample>,
    fingerprints: BTreeMap<String, String>,
    floors: Vec<(String, f64)>,
}

impl Measured {
    fn of(kind: &'static dyn Kind, record: &Record) -> Result<Self, String> {
        let raw = &record.experiments[kind.id()];
        Ok(Self {
            samples: kind.samples(raw)?,
            fingerprints: kind.fingerprints(raw)?,
            floors: kind.noise_floors(raw)?,
        })
    }

    /// The noise floor of a group, or else the least margin if that is more.
    fn margin(&self, group: &str) -> f64 {
        let floors = self.floors.iter().filter(|(of, floor)| of == group && floor.is_finite());
        floors.map(|(_, floor)| *floor).fold(MARGIN, f64::max)
    }
}

/// Compares the runs by one experiment that all of them have.
pub(super) fn experiment(kind: &'static dyn Kind, records: &[Record]) -> Result<ComparedExperiment, String> {
    let runs: Vec<Measured> =
        records.iter().map(|record| Measured::of(kind, record)).collect::<Result<_, _>>()?;
    let index = |run: &'_ Measured| -> HashMap<String, usize> {
        let keys = run.samples.iter().enumerate().rev();
        keys.map(|(number, sample)| (sample.key.clone(), number)).collect()
    };
    let indexes: Vec<HashMap<String, usize>> = runs.iter().map(index).collect();
    let mut seen: HashMap<&str, ()> = HashMap::new();
    let (mut common, mut missing) = (Vec::new(), Vec::new());
    for sample in runs.iter().flat_map(|run| &run.samples) {
        if seen.insert(&sample.key, ()).is_some() {
            continue;
        }
        match find(&runs, &indexes, &sample.key) {
            Ok(cells) => common.push(cells),
            Err(lack) => missing.push(lack),
        }
    }
    let mut cells: Vec<ComparedCell> = common.iter().map(|cells| empty(cells[0])).collect();
    for (at, name) in kind.headlines().iter().enumerate() {
        let have: Vec<usize> = (0..common.len())
            .filter(|&cell| common[cell].iter().all(|sample| !sample.values[at].is_empty()))
            .collect();
        let family: Vec<&Vec<&Sample>> = have.iter().map(|&cell| &common[cell]).collect();
        let contrasts: Vec<Vec<Contrast>> =
            (1..runs.len()).map(|place| contrasts(&runs, &family, at, place)).collect();
        for (number, &cell) in have.iter().enumerate() {
            let estimate = |sample: &&Sample| Estimate::of(&sample.values[at], CONFIDENCE);
            cells[cell].responses.push(ComparedResponse {
                name,
                estimates: common[cell].iter().filter_map(estimate).collect(),
                contrasts: contrasts.iter().map(|of_place| of_place[number]).collect(),
            });
        }
    }
    Ok(ComparedExperiment { id: kind.id(), question: kind.question(), cells, missing })
}

fn empty(sample: &Sample) -> ComparedCell {
    let Sample { key, group, model, .. } = sample.clone();
    ComparedCell { key, group, model, responses: Vec::new() }
}

/// The cell of each run, or the first run that lacks it and why.
fn find<'a>(
    runs: &'a [Measured],
    indexes: &[HashMap<String, usize>],
    key: &str,
) -> Result<Vec<&'a Sample>, Missing> {
    let lack = |place, reason: String, status| Missing { key: key.to_owned(), place, reason, status };
    let fingerprint = |run: &'a Measured, sample: &Sample| run.fingerprints.get(&sample.group);
    let of_run = |(place, run): (usize, &'a Measured)| {
        let Some(sample) = indexes[place].get(key).map(|&number| &run.samples[number]) else {
            return Err(lack(place, "it was not measured there".to_owned(), None));
        };
        if fingerprint(run, sample) != fingerprint(&runs[0], sample) {
            return Err(lack(place, "the workload is another one there".to_owned(), None));
        }
        if sample.status != Status::Ok || sample.values.first().is_none_or(Vec::is_empty) {
            let reason = sample.reason.as_deref().unwrap_or("no reason was recorded");
            return Err(lack(place, format!("{}: {reason}", sample.status), Some(sample.status)));
        }
        Ok(sample)
    };
    runs.iter().enumerate().map(of_run).collect()
}

/// The contrasts of one response of all cells of one run with the first; their p-values are corrected together, since any
/// of them could raise an alarm.
fn contrasts(runs: &[Measured], cells: &[&Vec<&Sample>], at: usize, place: usize) -> Vec<Contrast> {
    let logs = |sample: &Sample| -> Vec<f64> { sample.values[at].iter().map(|value| value.ln()).collect() };
    let samples: Vec<(Vec<f64>, Vec<f64>, f64)> = cells
        .iter()
        .map(|cells| {
            let group = &cells[0].group;
            let margin = runs[0].margin(group).max(runs[place].margin(group));
            (logs(cells[place]), logs(cells[0]), margin)
        })
        .collect();
    let beyond: Vec<f64> = samples
        .iter()
        .map(|(here, first, margin)| p_beyond(margin.ln_1p(), |at| rank_sum(here, first, at)))
        .collect();
    let each = samples.iter().zip(holm(&beyond)).filter_map(|((here, first, margin), p)| {
        let location = shift(here, first, CONFIDENCE)?;
        Some(contrast(&location, here.len().min(first.len()) as u64, *margin, Some(p)))
    });
    each.collect()
}

/// A contrast from where its log ratio lies; `fewest` is the number of observations on the side that has fewer.
pub(crate) fn contrast(location: &Location, fewest: u64, margin: f64, p_holm: Option<f64>) -> Contrast {
    let ratio = location.exp();
    Contrast {
        ratio: ratio.estimate,
        low: ratio.low,
        high: ratio.high,
        confidence: ratio.confidence,
        margin,
        p_holm,
        verdict: verdict(location, fewest, margin.ln_1p(), p_holm),
    }
}
