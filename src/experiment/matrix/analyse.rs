//! From the observations of the matrix to verdicts.

use super::{Findings, Matrix, Setup, ideal};
use crate::batch::analyse::{answer, class_rankings, summarise, task_costs};
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
        task_costs: task_costs(&sheet),
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
    sheet.task_costs.clone_from(&record.findings.task_costs);
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
        task_costs: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::from_value;

    use crate::batch::analyse::{ClassRanking, Ranged, TaskCost};
    use crate::experiment::rehearsal::Rehearsal;
    use crate::model::Family;
    use crate::record::Record;
    use crate::spec::default_definitions;
    use concbench_workloads::Class;

    const BATCH_NS: f64 = 40_000.0;
    const TASK_NS: f64 = 300.0;

    fn creation(seed: u64, noise: f64) -> Record {
        let definitions = default_definitions().into_iter().filter(|one| one.class == Class::Creation);
        let truth = |_: &str, work: &crate::runner::Work| BATCH_NS + TASK_NS * work.tasks as f64;
        Rehearsal { noise, truth, ..Rehearsal::new(seed) }.run(definitions.collect())
    }

    fn task_costs(record: &Record) -> Vec<TaskCost> {
        from_value(record.experiments["matrix"].findings["task_costs"].clone()).expect("task_costs")
    }

    #[test]
    fn a_task_and_a_batch_have_their_costs_back() {
        let record = creation(1, 0.0);
        let task_costs = task_costs(&record);
        let models = ["sequential", "process-pool", "thread-spawn", "rayon", "tokio-multi-thread", "smol"];
        for model in models {
            let cost = task_costs.iter().find(|cost| cost.model == model).expect(model);
            assert!((cost.task_ns.estimate / TASK_NS - 1.0).abs() < 1e-3, "{cost:?}");
            assert!((cost.batch_ns.estimate / BATCH_NS - 1.0).abs() < 1e-2, "{cost:?}");
        }
        assert!(
            task_costs
                .iter()
                .all(|cost| cost.few.starts_with("noop/") && cost.many.starts_with("noop-many/"))
        );
    }

    #[test]
    fn the_intervals_of_costs_cover_the_truth() {
        let covers = |of: &Ranged, truth: f64| of.low.unwrap() <= truth && truth <= of.high.unwrap();
        let all: Vec<TaskCost> = (0..20).flat_map(|seed| task_costs(&creation(seed, 0.02))).collect();
        assert!(all.len() >= 160, "{}", all.len());
        for (what, covered) in [
            ("task", all.iter().filter(|cost| covers(&cost.task_ns, TASK_NS)).count()),
            ("batch", all.iter().filter(|cost| covers(&cost.batch_ns, BATCH_NS)).count()),
        ] {
            let share = covered as f64 / all.len() as f64;
            assert!((0.9..=0.99).contains(&share), "{what}: {share}");
        }
    }

    #[test]
    fn a_second_size_of_tasks_that_do_nothing_ranks_nobody_and_drops_nobody() {
        let record = creation(1, 0.0);
        let rankings = record.experiments["matrix"].findings["rankings"].clone();
        let rankings: Vec<ClassRanking> = from_value(rankings).expect("rankings");
        let [creation] = &rankings[..] else { panic!("one class") };
        assert_eq!(creation.workloads, ["noop"]);
        assert!(creation.models.iter().any(|model| model.family == Family::Processes));
    }
}
