//! Where models and workloads meet whose tasks share objects: each model brings its own.

use std::io;
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use concbench_model::process::{Role, Transport};
use concbench_model::shared::With;
use concbench_model::{
    Digest, Model, ModelError, ModelInfo, Objects, Result, Settings, Sizing, Threads, Waiting, Waits,
};
use concbench_sharing::{ProcessWords, Processes};
use concbench_workloads::{Capabilities, Layout, Shared, SharingWorkload};

use crate::catalogue::{Catalogue, Visitor};
use crate::process;
use crate::task_spec::TaskSpec;
use crate::tasks::{Prepared, Running, Tasks, reference_of};

/// How many tasks of a batch can be under way at once: all of them, or one for each worker.
pub fn at_once(info: &ModelInfo, workers: u64) -> Option<u64> {
    match (info.waiting, info.sizing) {
        (Waiting::Tasks, _) | (_, Sizing::PerTask) => None,
        (Waiting::Workers, Sizing::One) => Some(1),
        (Waiting::Workers, Sizing::Workers) => Some(workers),
    }
}

/// Why tasks that share these objects cannot run under this model, if they cannot: known before anything starts.
pub fn refusal<M: Model>(layout: &Layout, workers: u64) -> Option<String> {
    if let Some(reason) = layout.refusal(&M::Shared::CAN) {
        return Some(reason.to_owned());
    }
    let (most, wanted) = (at_once(&M::INFO, workers)?, layout.at_once);
    (wanted > most).then(|| {
        format!(
            "{wanted} tasks wait for each other, and this model has {most} under way at once: those that wait would bar \
             those that they wait for"
        )
    })
}

/// The same of the model with this id; `None` where there is no such model, or it does not refuse.
pub fn refused_by<C: Catalogue>(model: &str, layout: &Layout, workers: u64) -> Option<String> {
    struct Ask<'a>(&'a Layout, u64);
    impl Visitor for Ask<'_> {
        type Output = Option<String>;

        fn visit<M: Model>(self) -> Option<String> {
            refusal::<M>(self.0, self.1)
        }
    }
    C::visit(model, Ask(layout, workers)).ok().flatten()
}

/// Which objects the tasks of the model with this id can share; `None` where there is no such model.
pub fn capabilities_of<C: Catalogue>(model: &str) -> Option<Capabilities> {
    struct Ask;
    impl Visitor for Ask {
        type Output = Capabilities;

        fn visit<M: Model>(self) -> Capabilities {
            M::Shared::CAN
        }
    }
    C::visit(model, Ask).ok()
}

/// This sharing workload under the models of `C`; in a process of a model `shared` says where its objects are.
pub fn sharing_tasks<W: SharingWorkload, C: Catalogue>(
    work: Arc<W>,
    shared: Option<String>,
) -> Box<dyn Tasks> {
    Box::new(Sharing { work, shared, catalogue: PhantomData::<fn() -> C> })
}

struct Sharing<W, C> {
    work: Arc<W>,
    shared: Option<String>,
    catalogue: PhantomData<fn() -> C>,
}

impl<W: SharingWorkload, C: Catalogue> Tasks for Sharing<W, C> {
    fn under(&self, model: &str) -> Option<Box<dyn Prepared>> {
        C::visit(model, Prepare(&self.work)).ok()
    }

    fn reference(&self, tasks: u64) -> Result<(Digest, Waits)> {
        let layout = self.work.layout();
        if layout.at_once > 1 {
            let wait = "the tasks wait for each other, so that they cannot run in turn";
            return Err(ModelError::Unsupported(wait.to_owned()));
        }
        reference_of(&With::new(Arc::clone(&self.work), Threads::create(&layout)?), tasks)
    }

    fn process(&self, role: &Role) -> Result<i32> {
        let missing = || io::Error::other("nobody has said where they are");
        let shared = self.shared.as_deref().ok_or_else(missing);
        let work = Arc::clone(&self.work);
        let transport = match role {
            Role::PoolWorker { transport, .. } => Some(transport),
            _ => None,
        };
        match transport {
            Some(Transport::Coroutines) => {
                let objects = shared.and_then(ProcessWords::open).map_err(ModelError::system(OPEN))?;
                process::serve(role, &Arc::new(With::new(work, objects)))
            }
            _ => {
                let objects = shared.and_then(Processes::open).map_err(ModelError::system(OPEN))?;
                process::serve(role, &Arc::new(With::new(work, objects)))
            }
        }
    }
}

/// What a process of a model does first.
const OPEN: &str = "open what the tasks share";

struct Prepare<'a, W>(&'a Arc<W>);

impl<W: SharingWorkload> Visitor for Prepare<'_, W> {
    type Output = Box<dyn Prepared>;

    fn visit<M: Model>(self) -> Self::Output {
        Box::new(Cell { work: Arc::clone(self.0), model: PhantomData::<fn() -> M> })
    }
}

struct Cell<M, W> {
    work: Arc<W>,
    model: PhantomData<fn() -> M>,
}

impl<M: Model, W> std::fmt::Debug for Cell<M, W> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}, shared, under {}", std::any::type_name::<W>(), M::INFO.id)
    }
}

impl<M: Model, W: SharingWorkload> Prepared for Cell<M, W> {
    fn info(&self) -> &'static ModelInfo {
        &M::INFO
    }

    /// Refuses what cannot be, makes the objects, and starts the model with them.
    fn start(&self, settings: &Settings) -> Result<Box<dyn Running>> {
        let layout = self.work.layout();
        if let Some(reason) = refusal::<M>(&layout, settings.workers as u64) {
            return Err(ModelError::Unsupported(reason));
        }
        let objects = M::Shared::create(&layout)?;
        let settings = match objects.handle() {
            None => settings.clone(),
            shared => {
                let task_spec: TaskSpec = serde_json::from_str(&settings.task_spec)
                    .map_err(|error| ModelError::Shared(format!("the tasks have no spec: {error}")))?;
                Settings { task_spec: TaskSpec { shared, ..task_spec }.to_text(), ..settings.clone() }
            }
        };
        let workload = Arc::new(With::new(Arc::clone(&self.work), objects));
        Ok(Box::new(Started { model: M::start(&settings)?, workload, words: layout.words }))
    }
}

struct Started<M: Model, W> {
    model: M,
    workload: Arc<With<W, M::Shared>>,
    words: usize,
}

impl<M: Model, W: SharingWorkload> Running for Started<M, W> {
    fn run(&mut self, tasks: Range<u64>) -> Result<Digest> {
        self.model.run(&self.workload, tasks)
    }

    fn judge(&mut self, tasks: u64) -> Option<Result<()>> {
        let objects = self.workload.objects();
        let verdict = self.workload.work().verdict(tasks, objects);
        (0..self.words).for_each(|word| objects.word(word).store(0, Ordering::Relaxed));
        Some(verdict.map_err(|error| ModelError::Shared(error.to_string())))
    }

    fn parks(&self) -> Option<u64> {
        self.model.parks()
    }

    fn stop(self: Box<Self>) -> Result<()> {
        self.model.stop()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering::Relaxed;

    use concbench_workloads::{Io, Noop, TaskError};

    use super::*;
    use crate::catalogue::BuiltIn;
    use crate::tasks::tasks_under;

    /// Counts tasks in a word.
    struct Counter;

    impl SharingWorkload for Counter {
        fn layout(&self) -> Layout {
            Layout { words: 1, ..Layout::default() }
        }

        async fn task<I: Io, S: Shared>(
            &self,
            _: &I,
            shared: &S,
            index: u64,
        ) -> concbench_workloads::Result<u64> {
            shared.word(0).fetch_add(1, Relaxed);
            Ok(index)
        }

        fn verdict<S: Shared>(&self, tasks: u64, shared: &S) -> concbench_workloads::Result<()> {
            match shared.word(0).load(Relaxed) {
                counted if counted == tasks => Ok(()),
                counted => Err(TaskError::new(format!("{counted} of {tasks} tasks were counted"))),
            }
        }
    }

    fn started(tasks: &dyn Tasks) -> Box<dyn Running> {
        let settings = Settings::new(1, "");
        tasks.under("sequential").unwrap().start(&settings).unwrap()
    }

    #[test]
    fn what_a_batch_shared_is_judged_after_it_and_is_clear_for_the_next() {
        let mut running = started(sharing_tasks::<_, BuiltIn>(Arc::new(Counter), None).as_ref());
        for (asked, said) in [(3, 3), (3, 4), (3, 3)] {
            // The batch itself does not look.
            assert_eq!(running.run(0..asked).unwrap().tasks, asked);
            let judged = running.judge(said).unwrap().map_err(|error| error.to_string());
            let wrong =
                || Err(format!("what the tasks shared is wrong: {asked} of {said} tasks were counted"));
            assert_eq!(judged, if asked == said { Ok(()) } else { wrong() });
        }
        running.stop().unwrap();
    }

    #[test]
    fn what_shares_nothing_is_not_judged() {
        let mut running = started(tasks_under::<_, BuiltIn>(Arc::new(Noop {})).as_ref());
        assert_eq!(running.run(0..3).unwrap().tasks, 3);
        assert!(running.judge(3).is_none());
        running.stop().unwrap();
    }
}
