//! What is to be measured: definitions, validated into a matrix of cells.

mod builtin;
mod matrix;
mod wire;

use std::path::PathBuf;

use concbench_sys::read_at_most;
use concbench_workloads::{Class, Kernel};
use serde::{Deserialize, Serialize};

pub(crate) use builtin::default_definitions;
pub use matrix::Cores;

use crate::model::ModelInfo;
pub(crate) use crate::models::TaskSpec;

/// How many tasks a batch of a registered workload has, unless its definition says so.
const REGISTERED_TASKS: u64 = 64;
/// The most tasks that a batch may have: at 64 bytes each, their bookkeeping still fits into any memory.
pub const MOST_TASKS: u64 = 1_000_000;
/// The most workers that a cell may have.
pub const MOST_WORKERS: u64 = 4096;
/// The most workloads that a matrix may have.
pub const MOST_WORKLOADS: usize = 1000;
/// The most cells that a matrix may have.
pub const MOST_CELLS: usize = 10_000;
/// The longest that a task may wait, in nanoseconds: an hour, which no deadline lasts for.
const LONGEST_WAIT_NS: u64 = 3_600_000_000_000;
/// The most bytes that the files of a batch may take together.
const MOST_FILE_BYTES: u64 = 1 << 30;
/// The longest definition file that is read, in bytes.
const LONGEST_FILE: u64 = 4 << 20;
/// The longest id of a cell in bytes: criterion cuts longer names, and two cut names can be the same.
const LONGEST_ID: usize = 64;

/// What the id of an A/A twin has behind that of its cell.
pub(crate) const TWIN_MARK: &str = "+twin";

/// Why a matrix cannot be measured as it is defined.
#[derive(Debug, thiserror::Error)]
pub enum SpecError {
    /// A definition file cannot be read.
    #[error("cannot read the definition {path}: {source}")]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system answered.
        source: std::io::Error,
    },
    /// A definition file is not what it should be.
    #[error("{path}:{line}: {message}")]
    Parse {
        /// Which.
        path: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong, and where.
        message: String,
    },
    /// A field has a value that is not allowed.
    #[error("workload `{workload}`: {field}: {what}")]
    Field {
        /// Which workload.
        workload: String,
        /// Which field.
        field: &'static str,
        /// What is wrong, and what is allowed.
        what: String,
    },
    /// The filter is no regular expression.
    #[error("filter `{filter}`: {what}")]
    Filter {
        /// The filter.
        filter: String,
        /// What is wrong, in one line.
        what: String,
    },
}

/// How the workers of a model are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Workers {
    /// As many as the cores that this process may use.
    Cores,
    /// As many as the batch has tasks.
    Tasks,
    /// This many.
    Number(u64),
}

/// How many tasks make a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BatchSize {
    /// This many, on any machine.
    Tasks(u64),
    /// So many for each core.
    PerCore {
        /// How many.
        tasks: u64,
        /// The most tasks of a batch: where cores are so many that it would have more, each gets fewer, though at least
        /// one.
        most: Option<u64>,
    },
}

impl BatchSize {
    /// How many tasks that are on so many cores: as many for each core as for every other.
    pub fn on(self, cores: u64) -> u64 {
        match self {
            Self::Tasks(tasks) => tasks,
            Self::PerCore { tasks, most } => {
                let cores = cores.max(1);
                let affordable = most.map_or(tasks, |most| (most / cores).max(1));
                tasks.min(affordable).saturating_mul(cores)
            }
        }
    }
}

/// Which models a workload is measured under.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Models {
    /// Those of the default matrix.
    #[default]
    Default,
    /// All.
    All,
    /// These.
    Named(Vec<String>),
}

/// One workload as it is defined: validated by [`Spec::build`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Definition {
    /// Its name.
    pub name: String,
    /// The kernel with its parameters; `None` for a workload that was registered in code under this name.
    pub kernel: Option<Kernel>,
    /// What its tasks mostly do.
    pub class: Class,
    /// How many tasks make a batch.
    pub size: BatchSize,
    /// How many in a quick run, if fewer.
    pub quick_size: Option<BatchSize>,
    /// What the case teaches.
    pub teaches: String,
    /// Why it has this size.
    pub why_this_size: String,
    /// Its models.
    pub models: Models,
    /// The workers of models that are sized by them.
    pub workers: Vec<Workers>,
    /// The workers of pools, if others.
    pub pool_workers: Option<Vec<Workers>>,
    /// The model whose cell gets an A/A twin.
    pub twin: Option<String>,
    /// The models that are measured with 1, 2, 4, ... up to as many workers as cores.
    pub scaling: Vec<String>,
}

impl Definition {
    /// The same with the batches of a quick run.
    #[must_use]
    pub(crate) fn quick(self) -> Self {
        Self { size: self.quick_size.unwrap_or(self.size), ..self }
    }

    /// That of a workload that is registered in code: batches of 64 tasks under the models of the default matrix, pools
    /// with as many workers as cores and as tasks, a twin under `tokio-multi-thread`. What else it should be follows by
    /// the functions below.
    pub fn registered(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            kernel: None,
            class: Class::Mixed,
            size: BatchSize::Tasks(REGISTERED_TASKS),
            quick_size: None,
            teaches: "a workload of the user's".to_owned(),
            why_this_size: "as its bench file says".to_owned(),
            models: Models::Default,
            workers: vec![Workers::Cores],
            pool_workers: Some(vec![Workers::Cores, Workers::Tasks]),
            twin: Some("tokio-multi-thread".to_owned()),
            scaling: Vec::new(),
        }
    }

    /// The same with batches of so many tasks.
    #[must_use]
    pub fn tasks(self, tasks: u64) -> Self {
        Self { size: BatchSize::Tasks(tasks), ..self }
    }

    /// The same with batches of so many tasks for each core of the machine.
    #[must_use]
    pub fn tasks_per_core(self, tasks: u64) -> Self {
        Self { size: BatchSize::PerCore { tasks, most: None }, ..self }
    }

    /// The same with batches of so many tasks in a quick run.
    #[must_use]
    pub fn quick_tasks(self, tasks: u64) -> Self {
        Self { quick_size: Some(BatchSize::Tasks(tasks)), ..self }
    }

    /// The same under these models, by their ids, and no others.
    #[must_use]
    pub fn models<S: Into<String>>(self, ids: impl IntoIterator<Item = S>) -> Self {
        Self { models: Models::Named(ids.into_iter().map(Into::into).collect()), ..self }
    }

    /// The same with these numbers of workers, in each model that is sized by them.
    #[must_use]
    pub fn workers(self, workers: impl IntoIterator<Item = Workers>) -> Self {
        Self { workers: workers.into_iter().collect(), pool_workers: None, ..self }
    }

    /// The same with an A/A twin under the model with this id: what two identical cells differ by is noise.
    #[must_use]
    pub fn twin(self, id: &str) -> Self {
        Self { twin: Some(id.to_owned()), ..self }
    }

    /// The same with a scaling curve for each of these models.
    #[must_use]
    pub fn scaling<S: Into<String>>(self, ids: impl IntoIterator<Item = S>) -> Self {
        Self { scaling: ids.into_iter().map(Into::into).collect(), ..self }
    }
}

/// A workload of a validated matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkloadSpec {
    /// What it was made from.
    pub definition: Definition,
    /// How many tasks make a batch on the machine of the matrix.
    pub tasks: u64,
}

impl WorkloadSpec {
    pub(crate) fn task_spec(&self) -> TaskSpec {
        TaskSpec {
            name: self.definition.name.clone(),
            kernel: self.definition.kernel.clone(),
            trace: None,
            ..TaskSpec::default()
        }
    }

    /// About how long each task computes, in nanoseconds, as far as its kernel is known.
    pub(crate) fn about_compute_ns(&self) -> u64 {
        self.definition.kernel.as_ref().map_or(0, Kernel::about_compute_ns)
    }

    /// How long each task waits at least, in nanoseconds.
    pub fn wait_ns(&self) -> u64 {
        self.definition.kernel.as_ref().map_or(0, Kernel::wait_ns)
    }
}

/// One square of the matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct CellSpec {
    /// Its id.
    pub id: String,
    /// The position of its workload in [`Spec::workloads`].
    pub workload: usize,
    /// Its model.
    pub model: ModelInfo,
    /// How many workers the model has.
    pub workers: u64,
    /// Where that number comes from.
    pub workers_rule: String,
    /// How many of its tasks can wait at once.
    pub concurrency: u64,
    /// Whether it is an A/A twin.
    pub twin: bool,
    /// Whether it stands in the ranking, or only in the scaling chart.
    pub ranked: bool,
}

/// A validated matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec {
    /// What is measured.
    pub workloads: Vec<WorkloadSpec>,
    /// Under what.
    pub cells: Vec<CellSpec>,
}

impl Spec {
    /// The workload of a cell.
    pub fn workload_of(&self, cell: &CellSpec) -> &WorkloadSpec {
        &self.workloads[cell.workload]
    }

    /// Reads definitions from a file.
    ///
    /// # Errors
    ///
    /// With the file, the line and the key.
    pub fn read(path: &std::path::Path) -> Result<Vec<Definition>, SpecError> {
        if let Some(text) = path.to_str().and_then(builtin::shipped) {
            return Self::parse(&path.display().to_string(), text);
        }
        let read = read_at_most(path, LONGEST_FILE);
        let text = read.and_then(|bytes| String::from_utf8(bytes).map_err(std::io::Error::other));
        let text = text.map_err(|source| SpecError::Read { path: path.to_owned(), source })?;
        Self::parse(&path.display().to_string(), &text)
    }

    /// Reads definitions from a text; `path` is where it stands, for messages.
    ///
    /// # Errors
    ///
    /// With the path, the line and the key.
    pub fn parse(path: &str, text: &str) -> Result<Vec<Definition>, SpecError> {
        wire::parse(path, text)
    }

    /// Keeps the cells whose id `keep` accepts, with the twins of those cells, and the workloads that still have some.
    #[must_use]
    pub fn retain(mut self, keep: impl Fn(&str) -> bool) -> Self {
        self.cells.retain(|cell| keep(cell.id.trim_end_matches(TWIN_MARK)));
        let used: Vec<bool> =
            (0..self.workloads.len()).map(|w| self.cells.iter().any(|cell| cell.workload == w)).collect();
        for cell in &mut self.cells {
            cell.workload = used[..cell.workload].iter().filter(|&&used| used).count();
        }
        let mut used = used.into_iter();
        self.workloads.retain(|_| used.next().unwrap_or(false));
        self
    }
}

/// A filter as criterion understands it: a regular expression that may match anywhere in the id.
///
/// # Errors
///
/// When it is no regular expression.
pub fn parse_filter(filter: &str) -> Result<regex::Regex, SpecError> {
    regex::Regex::new(filter).map_err(|error| {
        let text = error.to_string();
        let what = text.lines().last().unwrap_or("not a regular expression").trim();
        SpecError::Filter {
            filter: concbench_text::one_line(filter),
            what: lower(what.trim_start_matches("error: ").trim_end_matches('.')),
        }
    })
}

/// A message of a library's as the end of a line of ours.
fn lower(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
