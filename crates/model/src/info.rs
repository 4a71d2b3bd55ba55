use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A kind of concurrency model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// One after the other: the root of every ratio.
    Baseline,
    /// An operating-system process for each task.
    Processes,
    /// A thread for each task.
    Threads,
    /// A fixed number of workers that share the tasks.
    Pools,
    /// Tasks that give the thread back while they wait.
    Coroutines,
    /// Two of the above at once.
    Hybrids,
}

/// What decides how many workers a model has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sizing {
    /// It has one, whatever is asked for.
    One,
    /// It has one for each task of the batch.
    PerTask,
    /// It has as many as the definition says.
    Workers,
}

/// How many tasks of a batch can wait at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Waiting {
    /// One for each worker: a waiting task keeps its worker.
    Workers,
    /// All of them.
    Tasks,
}

/// How the tasks of a batch are handed to those who run them: what hands out several at once has an easier time of small
/// tasks, and one slow task keeps back those that were handed out with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Dispatch {
    /// Each by itself: a message, a job, a spawn, a thread or a process for each task, and no worker has more than one
    /// waiting behind the one that it runs.
    Single,
    /// Several at once: ranges, shares of a batch, or messages with several tasks.
    Chunked,
}

impl Dispatch {
    /// Its word in records, tables and sentences.
    pub fn word(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Chunked => "chunked",
        }
    }
}

/// What a reader needs to know about a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ModelInfo {
    /// Its id, in lower case with hyphens.
    pub id: &'static str,
    /// Its family.
    pub family: Family,
    /// What it is, in one line.
    pub summary: &'static str,
    /// When it is the right choice, in one line.
    pub right_when: &'static str,
    /// The construct of Python, Go or Java that it corresponds to.
    pub elsewhere: &'static str,
    /// What decides how many workers it has.
    pub sizing: Sizing,
    /// How many of its tasks can wait at once.
    pub waiting: Waiting,
    /// How its tasks are handed out to several. What has one worker, which runs one after the other, hands out single ones.
    pub dispatch: Dispatch,
    /// Whether it can use more than one core.
    pub all_cores: bool,
    /// Whether a task that crashes leaves the process alive that submitted it.
    pub survives_crash: bool,
    /// Whether a task that crashes leaves every other task running, to its end.
    pub isolates_tasks: bool,
    /// Whether some of its threads belong to the whole program: stopping does not end them, starting again reuses them,
    /// and they end with the process.
    pub global: bool,
    /// The limits that many tasks or workers run into, by the names under which `doctor` lists them.
    pub limits: &'static [&'static str],
    /// Whether the default matrix has it; the others come with `--all`.
    pub default: bool,
    /// What the track `tuned` sets, with who recommends it; `None` where the library's authors recommend nothing but its
    /// defaults for tasks like these.
    pub tuned: Option<&'static str>,
    /// What upstream recommends instead, where it has given its library up.
    pub discontinued: Option<&'static str>,
}

impl ModelInfo {
    /// Whether tasks run in processes of their own: what crashes there leaves the caller alive.
    pub fn starts_processes(&self) -> bool {
        self.survives_crash
    }

    /// What it is, and that nobody should start with it where that is so.
    pub fn described(&self) -> String {
        match self.discontinued {
            Some(instead) => {
                format!("{} (discontinued upstream, which recommends {instead})", self.summary)
            }
            None => self.summary.to_owned(),
        }
    }

    /// What a task that crashes takes with it, in a few words.
    pub fn lost_in_a_crash(&self) -> &'static str {
        match (self.survives_crash, self.isolates_tasks) {
            (_, true) => "that task",
            (true, false) => "its worker and the batch",
            (false, false) => "the program",
        }
    }
}

/// How a model is to be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How many workers, for a model that is sized by them; at least 1.
    pub workers: usize,
    /// The stack of each thread, in bytes; `None` for the library's default.
    pub stack_bytes: Option<usize>,
    /// Whether each worker is bound to a core.
    pub pin: bool,
    /// Whether the library is set as its authors recommend, where they do: [`ModelInfo::tuned`].
    pub tuned: bool,
    /// What a process started by the model needs in order to build the same workload.
    pub task_spec: String,
}

impl Settings {
    /// This many workers, and everything else as the library has it.
    pub fn new(workers: usize, task_spec: impl Into<String>) -> Self {
        Self { workers, stack_bytes: None, pin: false, tuned: false, task_spec: task_spec.into() }
    }

    /// For a thread of the standard library, with the stack that is asked for.
    pub fn thread_builder(&self) -> std::thread::Builder {
        let builder = std::thread::Builder::new();
        self.stack_bytes.into_iter().fold(builder, std::thread::Builder::stack_size)
    }
}

/// What the tasks of a batch returned, folded so that every schedule gives the same digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Digest {
    /// How many tasks completed.
    pub tasks: u64,
    /// A sum over the tasks that depends on the index and the value of each, and not on their order.
    pub sum: u64,
}

impl Digest {
    /// Adds what task `index` returned.
    ///
    /// The odd multiplier (Knuth's, 2^64 over the golden ratio) keeps a task that was dropped from being made up for by
    /// another that was counted twice.
    pub fn add(&mut self, index: u64, value: u64) {
        self.tasks += 1;
        self.sum = self.sum.wrapping_add(value ^ index.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    }

    /// Joins the digests of two sets of tasks.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        Self { tasks: self.tasks + other.tasks, sum: self.sum.wrapping_add(other.sum) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_task_is_not_made_up_for_by_one_counted_twice() {
        let digest = |indices: &[u64]| {
            let mut digest = Digest::default();
            indices.iter().for_each(|&index| digest.add(index, 7));
            digest
        };
        assert_eq!(digest(&[0, 1, 2, 3]), digest(&[3, 1, 0, 2]));
        assert_eq!(digest(&[0, 1, 2, 3]).tasks, digest(&[0, 1, 1, 3]).tasks);
        assert_ne!(digest(&[0, 1, 2, 3]), digest(&[0, 1, 1, 3]));
        assert_eq!(digest(&[0, 1]).merge(digest(&[2, 3])), digest(&[0, 1, 2, 3]));
    }
}
