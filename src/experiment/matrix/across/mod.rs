//! Several runs beside each other: other machines, or the same one before and after a change.
//!
//! Nothing is paired across runs, since their blocks share no moment: a cell of one run and the same cell of another are
//! two independent samples. Ratios are of a run to the first one: above 1, it is the slower.

mod contrast;
mod fit;
mod rank;
mod scaling;

use concbench_workloads::Class;
use serde::Serialize;

pub use contrast::{CellAcross, ClassAcross, Contrast};
pub use fit::{Objection, ObjectionKind};
pub use rank::ModelRanks;
pub use scaling::{CurveAcross, Throughput};

use crate::batch::{Sheet};
use crate::record::{Status};

/// How runs are compared.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AcrossOptions {
    /// Compares even what is better not compared; the objections are then kept as flags.
    pub anyway: bool,
    /// What an hour of each machine costs, in one currency, in the order of the runs; `None` where it is not known.
    pub prices: Vec<Option<f64>>,
    /// By which fraction a cell must surely be slower to count as a regression.
    pub threshold: f64,
}

/// Several runs, compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Across {
    /// The runs, in the order given; all ratios are to the first.
    pub places: Vec<Place>,
    /// What speaks against comparing them.
    pub objections: Vec<Objection>,
    /// The ranked cells that every run measured.
    pub cells: Vec<CellAcross>,
    /// The ranked cells that some run lacks, with the reason.
    pub missing: Vec<MissingCell>,
    /// Each class of work over all of its common cells.
    pub classes: Vec<ClassAcross>,
    /// How the models rank in each run.
    pub ranks: Vec<ModelRanks>,
    /// Throughput over workers, for models that several runs measured with several numbers of them.
    pub curves: Vec<CurveAcross>,
    /// The cells that became slower by more than the threshold: index into `cells`, and the run.
    pub regressions: Vec<(usize, usize)>,
    /// The threshold, as a fraction.
    pub threshold: f64,
}

/// One of the runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Place {
    /// How it is called here: the machine's label, with the time of the run where labels are alike.
    pub name: String,
    /// The run's id.
    pub id: String,
    /// The cores that it could use.
    pub cores: u64,
    /// What an hour costs.
    pub price: Option<f64>,
}

/// A cell that is not compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MissingCell {
    /// The workload's name.
    pub workload: String,
    /// The model's id.
    pub model: String,
    /// Where its number of workers comes from.
    pub workers_rule: String,
    /// The run that lacks it.
    pub place: usize,
    /// Why.
    pub reason: String,
    /// How it ended there; `null` where it was not measured, or is another work.
    pub status: Option<Status>,
}

/// Why runs are not compared.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AcrossRefusal {
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
    #[error("{}", fit::listed(.0))]
    Unlike(Vec<Objection>),
    /// They share no measured cell.
    #[error("the runs have no measured cell in common: measure the same workloads with the same settings")]
    NothingCommon,
}

/// Compares runs with the first of them.
///
/// # Errors
///
/// Fewer than two runs; runs that cannot be compared, unless [`AcrossOptions::anyway`]; nothing in common.
pub fn across(runs: &[Run], options: &AcrossOptions) -> Result<Across, AcrossRefusal> {
    if runs.len() < 2 {
        return Err(AcrossRefusal::TooFew { found: runs.len() });
    }
    if !options.prices.is_empty() && options.prices.len() != runs.len() {
        return Err(AcrossRefusal::Prices { prices: options.prices.len(), runs: runs.len() });
    }
    let places = places(runs, &options.prices);
    let objections = fit::objections(runs, &places);
    let fatal: Vec<_> = objections.iter().filter(|objection| objection.fatal()).cloned().collect();
    if !fatal.is_empty() && !options.anyway {
        return Err(AcrossRefusal::Unlike(fatal));
    }
    let (cells, missing) = contrast::cells(runs);
    if cells.is_empty() {
        return Err(AcrossRefusal::NothingCommon);
    }
    let regressions = regressions(&cells, options.threshold);
    Ok(Across {
        classes: classes(&cells),
        ranks: rank::ranks(runs, &cells),
        curves: scaling::curves(runs),
        regressions,
        threshold: options.threshold,
        places,
        objections,
        cells,
        missing,
    })
}

fn places(runs: &[Run], prices: &[Option<f64>]) -> Vec<Place> {
    let alike =
        |sheet: &Sheet, of: fn(&Sheet) -> &String| runs.iter().filter(|other| of(other) == of(run)).count() > 1;
    let name = |(index, run): (usize, &Sheet)| {
        let info = &run.run;
        match (alike(sheet, |run| &run.run.label), alike(sheet, |run| &run.run.started_utc)) {
            (false, _) => info.label.clone(),
            (true, false) => format!("{} ({})", info.label, info.started_utc),
            (true, true) => format!("{} #{}", info.label, index + 1),
        }
    };
    let price = |index: usize| prices.get(index).copied().flatten().filter(|price| *price > 0.0);
    runs.iter()
        .enumerate()
        .map(|(index, run)| Place {
            name: name((index, run)),
            id: run.run.id.clone(),
            cores: run.machine.cores,
            price: price(index),
        })
        .collect()
}

fn classes(cells: &[CellAcross]) -> Vec<ClassAcross> {
    [Class::Cpu, Class::Io, Class::Mixed, Class::Creation]
        .into_iter()
        .filter_map(|class| contrast::class(cells, class))
        .collect()
}

/// The cells whose whole interval lies above the threshold, and whose difference is one.
fn regressions(cells: &[CellAcross], threshold: f64) -> Vec<(usize, usize)> {
    let slower = |contrast: &Contrast| contrast.is_slower() && contrast.low > 1.0 + threshold;
    cells
        .iter()
        .enumerate()
        .flat_map(|(index, cell)| {
            let found = cell.contrasts.iter().enumerate().filter(|(_, contrast)| slower(contrast));
            found.map(move |(place, _)| (index, place + 1))
        })
        .collect()
}

/// Whether a cell was measured, as far as comparing goes.
fn is_measured(cell: &crate::record::SheetCell) -> bool {
    cell.status == Status::Ok && cell.summary.is_some()
}
