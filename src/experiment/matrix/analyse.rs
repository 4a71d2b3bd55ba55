//! From the observations of the matrix to verdicts.

use super::{Findings, Matrix, Setup, ideal};
use crate::batch::analyse::{answer, class_rankings, summarise};
use crate::batch::{BatchCell, BatchObservation, ModelTimer, Sheet, SheetCell};
use crate::experiment::complete::facts;
use crate::experiment::{Context, Experiment, MeasuredOf, RecordOf, kind};
use crate::record::{BlockNoise, CellRecord, Record, RunInfo};

/// What follows from the observations.
pub(super) fn analyse(measured: &MeasuredOf<Matrix>, context: &Context<'_>) -> Findings {
    let Context { run, machine, blocks, facts } = *context;
    let mut sheet = empty(&measured.setup, &measured.cells, machine.cores, run, blocks, &facts.timers);
    ideal::fill(&mut sheet);
    sheet.cells.iter_mut().for_each(summarise);
    answer(&mut sheet);
    let ideal = |cell: &SheetCell| Some((cell.id.clone(), cell.ideal_ns?));
    Findings {
        ideal_ns: sheet.cells.iter().filter_map(ideal).collect(),
        rankings: class_rankings(&sheet),
        comparisons: sheet.comparisons,
        verdicts: sheet.verdicts,
    }
}

/// The matrix of a record with all that follows from it; `None` where none was measured.
///
/// # Errors
///
/// When what stands there is none, in one line.
pub(crate) fn sheet_of(record: &Record) -> Result<Option<Sheet>, String> {
    let facts = facts(record)?;
    let typed = |raw| kind::typed::<Matrix, Findings>(raw, None);
    let matrix = record.experiments.get(Matrix::ID).map(typed).transpose()?;
    Ok(matrix.map(|matrix| sheet(&matrix, record, &facts.timers)))
}

/// The matrix with all that follows from it, as sections read it.
pub(super) fn sheet(record: &RecordOf<Matrix>, whole: &Record, timers: &[ModelTimer]) -> Sheet {
    let (cores, noise) = (whole.machine.cores, &whole.noise.blocks);
    let mut sheet = empty(&record.setup, &record.cells, cores, &whole.run, noise, timers);
    for cell in &mut sheet.cells {
        cell.ideal_ns = record.findings.ideal_ns.get(&cell.id).copied();
        summarise(cell);
    }
    sheet.comparisons.clone_from(&record.findings.comparisons);
    sheet.verdicts.clone_from(&record.findings.verdicts);
    sheet.rankings.clone_from(&record.findings.rankings);
    sheet
}

fn empty(
    setup: &Setup,
    cells: &[CellRecord<BatchCell, BatchObservation>],
    cores: u64,
    run: &RunInfo,
    noise: &[BlockNoise],
    timers: &[ModelTimer],
) -> Sheet {
    let criterion = |cell: &SheetCell| setup.criterion_median_ns.as_ref()?.get(&cell.id).copied();
    let cell = |cell| {
        let cell = SheetCell::of(cell);
        SheetCell { criterion_median_ns: criterion(&cell), ..cell }
    };
    Sheet {
        cores,
        blocks: run.blocks,
        margin: run.margin,
        workloads: setup.workloads.clone(),
        cells: cells.iter().map(cell).collect(),
        timers: timers.to_vec(),
        noise: noise.iter().filter(|block| block.experiment == Matrix::ID).cloned().collect(),
        comparisons: Vec::new(),
        verdicts: Vec::new(),
        rankings: Vec::new(),
    }
}
