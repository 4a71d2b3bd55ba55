//! How late tasks wake under a model: they sleep, and write down how long that took.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use concbench_workloads::{Io, Result, Workload};

use super::cell::{CellError, Laps, guarded, settings};
use super::ledger::Ledger;
use super::protocol::{Answer, Assignment, Channel, ProtocolError};
use crate::model::{Catalogue, Digest, Model, ModelError, Visitor};
use crate::record::Slept;
use crate::spec::{Errand, Notebook, Recipe};
use crate::time::nanoseconds;

/// What each task does: how long it sleeps, and how often. The first is shorter than any timer can do, so that what it
/// takes is the resolution.
const SLEEPS: [(Duration, usize); 3] =
    [(Duration::from_micros(1), 10), (Duration::from_millis(1), 10), (Duration::from_millis(10), 2)];
/// How many tasks do it: enough for a p99 of what is cheap, and few enough that one after the other they take a third of
/// a second.
const TASKS: u64 = 10;
/// How often a task sleeps.
const SLEEPS_PER_TASK: usize = SLEEPS[0].1 + SLEEPS[1].1 + SLEEPS[2].1;

/// Sleeps, and writes down how long each sleep took, in nanoseconds.
#[derive(Debug)]
pub(crate) struct Timer {
    ledger: Ledger,
}

impl Timer {
    /// That of a process of a model.
    ///
    /// # Errors
    ///
    /// When what the runner shares cannot be opened.
    pub(crate) fn open(notebook: &Notebook) -> std::io::Result<Self> {
        Ok(Self { ledger: Ledger::open(notebook)? })
    }

    /// What was written down, by the length that was asked for.
    fn slept(&self) -> Vec<Slept> {
        let mut slept: Vec<Slept> = SLEEPS
            .iter()
            .map(|(asked, _)| Slept { asked_ns: nanoseconds(*asked), late_ns: Vec::new() })
            .collect();
        for task in 0..TASKS as usize {
            let first = task * SLEEPS_PER_TASK;
            let words = self.ledger.words(first..first + SLEEPS_PER_TASK);
            for (which, took) in sleeps().zip(words) {
                let found = &mut slept[which];
                found.late_ns.push(took.load(Relaxed) as i64 - found.asked_ns as i64);
            }
        }
        slept
    }
}

/// The sleeps of one task, as positions in [`SLEEPS`].
fn sleeps() -> impl Iterator<Item = usize> {
    SLEEPS.iter().enumerate().flat_map(|(which, (_, times))| std::iter::repeat_n(which, *times))
}

impl Workload for Timer {
    async fn task<I: Io>(&self, io: &I, index: u64) -> Result<u64> {
        let first = index as usize * SLEEPS_PER_TASK;
        for (place, which) in sleeps().enumerate() {
            let mut lap = Laps::begin();
            io.sleep(SLEEPS[which].0).await;
            self.ledger.words(first + place..first + place + 1)[0].store(lap.end(), Relaxed);
        }
        Ok(index)
    }
}

/// Measures what the order asks for, and answers.
pub(crate) fn measure<C: Catalogue, S: Read + Write>(
    assignment: &Assignment,
    channel: &mut Channel<S>,
) -> std::result::Result<(), ProtocolError> {
    let answer = match C::visit(&assignment.model, Measure { assignment }) {
        Ok(Ok(slept)) => Answer::Timed { slept },
        Ok(Err(error)) => error.answer(),
        Err(_) => CellError::UnknownModel(assignment.model.clone()).answer(),
    };
    channel.send(answer)
}

struct Measure<'a> {
    assignment: &'a Assignment,
}

impl Visitor for Measure<'_> {
    type Output = std::result::Result<Vec<Slept>, CellError>;

    fn visit<M: Model>(self) -> Self::Output {
        guarded(|| {
            let ledger = Ledger::create(TASKS as usize * SLEEPS_PER_TASK)
                .map_err(ModelError::system("make memory for what tasks see"))?;
            let errand = ledger.notebook().map(Errand::Timer);
            let recipe = Recipe { errand, ..self.assignment.recipe.clone() };
            let timer = Arc::new(Timer { ledger });
            let mut model = M::start(&settings(self.assignment, &recipe))?;
            let digest = model.run(&timer, 0..TASKS)?;
            model.stop()?;
            let mut expected = Digest::default();
            (0..TASKS).for_each(|index| expected.add(index, index));
            if digest != expected {
                return Err(CellError::Digest { batch: "the batch that sleeps" });
            }
            Ok(timer.slept())
        })
    }
}
