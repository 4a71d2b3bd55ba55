//! One figure, measured in a process of its own: forking needs a process with one thread, and some executors last as
//! long as their process.

use std::process::{Command, ExitCode, Stdio};

use serde::{Deserialize, Serialize};

use crate::work::Work;
use crate::{by_hand, ours};

/// The argument that marks a process as that of a figure.
const MARK: &str = "--figure";

/// What is measured.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Figure {
    /// Seconds for a batch of so many tasks.
    Batch { model: String, workers: usize, work: Work, tasks: u64 },
    /// Seconds to start a model.
    Start { model: String, workers: usize },
    /// CPU seconds that a model burns in a second without work.
    Idle { model: String, workers: usize },
    /// Seconds for a batch under a model, over those of a loop written by hand on the same library: of tasks that do
    /// nothing, or that count to `n`.
    OverByHand { model: String, workers: usize, tasks: u64, n: Option<u64> },
}

/// A figure, or why there is none.
pub(crate) type Measured = Result<f64, String>;

impl Figure {
    /// Measures it in a process of its own.
    pub(crate) fn measure(&self) -> Measured {
        let job = serde_json::to_string(self).map_err(|error| error.to_string())?;
        let output = Command::new("/proc/self/exe")
            .args([MARK, &job])
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(format!("its process ended with {}", output.status));
        }
        serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?
    }

    fn measure_here(&self) -> Measured {
        match self {
            Self::Batch { model, workers, work, tasks } => ours::batch(model, *workers, *work, *tasks),
            Self::Start { model, workers } => ours::start(model, *workers),
            Self::Idle { model, workers } => ours::idle(model, *workers),
            Self::OverByHand { model, workers, tasks, n } => by_hand::ratio(model, *workers, *tasks, *n),
        }
    }
}

/// Measures the figure that this process was started for, if it was.
pub(crate) fn measure_here() -> Option<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() != Some(MARK) {
        return None;
    }
    let figure: Figure = serde_json::from_str(&arguments.next()?).expect("written by `measure`");
    println!("{}", serde_json::to_string(&figure.measure_here()).expect("a number or a text"));
    Some(ExitCode::SUCCESS)
}

/// The middle one; the lower of two.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[(values.len() - 1) / 2]
}
