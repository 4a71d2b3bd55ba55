//! Several runs beside each other: other machines, or the same one before and after a change.
//!
//! They are compared experiment by experiment, all in the same way: by the headline responses of the cells that every run
//! has. Nothing is paired across runs, since their blocks share no moment: a cell of one run and the same cell of another
//! are two independent samples. Ratios are of a run to the first one.
//!
//! - `place`: the runs, by name
//! - `object`: what speaks against comparing them
//! - `compared`: what becomes of them
//! - `contrast`: the ratios and what they say
//! - `words`, `section`: how that is shown

mod compared;
mod contrast;
mod object;
mod place;
mod section;
pub(crate) mod words;

use std::path::{Path, PathBuf};

use concbench_text::figures as units;
use serde::Serialize;

use super::show::looks;
use super::{Kind, experiments};
use crate::record::{Record, Status};
use crate::report::compare::Comparison;
use crate::report::{Format, ReportError, Section, text, written};
pub(crate) use compared::{Beside, Sample, contrast};
pub use compared::{ComparedCell, ComparedExperiment, ComparedResponse, Contrast, Missing};
pub use object::{Objection, ObjectionKind};
pub use place::Place;
pub(crate) use place::places;

/// How runs are compared.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CompareOptions {
    /// Compares even what is better not compared; the objections are then kept as flags.
    pub anyway: bool,
    /// What an hour of each machine costs, in one currency, in the order of the runs; `None` where it is not known.
    pub prices: Vec<Option<f64>>,
    /// By which fraction a cell must surely be slower to count as a regression.
    pub threshold: f64,
}

/// Several runs, compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compared {
    /// The runs, in the order given; all ratios are to the first.
    pub places: Vec<Place>,
    /// What speaks against comparing them.
    pub objections: Vec<Objection>,
    /// The experiments that every run has.
    pub experiments: Vec<ComparedExperiment>,
    /// The cells that became worse by more than the threshold, by their first response.
    pub regressions: Vec<Regression>,
    /// The threshold, as a fraction.
    pub threshold: f64,
}

/// A cell that became worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Regression {
    /// The position of its experiment.
    pub experiment: usize,
    /// Its position in that.
    pub cell: usize,
    /// The position of the run.
    pub place: usize,
}

/// Why runs are not compared.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CompareRefusal {
    /// There is nothing to compare with.
    #[error("{found} runs were given, at least 2 are needed")]
    TooFew {
        /// How many there are.
        found: usize,
    },
    /// Not as many prices as runs.
    #[error("{prices} prices were given for {runs} runs, one for each is needed")]
    Prices {
        /// How many prices.
        prices: usize,
        /// How many runs.
        runs: usize,
    },
    /// They measure different things.
    #[error("{}", object::listed(.0))]
    Unlike(Vec<Objection>),
    /// They share no measured cell.
    #[error("the runs have no measured cell in common: measure the same workloads with the same settings")]
    NothingCommon,
    /// A record holds what this version does not know.
    #[error("{0}")]
    Record(String),
}

/// Compares runs with the first of them.
///
/// # Errors
///
/// Fewer than two runs; runs that cannot be compared, unless [`CompareOptions::anyway`]; nothing in common; a record that
/// holds what this version does not know.
pub fn compare(records: &[Record], options: &CompareOptions) -> Result<Compared, CompareRefusal> {
    if records.len() < 2 {
        return Err(CompareRefusal::TooFew { found: records.len() });
    }
    if !options.prices.is_empty() && options.prices.len() != records.len() {
        return Err(CompareRefusal::Prices { prices: options.prices.len(), runs: records.len() });
    }
    let places = places(records, &options.prices);
    let kinds = common(records);
    let objections = object::objections(records, &places, &kinds).map_err(CompareRefusal::Record)?;
    let fatal: Vec<_> = objections.iter().filter(|objection| objection.fatal()).cloned().collect();
    if !fatal.is_empty() && !options.anyway {
        return Err(CompareRefusal::Unlike(fatal));
    }
    let compared = kinds.iter().map(|kind| contrast::experiment(*kind, records));
    let experiments: Vec<ComparedExperiment> =
        compared.collect::<Result<_, _>>().map_err(CompareRefusal::Record)?;
    if experiments.iter().all(|experiment| experiment.cells.is_empty()) {
        return Err(CompareRefusal::NothingCommon);
    }
    let regressions = regressions(&experiments, options.threshold);
    Ok(Compared { places, objections, experiments, regressions, threshold: options.threshold })
}

/// The experiments that every run has, in their order.
fn common(records: &[Record]) -> Vec<&'static dyn Kind> {
    let has = |kind: &&dyn Kind| records.iter().all(|record| record.experiments.contains_key(kind.id()));
    experiments().into_iter().filter(has).collect()
}

/// The cells whose whole interval lies beyond the threshold, and whose difference is one.
fn regressions(experiments: &[ComparedExperiment], threshold: f64) -> Vec<Regression> {
    let mut found = Vec::new();
    for (experiment, compared) in experiments.iter().enumerate() {
        for (cell, of) in compared.cells.iter().enumerate() {
            let worse = |contrast: &Contrast| contrast.is_worse_by(threshold, of.first().more_is_better());
            let places = of.first().contrasts.iter().enumerate().filter(|(_, contrast)| worse(contrast));
            found.extend(places.map(|(index, _)| Regression { experiment, cell, place: index + 1 }));
        }
    }
    found
}

impl Compared {
    /// Whether a run is worse than the first for certain: slower by more than the threshold, or broken where the first has
    /// a figure.
    pub fn is_worse(&self) -> bool {
        !self.regressions.is_empty() || self.broken().next().is_some()
    }

    /// Where a cell broke that the first run has a figure for.
    fn broken(&self) -> impl Iterator<Item = &Missing> {
        let in_first = |lacks: &&[Missing]| lacks.iter().all(|lack| lack.place > 0);
        let broke = |lack: &&Missing| lack.status.is_some_and(Status::is_broken);
        self.missing().filter(in_first).flatten().filter(broke)
    }

    /// The cells that some run lacks, each with all runs that do.
    fn missing(&self) -> impl Iterator<Item = &[Missing]> {
        let same = |left: &Missing, right: &Missing| left.key == right.key;
        self.experiments.iter().flat_map(move |experiment| experiment.missing.chunk_by(same))
    }
}

/// Writes the page of a comparison as a file, whole or not at all; its folder is made if there is none. The records are
/// those that were compared, in the same order.
///
/// # Errors
///
/// When a chart cannot be drawn, or the file cannot be written.
pub fn write_comparison(
    records: &[Record],
    compared: &Compared,
    path: &Path,
) -> Result<PathBuf, ReportError> {
    shown(records, compared)?.write(path)
}

/// The same page as a text.
///
/// # Errors
///
/// When a chart cannot be drawn.
pub fn comparison_html(records: &[Record], compared: &Compared) -> Result<String, ReportError> {
    shown(records, compared)?.html()
}

/// The answers of a comparison, and a row for each common cell.
///
/// # Errors
///
/// When a chart cannot be drawn.
pub fn comparison_table(
    records: &[Record],
    compared: &Compared,
    format: Format,
) -> Result<String, ReportError> {
    Ok(shown(records, compared)?.text(format))
}

/// Every figure of a comparison as CSV.
pub fn comparison_csv(compared: &Compared) -> String {
    let table = section::all_figures(compared);
    written(&table.columns, &table.rows)
}

/// All that a comparison is shown from, drawn once, as a page and as a text.
///
/// # Errors
///
/// When a chart cannot be drawn.
pub(crate) fn shown<'a>(records: &'a [Record], compared: &Compared) -> Result<Comparison<'a>, ReportError> {
    let looks = looks(&records[0]);
    let mut sections: Vec<Section> = Vec::new();
    for found in &compared.experiments {
        let beside = Beside { places: &compared.places, records, found, looks: &looks };
        if let Some(kind) = super::find(found.id).filter(|_| !found.cells.is_empty()) {
            sections.extend(kind.compare_sections(&beside)?);
            sections.push(section::section(&beside)?);
        }
    }
    let caution = |of: &Objection| text::sentence(&format!("{}: {}.", of.what, of.remedy));
    Ok(Comparison {
        records,
        names: compared.places.iter().map(|place| text::name(&place.name)).collect(),
        cautions: compared.objections.iter().map(caution).collect(),
        regressions: compared.regressions.iter().map(|of| words::regression(compared, of)).collect(),
        threshold: units::percent(compared.threshold),
        broken: compared
            .broken()
            .map(|lack| words::missing(&compared.places, std::slice::from_ref(lack)))
            .collect(),
        sections,
        figures: section::figures(compared),
        missing: compared.missing().map(|lacks| words::missing(&compared.places, lacks)).collect(),
    })
}
