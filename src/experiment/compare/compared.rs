use concbench_stats::Location;
use serde::Serialize;
use serde_json::Value;

use super::place::Place;
use crate::batch::Verdict;
use crate::batch::analyse::{Edges, verdict};
use crate::model::Family;
use crate::record::{Estimate, Record, Response, Status};
use crate::report::Looks;

/// An experiment that every run has.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparedExperiment {
    /// Its name.
    pub id: &'static str,
    /// The question that it answers.
    pub question: &'static str,
    /// The cells that every run measured.
    pub cells: Vec<ComparedCell>,
    /// What else follows for this experiment: for the matrix the classes of work, the ranks of the models, and what more
    /// workers bring. `null` if nothing does.
    pub findings: Value,
    /// The cells that some run lacks, once for each such run; those of one cell stand beside each other.
    pub missing: Vec<Missing>,
}

/// A cell that every run measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparedCell {
    /// What makes it the same cell in every run.
    pub key: String,
    /// The cells that it shares its blocks with, by name.
    pub group: String,
    /// The model, if it is about one.
    pub model: Option<String>,
    /// The family of that model.
    pub family: Option<Family>,
    /// Its headline responses, as far as every run has them; the first of the experiment always.
    pub responses: Vec<ComparedResponse>,
}

impl ComparedCell {
    /// The response that regressions are judged by.
    pub fn first(&self) -> &ComparedResponse {
        &self.responses[0]
    }
}

/// A response in every run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparedResponse {
    /// Its name.
    pub name: &'static str,
    /// What it was in each run.
    pub estimates: Vec<Estimate>,
    /// Each run after the first against the first.
    pub contrasts: Vec<Contrast>,
}

impl ComparedResponse {
    /// Whether more of it is better: it is a rate.
    pub fn more_is_better(&self) -> bool {
        Response::unit(self.name) == "1/s"
    }
}

/// A response of a run over the same one of the first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Contrast {
    /// The ratio.
    pub ratio: f64,
    /// The lower end of its interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The confidence of the interval.
    pub confidence: f64,
    /// The margin, as a fraction: what is smaller does not count as a difference.
    pub margin: f64,
    /// The p-value of "they differ by no more than the margin", corrected after Holm over all cells of the experiment.
    /// `null` for what is put together out of several cells, whose verdict rests on its interval alone.
    pub p_holm: Option<f64>,
    /// What follows.
    pub verdict: Verdict,
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

/// A run that has no figure for a cell, which is therefore not compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// What would make it the same cell in every run.
    pub key: String,
    /// The run that lacks it.
    pub place: usize,
    /// Why.
    pub reason: String,
    /// How it ended there; `null` where it was not measured, or is another work.
    pub status: Option<Status>,
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
    /// The family of that model.
    pub(crate) family: Option<Family>,
    /// How it ended.
    pub(crate) status: Status,
    /// Why, for everything but `ok`.
    pub(crate) reason: Option<String>,
    /// What each observation says of each headline response, in the order of those; nothing below 0, and no 0.
    pub(crate) values: Vec<Vec<f64>>,
}

/// What an experiment may know to say more about several runs of it.
#[derive(Debug)]
pub(crate) struct Beside<'a> {
    /// The runs, by name.
    pub(crate) places: &'a [Place],
    /// Their records.
    pub(crate) records: &'a [Record],
    /// Its cells, compared.
    pub(crate) found: &'a ComparedExperiment,
    /// How models look.
    pub(crate) looks: &'a Looks,
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
        verdict: verdict(location, fewest, Edges::of_margin(margin), p_holm),
    }
}
