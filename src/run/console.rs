//! What a person sees while a run is under way, on standard error; and the journal, which sees the same.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;

use super::Plan;
use crate::experiment::{Events, find, full_group};
use crate::printing::{is_read, say};
use crate::record::journal::{Entry, Journal};
use crate::record::{BlockNoise, Failure, Observed};
use crate::time::nanoseconds;

/// How often a line is written where there is no terminal.
const EVERY: Duration = Duration::from_secs(60);

/// Progress of one run, and its journal.
#[derive(Debug)]
pub(super) struct Console {
    /// None where nothing is kept.
    journal: Option<Journal>,
    bar: ProgressBar,
    /// Without a terminal a line now and then has to do.
    plain: bool,
    quiet: bool,
    started: Instant,
    /// The experiment that is measured.
    current: &'static str,
    /// When the last line was written that says how far the run has come.
    told: Instant,
    /// How long the run took before it was resumed.
    before: Duration,
    trouble: Vec<String>,
}

impl Console {
    pub(super) fn new(journal: Option<Journal>, quiet: bool, before: Duration) -> Self {
        let plain = !std::io::stderr().is_terminal();
        let target = if quiet || plain { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(None, target);
        let style = ProgressStyle::with_template("{prefix:>11} [{bar:32}] {pos}/{len} {msg} (left: {eta})");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
        let (started, told) = (Instant::now(), Instant::now());
        Self { journal, bar, plain, quiet, started, current: "", told, before, trouble: Vec::new() }
    }

    /// What will run.
    pub(super) fn announce(&mut self, plan: &Plan) {
        let part = |(kind, listed): &(&'static dyn crate::experiment::Kind, crate::experiment::Listed)| {
            format!("{} ({})", kind.id(), listed.cells.len())
        };
        let parts: Vec<_> = plan.experiments.iter().map(part).collect();
        let estimate: Duration = plan.experiments.iter().map(|(_, listed)| listed.estimate).sum();
        self.say(&format!(
            "concbench: {}; {} blocks, on {} core(s), about {}",
            parts.join(", "),
            plan.scope.settings.blocks,
            plan.scope.cores(),
            HumanDuration(estimate),
        ));
        for kind in &plan.without_cells {
            self.warn(&format!("{}: nothing to measure with this filter and these definitions", kind.id()));
        }
    }

    /// Something that the user should know at once.
    pub(super) fn warn(&self, text: &str) {
        self.say(&format!("warning: {text}"));
    }

    pub(super) fn end(&mut self) {
        if self.plain || is_read() {
            self.bar.finish_and_clear();
        }
    }

    /// What went wrong with the journal.
    pub(super) fn take_trouble(&mut self) -> Vec<String> {
        std::mem::take(&mut self.trouble)
    }

    fn say(&self, line: &str) {
        if !self.quiet && is_read() {
            self.bar.suspend(|| say(line));
        }
    }

    /// Another experiment is measured from now on.
    fn turn_to(&mut self, experiment: &'static str) {
        self.current = experiment;
        if let Some(kind) = find(experiment) {
            self.say(&format!("{experiment}: {}", kind.question()));
        }
        if self.plain || is_read() {
            self.bar.reset();
            self.bar.set_length(0);
            self.bar.set_prefix(experiment);
        }
    }

    /// One more trial has ended.
    fn advance(&mut self, experiment: &str, of: &str) {
        // Without a reader the bar stands still: to draw it is to wait.
        if self.plain || is_read() {
            self.bar.set_message(of.to_owned());
            self.bar.inc(1);
        }
        if self.plain && self.told.elapsed() >= EVERY {
            self.told = Instant::now();
            let (made, all) = (self.bar.position(), self.bar.length().unwrap_or(0));
            self.say(&format!("{experiment}: {made} of {all}, at {of}"));
        }
    }

    /// Writes a line of the journal.
    pub(super) fn log(&mut self, entry: &Entry) {
        if let Some(Err(error)) = self.journal.as_mut().map(|journal| journal.write(entry)) {
            // What is there stays a beginning of the run. Were it written on with a line missing, whoever resumes would
            // take what that line said for measured.
            self.journal = None;
            self.say(&format!(
                "warning: {error}; if this run ends early, what it measures from now on is lost"
            ));
            self.trouble.push(format!("the journal is not whole: {error}"));
        }
    }
}

impl Events for Console {
    fn planned(&mut self, experiment: &'static str, trials: usize) {
        if self.current != experiment {
            self.turn_to(experiment);
        }
        if self.plain || is_read() {
            self.bar.set_length(self.bar.position() + trials as u64);
        }
    }

    fn observed(
        &mut self,
        experiment: &'static str,
        of: &str,
        calibration: bool,
        observed: &Observed<Value>,
    ) {
        self.advance(experiment, of);
        let (experiment, of) = (experiment.to_owned(), of.to_owned());
        self.log(&Entry::Observation { experiment, of, calibration, observed: observed.clone() });
    }

    fn failed(&mut self, experiment: &'static str, cells: &[String], failure: &Failure) {
        for cell in cells {
            self.advance(experiment, cell);
            self.say(&format!("{cell}: {}: {}", failure.status, failure.reason));
        }
        let (cells, failure) = (cells.to_vec(), failure.clone());
        self.log(&Entry::Failure { experiment: experiment.to_owned(), cells, failure });
    }

    fn block(&mut self, noise: &BlockNoise, again: bool) {
        if let Some(breach) = noise.breach.as_ref().filter(|_| again) {
            let name = full_group(&noise.experiment, &noise.group);
            self.say(&format!("block {} of {name} is measured again: {breach}", noise.block + 1));
        }
        let elapsed_ns = nanoseconds(self.before + self.started.elapsed());
        self.log(&Entry::Block { noise: noise.clone(), again, elapsed_ns });
    }

    fn setup(&mut self, experiment: &'static str, setup: &Value) {
        self.log(&Entry::Setup { experiment: experiment.to_owned(), setup: setup.clone() });
    }

    fn note(&mut self, note: &str) {
        self.log(&Entry::Note { note: note.to_owned() });
    }
}
