//! A machine on which no time passes: it makes up what runners would have answered, and remembers what was asked.

use std::time::Duration;

use serde_json::Value;

use crate::experiment::{Events, Watch};
use crate::record::journal::Entry;
use crate::record::{BlockNoise, Failure, Observed, Status};
use crate::runner::{Conversation, Launcher, Reply, Request, RunnerError};

/// A cell that broke.
pub(crate) fn broken() -> RunnerError {
    RunnerError::Failure(Failure::new(Status::Crashed, "it broke"))
}

type Answer<'a> = Box<dyn FnMut(usize, &str, &Request) -> Result<Value, RunnerError> + 'a>;

/// A launcher that starts nothing.
pub(crate) struct MockLauncher<'a> {
    /// What it was asked to observe, by id.
    pub(crate) asked: Vec<String>,
    /// The answer to a request, by its number from 0 and what is to be observed.
    answer: Answer<'a>,
}

impl<'a> MockLauncher<'a> {
    /// One that answers so.
    pub(crate) fn new(answer: impl FnMut(usize, &str, &Request) -> Result<Value, RunnerError> + 'a) -> Self {
        Self { asked: Vec::new(), answer: Box::new(answer) }
    }
}

impl Launcher for MockLauncher<'_> {
    fn observe(&mut self, id: &str, request: Request, _: usize, _: Duration) -> Result<Reply, RunnerError> {
        let number = self.asked.len();
        self.asked.push(id.to_owned());
        let answer = (self.answer)(number, id, &request)?;
        Ok(Reply { answer, usage: Err("nothing was started".to_owned()) })
    }

    fn converse(&mut self, _: Request, _: Duration) -> Result<(Value, Box<dyn Conversation>), RunnerError> {
        Err(broken())
    }

    fn clear_up_after(&mut self, _: &str, _: bool) {}

    fn interrupted_by(&self) -> Option<i32> {
        None
    }

    fn take_notes(&mut self) -> Vec<String> {
        Vec::new()
    }
}

/// A gate that finds a breach where it is told to.
#[derive(Debug, Default)]
pub(crate) struct MockWatch {
    /// The groups and blocks whose every attempt breaches the gate.
    pub(crate) breaches: Vec<(&'static str, u32)>,
    /// The group and block whose first attempt alone does.
    pub(crate) first_attempt: Option<(&'static str, u32)>,
}

impl Watch for MockWatch {
    fn open(&mut self) {}

    fn close(&mut self, block: u32, experiment: &str, group: &str) -> BlockNoise {
        let here = |place: &(&str, u32)| *place == (group, block);
        let first = self.first_attempt.take_if(|place| here(place)).is_some();
        let breached = first || self.breaches.iter().any(here);
        BlockNoise {
            block,
            experiment: experiment.to_owned(),
            group: group.to_owned(),
            breach: breached.then(|| "it was told to".to_owned()),
            ..BlockNoise::default()
        }
    }
}

/// Remembers what it is told, as the journal does.
#[derive(Debug, Default)]
pub(crate) struct MockEvents(pub(crate) Vec<Entry>);

impl Events for MockEvents {
    fn planned(&mut self, _: &'static str, _: usize) {}

    fn observed(
        &mut self,
        experiment: &'static str,
        of: &str,
        calibration: bool,
        observed: &Observed<Value>,
    ) {
        let (experiment, of) = (experiment.to_owned(), of.to_owned());
        self.0.push(Entry::Observation { experiment, of, calibration, observed: observed.clone() });
    }

    fn failed(&mut self, experiment: &'static str, cells: &[String], failure: &Failure) {
        let (experiment, cells) = (experiment.to_owned(), cells.to_vec());
        self.0.push(Entry::Failure { experiment, cells, failure: failure.clone() });
    }

    fn block(&mut self, noise: &BlockNoise, again: bool) {
        self.0.push(Entry::Block { noise: noise.clone(), again, elapsed_ns: 0 });
    }

    fn setup(&mut self, experiment: &'static str, setup: &Value) {
        self.0.push(Entry::Setup { experiment: experiment.to_owned(), setup: setup.clone() });
    }

    fn note(&mut self, note: &str) {
        self.0.push(Entry::Note { note: note.to_owned() });
    }
}
