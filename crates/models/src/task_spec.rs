use concbench_workloads::Kernel;
use serde::{Deserialize, Serialize};

use crate::instrument::buffer::BufferHandle;
use concbench_model::process::FileHandle;
use concbench_sharing::contention::ContentionSpec;

/// What a process needs in order to build a workload: the kernel, or the name under which code has registered it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskSpec {
    /// The name of the workload.
    pub name: String,
    /// Its kernel; `None` for one that was registered in code.
    pub kernel: Option<Kernel>,
    /// The file that every task is to leave a note in, for a timeline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<FileHandle>,
    /// What the tasks are to find out beside their work; nothing where only the batch is timed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instrument: Option<Instrument>,
    /// Where the objects are that the tasks share, for a process of a model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared: Option<String>,
}

/// What tasks find out, and where they write it down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Instrument {
    /// How late they wake, in place of their work.
    Timer(BufferHandle),
    /// When each was begun and done.
    Load(BufferHandle),
    /// How long each took.
    Durations(BufferHandle),
    /// Whether they began before another of their batch had ended.
    InFlight(BufferHandle),
    /// Nothing: they count themselves in, and wait for ever in place of their work.
    Wait(BufferHandle),
    /// What it costs to contend for something, in place of their work.
    Contention(ContentionSpec),
}

impl TaskSpec {
    /// As [`Settings::task_spec`](concbench_model::Settings::task_spec) carries it.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("a task spec has no map with keys other than strings")
    }
}
