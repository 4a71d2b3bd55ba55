//! The granularity sweep: which sizes a task has, and which models carry which of them. The sweep is made of ordinary
//! workloads, so it is measured in the same randomised blocks as the matrix; only its record stands apart.

use std::collections::HashSet;
use std::io::Write;
use std::time::Duration;

use concbench_workloads::{Class, Count, Kernel};

use super::CampaignError;
use crate::machine;
use crate::model::{Family, ModelInfo};
use crate::plan::Slot;
use crate::record::{Granularity, Run, Track};
use crate::runner::process::Silence;
use crate::runner::schedule::Launcher;
use crate::runner::supervisor::Supervisor;
use crate::spec::{Definition, GRAIN, MOST_TASKS, Models, Spec, Workers};

/// The sizes of a task, in microseconds, ascending: four to a step. From where the lightest pools are lost in their own
/// overhead to where even a process for each task is worth its price.
const SIZES_US: [f64; 9] = [0.25, 1.0, 4.0, 16.0, 64.0, 256.0, 1_000.0, 4_000.0, 10_000.0];
/// How long a batch takes that uses all cores without loss.
const BATCH: Duration = Duration::from_millis(30);
/// The fewest tasks of each core: with fewer, how they fall on the cores would decide.
const FEWEST_PER_CORE: f64 = 3.0;
/// The share of the peak below which smaller tasks of a model are not measured any more: METG is read off at one half.
const HOPELESS: f64 = 0.2;
/// How far the calibration counts in each task, and how many tasks and batches it has: a few milliseconds in all.
const CALIBRATION: (u64, u64, u32) = (1_000_000, 4, 5);
/// The model whose cell gets an A/A twin, so that each size has a noise floor.
const TWIN: &str = "tokio-multi-thread";

/// The workloads of the sweep, with sizes that hold on this machine, each with the models that can carry it.
///
/// # Errors
///
/// When the baseline cannot be timed, or a signal asks for the end.
pub(crate) fn sweep(
    models: &[ModelInfo],
    all: bool,
    track: Track,
    deadline: Duration,
    quiet: bool,
) -> Result<Vec<Definition>, CampaignError> {
    if !quiet {
        // A closed standard error must not end a run.
        let _ = writeln!(std::io::stderr(), "concbench: calibrating {} task sizes", SIZES_US.len());
    }
    let mut supervisor = Supervisor::new(track).map_err(CampaignError::Supervise)?;
    let carried = models.iter().filter(|model| model.default || all).copied().collect();
    let sweep = Sweep { models: carried, cores: machine::facts().cores, deadline };
    let grains = sweep.grains(&mut supervisor);
    match supervisor.interrupted_by() {
        Some(signal) => Err(CampaignError::Interrupted(signal)),
        None => grains,
    }
}

struct Sweep {
    models: Vec<ModelInfo>,
    cores: u64,
    deadline: Duration,
}

impl Sweep {
    fn grains(&self, launcher: &mut impl Launcher) -> Result<Vec<Definition>, CampaignError> {
        let step_ns = self.step_ns(launcher)?;
        let mut grains: Vec<Definition> = SIZES_US.iter().map(|&size| self.grain(size, step_ns)).collect();
        let spec = self.spec(grains.clone())?;
        for model in &self.models {
            let from = self.smallest_carried(launcher, &spec, model);
            for grain in &mut grains[from..] {
                if let Models::Named(names) = &mut grain.models {
                    names.push(model.id.to_owned());
                }
            }
        }
        for grain in &mut grains {
            let Models::Named(names) = &grain.models else { continue };
            grain.twin = names.iter().find(|&name| name == TWIN).cloned();
        }
        Ok(grains)
    }

    fn spec(&self, definitions: Vec<Definition>) -> Result<Spec, CampaignError> {
        let all = definitions.into_iter().map(|one| Definition { models: Models::Default, ..one });
        Ok(Spec::build(all.collect(), &self.models, true, self.cores)?)
    }

    /// How long it takes to count by one, in nanoseconds: the best of several batches, since nothing makes one faster
    /// than it is.
    fn step_ns(&self, launcher: &mut impl Launcher) -> Result<f64, CampaignError> {
        let (n, tasks, batches) = CALIBRATION;
        let mut definition = definition("calibration", n, tasks);
        let baseline = self.models.iter().find(|model| model.family == Family::Baseline);
        let Some(baseline) = baseline else {
            return Err(CampaignError::Calibration("there is no baseline among the models".to_owned()));
        };
        definition.models = Models::Named(vec![baseline.id.to_owned()]);
        let spec = Spec::build(vec![definition], &self.models, true, self.cores)?;
        match launcher.observe(&spec, Slot { cell: 0, padding: 0 }, batches, self.deadline) {
            Ok(measured) => {
                let best = measured.phases.warm_ns.into_iter().min().unwrap_or(measured.phases.cold_ns);
                Ok(best.max(1) as f64 / (n * tasks) as f64)
            }
            Err(Silence::Failure(failure)) => Err(CampaignError::Calibration(failure.reason)),
            Err(Silence::Interrupted) => Err(CampaignError::Calibration("it was interrupted".to_owned())),
        }
    }

    fn grain(&self, size_us: f64, step_ns: f64) -> Definition {
        let size_ns = 1_000.0 * size_us;
        let per_core = (BATCH.as_nanos() as f64 / size_ns).round().max(FEWEST_PER_CORE);
        let most = MOST_TASKS - MOST_TASKS % self.cores;
        let tasks = (per_core as u64).saturating_mul(self.cores).min(most);
        let steps = (size_ns / step_ns).round().max(1.0);
        definition(&format!("{GRAIN}{}", size_name(size_us)), steps as u64, tasks)
    }

    /// The position of the smallest size that a model is measured at. Coming down from the largest tasks, a batch of
    /// each is tried; the first size at which hardly any of the peak is left is the last that is worth its time.
    fn smallest_carried(&self, launcher: &mut impl Launcher, spec: &Spec, model: &ModelInfo) -> usize {
        let largest = spec.workloads.len() - 1;
        if model.family == Family::Baseline {
            return 0;
        }
        for size in (0..=largest).rev() {
            let of_model = |cell: &crate::spec::CellSpec| cell.workload == size && cell.model.id == model.id;
            let Some(cell) = spec.cells.iter().position(of_model) else { continue };
            let tasks = spec.workloads[size].definition.tasks;
            match launcher.observe(spec, Slot { cell, padding: 0 }, 0, self.deadline) {
                Ok(measured) => {
                    let batch_ns = measured.phases.cold_ns as f64;
                    let task_ns = 1_000.0 * SIZES_US[size];
                    if crate::analyse::efficiency(batch_ns, tasks, task_ns, self.cores) < HOPELESS {
                        return size;
                    }
                }
                // The largest size stays in, so that the record says what is wrong with the model.
                Err(_) => return (size + 1).min(largest),
            }
        }
        0
    }
}

fn definition(name: &str, n: u64, tasks: u64) -> Definition {
    Definition {
        name: name.to_owned(),
        kernel: Some(Kernel::Count(Count { n })),
        class: Class::Cpu,
        tasks,
        quick_tasks: None,
        teaches: "How much of the machine is left for the work when tasks have this size.".to_owned(),
        why_this_size: "A step of the granularity sweep, calibrated on this machine.".to_owned(),
        models: Models::Named(Vec::new()),
        workers: vec![Workers::Cores],
        pool_workers: None,
        twin: None,
        scaling: Vec::new(),
    }
}

/// `250ns`, `16us`, `4ms`.
fn size_name(size_us: f64) -> String {
    match size_us {
        size if size < 1.0 => format!("{}ns", 1_000.0 * size),
        size if size < 1_000.0 => format!("{size}us"),
        size => format!("{}ms", size / 1_000.0),
    }
}

/// The baselines of the sizes of which a filter keeps something: without its baseline no size is calibrated.
pub(super) fn baselines(spec: &Spec, keeps: impl Fn(&str) -> bool) -> HashSet<String> {
    let grain = |cell: &&crate::spec::CellSpec| spec.workload_of(cell).definition.is_grain();
    let kept: HashSet<usize> =
        spec.cells.iter().filter(grain).filter(|cell| keeps(&cell.id)).map(|cell| cell.workload).collect();
    let baseline = |cell: &&crate::spec::CellSpec| cell.model.family == Family::Baseline;
    let of_kept = spec.cells.iter().filter(|cell| kept.contains(&cell.workload));
    of_kept.filter(baseline).map(|cell| cell.id.clone()).collect()
}

/// Takes the sweep out of the matrix of a record; `None` if there was none.
pub(super) fn section(spec: &Spec, run: &mut Run) -> Option<Granularity> {
    let grains: HashSet<&str> = spec
        .workloads
        .iter()
        .map(|workload| &workload.definition)
        .filter(|definition| definition.is_grain())
        .map(|definition| definition.name.as_str())
        .collect();
    let workloads: Vec<_> =
        run.workloads.extract_if(.., |workload| grains.contains(&*workload.name)).collect();
    let cells = run.cells.extract_if(.., |cell| grains.contains(&*cell.workload)).collect();
    (!workloads.is_empty()).then(|| Granularity {
        workloads,
        cells,
        comparisons: Vec::new(),
        verdicts: Vec::new(),
        models: Vec::new(),
        regions: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::rehearsal::rehearse;
    use crate::model::{BuiltIn, Catalogue, Digest};
    use crate::runner::protocol::Phases;
    use crate::runner::schedule::Measured;
    use crate::runner::schedule::mock::broken;

    /// A machine on which counting by one takes 2 ns and each task costs its model something.
    struct Machine {
        overhead_ns: fn(&str) -> Option<f64>,
        batches: Vec<String>,
    }

    const STEP_NS: f64 = 2.0;
    const CORES: u64 = 4;

    impl Launcher for Machine {
        fn observe(&mut self, spec: &Spec, slot: Slot, warm: u32, _: Duration) -> Result<Measured, Silence> {
            let cell = &spec.cells[slot.cell];
            let definition = &spec.workload_of(cell).definition;
            self.batches.push(cell.id.clone());
            let Some(Kernel::Count(Count { n })) = definition.kernel else { panic!("the sweep counts") };
            let cores = if cell.model.family == Family::Baseline { 1.0 } else { CORES as f64 };
            let Some(overhead) = (self.overhead_ns)(cell.model.id) else { return Err(broken()) };
            let batch = definition.tasks as f64 * (STEP_NS * n as f64 + overhead) / cores;
            let phases = Phases {
                startup_ns: 0,
                cold_ns: batch as u64,
                warm_ns: vec![batch as u64; warm as usize],
                probe_ns: 0,
                shutdown_ns: 0,
                wall_ns: batch as u64,
                peak_rss_bytes: Ok(1),
                digest: Digest::default(),
            };
            Ok(Measured { phases, usage: None })
        }

        fn take_notes(&mut self) -> Vec<String> {
            Vec::new()
        }
    }

    fn grains(overhead_ns: fn(&str) -> Option<f64>) -> (Vec<Definition>, Vec<String>) {
        let models = BuiltIn::infos().into_iter().filter(|model| model.default).collect();
        let sweep = Sweep { models, cores: CORES, deadline: Duration::from_secs(1) };
        let mut machine = Machine { overhead_ns, batches: Vec::new() };
        (sweep.grains(&mut machine).expect("the baseline works"), machine.batches)
    }

    fn sizes_of(grains: &[Definition], model: &str) -> Vec<String> {
        let carries = |grain: &&Definition| match &grain.models {
            Models::Named(names) => names.iter().any(|name| name == model),
            _ => false,
        };
        grains.iter().filter(carries).map(|grain| grain.name.clone()).collect()
    }

    #[test]
    fn sizes_are_calibrated_and_batches_fill_every_core_alike() {
        let (grains, _) = grains(|_| Some(0.0));
        assert_eq!(grains.len(), SIZES_US.len());
        for (grain, size_us) in grains.iter().zip(SIZES_US) {
            assert_eq!(grain.kernel, Some(Kernel::Count(Count { n: (1_000.0 * size_us / STEP_NS) as u64 })));
            assert_eq!(grain.tasks % CORES, 0, "{}", grain.name);
            let batch_ms = grain.tasks as f64 * size_us / 1_000.0 / CORES as f64;
            assert!((28.0..=32.0).contains(&batch_ms), "{}: {batch_ms} ms", grain.name);
            assert!(grain.is_grain());
        }
        assert_eq!(grains[0].name, "grain-250ns");
        assert_eq!(grains[8].name, "grain-10ms");
    }

    #[test]
    fn a_model_is_left_out_below_the_size_at_which_it_is_lost() {
        let (grains, batches) = grains(|model| match model {
            // 20 % of the peak are left at 275 us.
            "process-spawn" => Some(1_100_000.0),
            "thread-spawn" => None,
            _ => Some(0.0),
        });
        assert_eq!(
            sizes_of(&grains, "process-spawn"),
            ["grain-256us", "grain-1ms", "grain-4ms", "grain-10ms"]
        );
        assert_eq!(sizes_of(&grains, "thread-spawn"), ["grain-10ms"], "its failure stays visible");
        assert_eq!(sizes_of(&grains, "rayon").len(), SIZES_US.len());
        assert_eq!(sizes_of(&grains, "sequential").len(), SIZES_US.len());
        assert!(!batches.iter().any(|id| id.starts_with("grain-64us/process-spawn")), "it was tried in vain");
    }

    #[test]
    fn a_model_that_adds_ten_microseconds_to_every_task_has_that_granularity() {
        const OVERHEAD_NS: f64 = 10_000.0;
        let overhead = |model: &str| Some(if model == "sequential" { 0.0 } else { OVERHEAD_NS });
        let (grains, _) = grains(overhead);
        let spec = Spec::build(grains, &BuiltIn::infos(), false, CORES).unwrap();
        let mut machine = Machine { overhead_ns: overhead, batches: Vec::new() };
        let run = rehearse(&spec, 1, CORES, &mut machine);
        assert!(run.cells.is_empty(), "the sweep stands apart from the matrix");
        let models = run.granularity.expect("a sweep was measured").models;
        assert!(models.len() > 10, "{models:?}");
        for found in models {
            let metg = found.metg.unwrap_or_else(|| panic!("{}: {:?}", found.model, found.refusal)).task_ns;
            assert!((metg / OVERHEAD_NS - 1.0).abs() <= 0.10, "{}: {metg} ns", found.model);
        }
    }

    #[test]
    fn without_a_baseline_there_is_no_sweep() {
        let models = BuiltIn::infos();
        let sweep = Sweep { models, cores: CORES, deadline: Duration::from_secs(1) };
        let mut machine = Machine { overhead_ns: |_| None, batches: Vec::new() };
        assert!(matches!(sweep.grains(&mut machine), Err(CampaignError::Calibration(_))));
    }

    #[test]
    fn a_filter_keeps_the_baselines_of_the_sizes_that_it_keeps() {
        let (grains, _) = grains(|_| Some(0.0));
        let spec = Spec::build(grains, &BuiltIn::infos(), false, CORES).unwrap();
        let kept = baselines(&spec, |id| id.starts_with("grain-1us/rayon"));
        assert_eq!(kept, HashSet::from(["grain-1us/sequential@1".to_owned()]));
        assert!(baselines(&spec, |id| id.starts_with("sleep")).is_empty());
    }
}
