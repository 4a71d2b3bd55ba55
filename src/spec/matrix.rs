//! From definitions to cells.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use concbench_server::{LONGEST_BODY, LONGEST_DELAY};
use concbench_workloads::http::LONGEST_DELAY_IN_MEANS;
use concbench_workloads::{Http, Kernel};

use super::{
    BatchSize, CellSpec, Definition, LONGEST_ID, LONGEST_WAIT_NS, MOST_CELLS, MOST_FILE_BYTES, MOST_TASKS,
    MOST_WORKERS, MOST_WORKLOADS, Models, Spec, SpecError, TWIN_MARK, Workers, WorkloadSpec,
};
use crate::model::{Family, ModelInfo, Sizing, Waiting};
use concbench_text::one_line;

/// The most models that a definition may name, and the most counts of workers for each.
const MOST_MODELS: usize = 256;
const MOST_RULES: usize = 64;
/// The shapes of a tail that are allowed: below, hardly anything but what is cut off would make the mean.
const TAILS: RangeInclusive<f64> = 1.2..=10.0;

impl Spec {
    /// Validates definitions and lays out their cells for a machine with these cores, or so many that are all alike;
    /// `all` adds the models that are not in the default matrix wherever a definition names none.
    ///
    /// # Errors
    ///
    /// The first field with a value that is not allowed.
    pub fn build(
        definitions: Vec<Definition>,
        models: &[ModelInfo],
        all: bool,
        cores: impl Into<Cores>,
    ) -> Result<Self, SpecError> {
        let cores = cores.into();
        let mut names = HashSet::new();
        let mut spec = Self { workloads: Vec::new(), cells: Vec::new() };
        for definition in definitions {
            check(&definition)?;
            if !names.insert(definition.name.clone()) {
                return Err(field(
                    &definition,
                    "name",
                    "stands there twice; every workload needs its own".to_owned(),
                ));
            }
            let tasks = definition.size.on(cores.all);
            if tasks > MOST_TASKS {
                let what =
                    format!("on {} cores they are {tasks} tasks, up to {MOST_TASKS} are allowed", cores.all);
                return Err(field(&definition, "tasks-per-core", what));
            }
            let workload = spec.workloads.len();
            let builder = Builder { definition: &definition, tasks, models, all, cores, workload };
            spec.cells.extend(builder.cells()?);
            if spec.cells.len() > MOST_CELLS || spec.workloads.len() == MOST_WORKLOADS {
                let what = format!(
                    "with it the matrix has {} cells of {} workloads, {MOST_CELLS} of {MOST_WORKLOADS} are allowed",
                    spec.cells.len(),
                    spec.workloads.len() + 1
                );
                return Err(field(&definition, "models", what));
            }
            spec.workloads.push(WorkloadSpec { definition, tasks });
        }
        Ok(spec)
    }
}

impl CellSpec {
    /// The same cell again, as its A/A twin.
    pub(crate) fn twin(&self) -> Self {
        Self { id: format!("{}{TWIN_MARK}", self.id), twin: true, ..self.clone() }
    }
}

fn field(definition: &Definition, field: &'static str, what: String) -> SpecError {
    SpecError::Field { workload: one_line(&definition.name), field, what: one_line(what) }
}

fn check(definition: &Definition) -> Result<(), SpecError> {
    let name = &definition.name;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || name.len() > 32 || !name.chars().all(plain) {
        let what = "1 to 32 characters out of a-z, 0-9 and `-` are allowed".to_owned();
        return Err(field(definition, "name", what));
    }
    let pool_workers = definition.pool_workers.as_ref();
    for (name, entries, most) in [
        ("models", named(&definition.models).len(), MOST_MODELS),
        ("scaling", definition.scaling.len(), MOST_MODELS),
        ("workers", definition.workers.len(), MOST_RULES),
        ("pool-workers", pool_workers.map_or(0, Vec::len), MOST_RULES),
    ] {
        if entries > most {
            let what = format!("{entries} entries are not allowed, up to {most} are");
            return Err(field(definition, name, what));
        }
    }
    let (size, quick) = (definition.size, definition.quick_size);
    for (name, number) in [("tasks", Some(size)), ("quick-tasks", quick)].into_iter().flat_map(numbers) {
        if !(1..=MOST_TASKS).contains(&number) {
            let what = format!("{number} is not allowed, 1 to {MOST_TASKS} are");
            return Err(field(definition, name, what));
        }
    }
    let wait_ns = definition.kernel.as_ref().map_or(0, Kernel::wait_ns);
    if wait_ns > LONGEST_WAIT_NS {
        let what = format!("a task waits {wait_ns} ns, up to {LONGEST_WAIT_NS} are allowed");
        return Err(field(definition, "kernel", what));
    }
    if let Some(kernel) = &definition.kernel {
        check_files(definition, kernel)?;
    }
    if let Some(Kernel::Http(Http { delay_tail: Some(shape), .. })) = &definition.kernel
        && !TAILS.contains(shape)
    {
        let what = format!("{shape} is not allowed, {} to {} are", TAILS.start(), TAILS.end());
        return Err(field(definition, "delay_tail", what));
    }
    if let Some(Kernel::Http(Http { path: None, delay_us, body_bytes, delay_tail, .. })) = &definition.kernel
    {
        // What concbench's own server answers.
        let mut longest = LONGEST_DELAY.as_micros();
        if delay_tail.is_some() {
            longest /= u128::from(LONGEST_DELAY_IN_MEANS);
        }
        if u128::from(*delay_us) > longest {
            let what = format!("{delay_us} is not allowed, up to {longest} are");
            return Err(field(definition, "delay_us", what));
        }
        if *body_bytes > LONGEST_BODY {
            let what = format!("{body_bytes} is not allowed, up to {LONGEST_BODY} are");
            return Err(field(definition, "body_bytes", what));
        }
    }
    if let Some(Kernel::Http(Http { path: Some(path), .. })) = &definition.kernel
        && !(path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic()))
    {
        let what = format!("the path {path:?} is not allowed, `/` and visible ASCII characters are");
        return Err(field(definition, "kernel", what));
    }
    Ok(())
}

/// Refuses files that would fill a disk, and a folder that is none of ours to name.
fn check_files(definition: &Definition, kernel: &Kernel) -> Result<(), SpecError> {
    if kernel.about_file_bytes() > 0 && !kernel.needs_files() {
        let what = "the files are made for the run, and `folder` is not allowed";
        return Err(field(definition, "kernel", what.to_owned()));
    }
    let most = match definition.size {
        BatchSize::Tasks(tasks) => tasks,
        BatchSize::PerCore { tasks, most } => most.unwrap_or(tasks.saturating_mul(MOST_WORKERS)),
    };
    let bytes = kernel.about_file_bytes().saturating_mul(most);
    match bytes > MOST_FILE_BYTES {
        true => {
            let what = format!("its files take about {bytes} bytes, up to {MOST_FILE_BYTES} are allowed");
            Err(field(definition, "kernel", what))
        }
        false => Ok(()),
    }
}

/// The numbers of a size, each with the key that it stands at.
fn numbers((key, size): (&'static str, Option<BatchSize>)) -> Vec<(&'static str, u64)> {
    match size {
        None => Vec::new(),
        Some(BatchSize::Tasks(tasks)) => vec![(key, tasks)],
        Some(BatchSize::PerCore { tasks, most }) => {
            let per_core = if key == "tasks" { "tasks-per-core" } else { "quick-tasks-per-core" };
            [Some((per_core, tasks)), most.map(|most| ("most-tasks", most))].into_iter().flatten().collect()
        }
    }
}

fn named(models: &Models) -> &[String] {
    match models {
        Models::Default | Models::All => &[],
        Models::Named(names) => names,
    }
}

struct Builder<'a> {
    definition: &'a Definition,
    tasks: u64,
    models: &'a [ModelInfo],
    all: bool,
    cores: Cores,
    workload: usize,
}

impl Builder<'_> {
    fn cells(&self) -> Result<Vec<CellSpec>, SpecError> {
        let mut cells: Vec<CellSpec> = Vec::new();
        for model in self.chosen()? {
            for &rule in self.rules(&model) {
                let cell = self.cell(model, rule, true)?;
                if cells.iter().all(|other| other.id != cell.id) {
                    cells.push(cell);
                }
            }
        }
        self.add_twin(&mut cells)?;
        self.add_scaling(&mut cells)?;
        match cells.iter().find(|cell| cell.id.len() > LONGEST_ID) {
            Some(cell) => {
                let what = format!("the id `{}` is longer than {LONGEST_ID} bytes", cell.id);
                Err(field(self.definition, "name", what))
            }
            None => Ok(cells),
        }
    }

    fn chosen(&self) -> Result<Vec<ModelInfo>, SpecError> {
        match &self.definition.models {
            Models::Default => {
                Ok(self.models.iter().filter(|model| model.default || self.all).copied().collect())
            }
            Models::All => Ok(self.models.to_vec()),
            Models::Named(names) => names.iter().map(|name| self.model(name, "models")).collect(),
        }
    }

    fn model(&self, id: &str, field_name: &'static str) -> Result<ModelInfo, SpecError> {
        self.models.iter().find(|model| model.id == id).copied().ok_or_else(|| {
            let known: Vec<_> = self.models.iter().map(|model| model.id).collect();
            field(
                self.definition,
                field_name,
                format!("unknown model `{id}`; there are {}", known.join(", ")),
            )
        })
    }

    fn rules(&self, model: &ModelInfo) -> &[Workers] {
        match (model.family, &self.definition.pool_workers) {
            (Family::Pools, Some(rules)) => rules,
            _ => &self.definition.workers,
        }
    }

    fn cell(&self, model: ModelInfo, rule: Workers, ranked: bool) -> Result<CellSpec, SpecError> {
        let tasks = self.tasks;
        let (workers, workers_rule) = match (model.sizing, rule) {
            (Sizing::One, _) => (1, "1".to_owned()),
            (Sizing::PerTask, _) | (Sizing::Workers, Workers::Tasks) => (tasks, "tasks".to_owned()),
            (Sizing::Workers, Workers::Cores) => (self.cores.all, "cores".to_owned()),
            (Sizing::Workers, Workers::Number(number)) => (number, number.to_string()),
        };
        if model.sizing == Sizing::Workers && !(1..=MOST_WORKERS).contains(&workers) {
            let what = format!("{workers} is not allowed for {}, 1 to {MOST_WORKERS} are", model.id);
            return Err(field(self.definition, "workers", what));
        }
        let concurrency = match model.waiting {
            Waiting::Workers => workers.min(tasks),
            Waiting::Tasks => tasks,
        };
        let id = format!("{}/{}@{workers}", self.definition.name, model.id);
        let workload = self.workload;
        Ok(CellSpec { id, workload, model, workers, workers_rule, concurrency, twin: false, ranked })
    }

    fn add_twin(&self, cells: &mut Vec<CellSpec>) -> Result<(), SpecError> {
        let Some(id) = &self.definition.twin else {
            return Ok(());
        };
        self.model(id, "twin")?;
        let Some(base) = cells.iter().find(|cell| cell.model.id == id) else {
            return Err(field(
                self.definition,
                "twin",
                format!("`{id}` is not among the models of this workload"),
            ));
        };
        cells.push(base.twin());
        Ok(())
    }

    fn add_scaling(&self, cells: &mut Vec<CellSpec>) -> Result<(), SpecError> {
        for id in &self.definition.scaling {
            let model = self.model(id, "scaling")?;
            if model.sizing != Sizing::Workers {
                let what = format!("`{id}` has no number of workers to vary");
                return Err(field(self.definition, "scaling", what));
            }
            for workers in self.cores.sweep(self.tasks) {
                let cell = self.cell(model, Workers::Number(workers), false)?;
                if cells.iter().all(|other| other.id != cell.id) {
                    cells.push(cell);
                }
            }
        }
        Ok(())
    }
}

/// The cores of a machine, as far as workers are counted by them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cores {
    /// As many as may be used.
    pub all: u64,
    /// As many as there are in metal, where some of `all` share one.
    pub physical: Option<u64>,
    /// The CPU quota, in cores.
    pub quota: Option<f64>,
}

impl From<u64> for Cores {
    fn from(all: u64) -> Self {
        Self { all, physical: None, quota: None }
    }
}

impl Cores {
    /// The worker counts of a scaling curve: the powers of two up to the cores, and the counts at which a curve may bend:
    /// the cores, the physical ones and the quota. None beyond the cores, where the limit is the machine and not the
    /// model, and none that would leave a worker without a task.
    fn sweep(self, tasks: u64) -> Vec<u64> {
        let powers = (0..u64::BITS).map(|octave| 1 << octave).take_while(|&workers| workers < self.all);
        let quota = self.quota.map(|quota| quota.round() as u64);
        let mut sweep: Vec<u64> = powers.chain([self.all]).chain(self.physical).chain(quota).collect();
        sweep.retain(|workers| (1..=self.all.min(tasks)).contains(workers));
        sweep.sort_unstable();
        sweep.dedup();
        sweep
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{BuiltIn, Catalogue};
    use crate::spec::default_definitions;

    fn default_matrix(cores: u64) -> Spec {
        Spec::build(default_definitions(), &BuiltIn::infos(), false, cores).unwrap()
    }

    #[test]
    fn a_sweep_has_the_powers_of_two_and_where_a_curve_may_bend() {
        let sweep = |cores: u64| Cores::from(cores).sweep(1000);
        assert_eq!(sweep(1), [1]);
        assert_eq!(sweep(2), [1, 2]);
        assert_eq!(sweep(9), [1, 2, 4, 8, 9]);
        assert_eq!(sweep(128), [1, 2, 4, 8, 16, 32, 64, 128]);
        let cores = Cores { all: 96, physical: Some(48), quota: Some(80.2) };
        assert_eq!(cores.sweep(1000), [1, 2, 4, 8, 16, 32, 48, 64, 80, 96]);
        assert_eq!(Cores { quota: Some(0.5), ..cores }.sweep(4), [1, 2, 4]);
    }

    #[test]
    fn no_worker_of_a_sweep_is_without_a_task() {
        assert_eq!(Cores::from(64).sweep(24), [1, 2, 4, 8, 16]);
        assert_eq!(Cores::from(64).sweep(1), [1]);
    }

    #[test]
    fn each_core_has_as_many_tasks_as_every_other_and_most_is_kept() {
        let size = BatchSize::PerCore { tasks: 24, most: Some(512) };
        for (cores, tasks) in [(1, 24), (2, 48), (16, 384), (24, 504), (64, 512), (128, 512), (1000, 1000)] {
            assert_eq!(size.on(cores), tasks, "{cores} cores");
        }
        assert_eq!(BatchSize::PerCore { tasks: 3, most: None }.on(100), 300);
        assert_eq!(BatchSize::Tasks(7).on(100), 7);
    }

    #[test]
    fn a_size_that_is_not_allowed_is_named_with_its_key() {
        let refused = |size: BatchSize, cores: u64| {
            let definition = Definition { size, ..Definition::registered("own") };
            Spec::build(vec![definition], &BuiltIn::infos(), false, cores).unwrap_err().to_string()
        };
        let per_core = |tasks, most| BatchSize::PerCore { tasks, most };
        assert!(refused(BatchSize::Tasks(0), 2).contains("own`: tasks: 0 is not allowed"));
        assert!(refused(per_core(0, None), 2).contains("own`: tasks-per-core: 0 is not allowed"));
        assert!(refused(per_core(1, Some(0)), 2).contains("own`: most-tasks: 0 is not allowed"));
        assert!(refused(per_core(600_000, None), 2).contains("on 2 cores they are 1200000 tasks"));
    }

    #[test]
    fn ids_are_unique_and_fit_criterion_on_any_machine() {
        for cores in [1, 2, 3, 64, 512] {
            let spec = default_matrix(cores);
            let ids: HashSet<_> = spec.cells.iter().map(|cell| &cell.id).collect();
            assert_eq!(ids.len(), spec.cells.len());
            assert!(ids.iter().all(|id| id.len() <= LONGEST_ID));
        }
    }

    #[test]
    fn pools_appear_twice_where_tasks_wait() {
        let spec = default_matrix(2);
        let has = |id: &str| spec.cells.iter().any(|cell| cell.id == id);
        assert!(has("sleep/thread-pool@2") && has("sleep/thread-pool@64"));
        assert!(has("factorial/rayon@1") && has("factorial/tokio-multi-thread@2+twin"));
    }

    #[test]
    fn a_filter_keeps_the_twin_with_its_cell_and_drops_empty_workloads() {
        let spec = default_matrix(2).retain(|id| id.starts_with("sleep/tokio"));
        assert_eq!(spec.workloads.len(), 1);
        assert!(spec.cells.iter().all(|cell| cell.workload == 0));
        assert_eq!(spec.cells.iter().filter(|cell| cell.twin).count(), 1);
    }
}
