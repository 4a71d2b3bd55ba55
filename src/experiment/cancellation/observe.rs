//! Tasks are started and cancelled, and what they leave behind is counted.

use std::sync::Arc;
use std::time::{Duration, Instant};

use concbench_cancellation::{Batch, CONSTRUCTS, Construct, Doing as Does, Left, Scene, verdict};

use super::{Doing, Observation, Order};
use crate::machine::proc::descendants;
use crate::model::ModelError;
use crate::runner::CellError;
use crate::runner::cpu_time::CpuMeter;
use crate::time::nanoseconds;

/// How long what has ended may take to be gone: a thread that was joined is still there for an instant.
const GRACE: Duration = Duration::from_secs(1);

/// Starts the tasks and cancels them, after a rehearsal with one that starts what lasts as long as the process.
pub(super) fn observe(order: &Order) -> Result<Observation, CellError> {
    let known = CONSTRUCTS.iter().find(|construct| construct.id == order.construct);
    let construct =
        known.ok_or_else(|| CellError::Order(format!("there is no way `{}` to cancel", order.construct)))?;
    let doing = match order.doing {
        Doing::Waiting => Does::Waiting,
        Doing::Computing => Does::Computing,
    };
    let workers = usize::try_from(order.workers).unwrap_or(usize::MAX);
    let batch = Batch { tasks: order.tasks, doing, workers };
    cancel(construct, &Batch { tasks: 1, doing: Does::Waiting, workers })?;
    let before = There::now()?;
    let meter = CpuMeter::start();
    let (scene, took) = cancel(construct, &batch)?;
    let cpu = meter.stop();
    let counted = scene.counted();
    drop(scene);
    verdict(construct.promise, &batch, &counted, &left_behind(&before)?).map_err(CellError::Other)?;
    Ok(Observation {
        ended_ns: nanoseconds(took),
        begun: counted.begun,
        destructors: counted.dropped,
        wasted_steps: counted.wasted_steps,
        held: counted.held,
        cpu_ns: cpu.as_ref().ok().copied(),
        cpu_reason: cpu.err(),
    })
}

fn cancel(construct: &Construct, batch: &Batch) -> Result<(Arc<Scene>, Duration), CellError> {
    let scene = Scene::create().map_err(ModelError::system("make memory to count tasks in"))?;
    let scene = Arc::new(scene);
    let took = construct.cancel(&scene, batch)?;
    Ok((scene, took))
}

/// What there is of this process.
struct There {
    threads: u64,
    descriptors: u64,
    processes: u64,
}

impl There {
    fn now() -> Result<Self, CellError> {
        let count = |folder: &str| std::fs::read_dir(folder).map(|entries| entries.count() as u64);
        let read = ModelError::system("look for what is left behind");
        let (threads, descriptors) = count("/proc/self/task")
            .and_then(|threads| Ok((threads, count("/proc/self/fd")?)))
            .map_err(read)?;
        let processes = descendants(std::process::id()).map_err(CellError::Other)?.len() as u64;
        Ok(Self { threads, descriptors, processes })
    }

    fn beyond(&self, before: &Self) -> Left {
        Left {
            threads: self.threads.saturating_sub(before.threads),
            descriptors: self.descriptors.saturating_sub(before.descriptors),
            processes: self.processes.saturating_sub(before.processes),
        }
    }
}

/// What is there and was not before, once that has had time to go.
fn left_behind(before: &There) -> Result<Left, CellError> {
    let until = Instant::now() + GRACE;
    loop {
        let left = There::now()?.beyond(before);
        if left == Left::default() || Instant::now() >= until {
            return Ok(left);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}
