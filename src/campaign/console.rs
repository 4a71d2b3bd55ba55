//! What a person sees while a run is under way, on standard error; and the journal, which sees the same.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{CriterionMedians, Options};
use crate::record::journal::{Entry, Journal};
use crate::record::{
    BlockNoise, Latency, ModelTimer, Observation, SwitchObservation, SwitchPair, WaitingPoint,
};
use crate::runner::process::Failure;
use crate::runner::schedule::{Events, Outcome, Pace};
use crate::spec::Spec;
use crate::time::nanoseconds;

/// Progress and journal of one run.
#[derive(Debug)]
pub(super) struct Console {
    journal: Journal,
    ids: Vec<String>,
    blocks: u32,
    bar: ProgressBar,
    /// Without a terminal a line now and then has to do.
    plain: bool,
    quiet: bool,
    started: Instant,
    /// How long the run took before it was resumed.
    before: Duration,
    trouble: Vec<String>,
}

impl Console {
    pub(super) fn new(spec: &Spec, journal: Journal, options: &Options, before: Duration) -> Self {
        let quiet = options.quiet;
        let plain = !std::io::stderr().is_terminal();
        let target = if quiet || plain { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(spec.cells.len() as u64), target);
        let style = ProgressStyle::with_template("{prefix:>9} [{bar:32}] {pos}/{len} {msg} (left: {eta})");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
        Self {
            journal,
            ids: spec.cells.iter().map(|cell| cell.id.clone()).collect(),
            blocks: options.blocks,
            bar,
            plain,
            quiet,
            started: Instant::now(),
            before,
            trouble: Vec::new(),
        }
    }

    /// What will run.
    pub(super) fn announce(&mut self, spec: &Spec, options: &Options, cores: u64) {
        let names: Vec<_> = spec.workloads.iter().map(|workload| workload.definition.name.as_str()).collect();
        self.say(&format!(
            "concbench: {} cells of {} workload(s) ({}), {} blocks, on {} core(s)",
            spec.cells.len(),
            names.len(),
            names.join(", "),
            options.blocks,
            cores,
        ));
        self.say("preflight: one batch of every cell");
        self.bar.set_prefix("preflight");
    }

    pub(super) fn begin_timers(&mut self, models: usize) {
        self.say(&format!("timers: how late tasks wake under {models} model(s)"));
    }

    pub(super) fn begin_latency(&mut self, latency: &Latency) {
        let loads: usize = latency.cells.iter().map(|cell| cell.open.len() + 1).sum();
        let (cells, rounds) = (latency.cells.len(), latency.rounds);
        self.say(&format!("latency: {} loads on {cells} cells, {rounds} round(s)", loads / cells.max(1)));
        self.bar.reset();
        self.bar.set_length(loads as u64 * u64::from(rounds));
        self.bar.set_prefix("latency");
    }

    /// What is measured now.
    pub(super) fn show(&self, cell: &str) {
        self.bar.set_message(cell.to_owned());
        self.bar.inc(1);
    }

    /// How late tasks wake under a model.
    pub(super) fn keep_timer(&mut self, timer: &ModelTimer) {
        self.log(&Entry::Timer { timer: timer.clone() });
    }

    pub(super) fn begin_blocks(&mut self, outcome: &Outcome) {
        let made = outcome.cells.iter().map(|progress| progress.observations.len() as u64).sum();
        let all = self.ids.len() as u64 * u64::from(self.blocks);
        let paces = outcome.cells.iter().filter_map(|progress| progress.pace);
        let block_time: Duration = paces.map(|pace| pace.estimate).sum();
        let left = (block_time * self.blocks).mul_f64(all.saturating_sub(made) as f64 / all.max(1) as f64);
        self.say(&format!("measuring: {} blocks, about {}", self.blocks, HumanDuration(left)));
        self.bar.reset();
        self.bar.set_length(all);
        self.bar.set_position(made);
        self.bar.set_prefix("measuring");
    }

    pub(super) fn begin_timelines(&mut self) {
        self.say("timelines: a batch of some cells, task by task");
        self.bar.set_prefix("timelines");
    }

    pub(super) fn begin_waiting(&mut self, crowds: u64) {
        self.say(&format!("memory: up to {crowds} crowds of waiting tasks"));
        self.bar.reset();
        self.bar.set_length(crowds);
        self.bar.set_prefix("memory");
    }

    /// A crowd has gathered, or could not.
    pub(super) fn waiting(&mut self, model: &str, point: &WaitingPoint) {
        let name = format!("{}@{}", super::memory::id(model), point.tasks);
        if let Some(reason) = &point.reason {
            self.say(&format!("{name}: {}: {reason}", point.status));
        }
        self.bar.set_message(name);
        self.bar.inc(1);
        self.log(&Entry::Waiting { model: model.to_owned(), point: point.clone() });
    }

    pub(super) fn begin_switching(&mut self, games: u64) {
        self.say(&format!("switches: {games} games of two tasks each"));
        self.bar.reset();
        self.bar.set_length(games);
        self.bar.set_prefix("switches");
    }

    /// A game was played, or the pair plays no more.
    pub(super) fn switched(&mut self, pair: &SwitchPair, game: Result<&SwitchObservation, &Failure>) {
        self.bar.set_message(pair.id.clone());
        self.bar.inc(1);
        match game {
            Ok(game) => {
                self.log(&Entry::Switches { pair: pair.id.clone(), observation: game.clone() });
            }
            Err(failure) => {
                self.say(&format!("{}: {}: {}", pair.id, failure.status, failure.reason));
                self.log_failure(&pair.id, failure);
            }
        }
    }

    /// Something that the user should know at once.
    pub(super) fn warn(&self, text: &str) {
        self.say(&format!("warning: {text}"));
    }

    /// What criterion has found.
    pub(super) fn keep_criterion(&mut self, medians: &CriterionMedians) {
        let medians = medians.iter().map(|(id, &median)| (id.clone(), median)).collect();
        self.log(&Entry::Criterion { medians });
    }

    /// Why a cell is not measured any more.
    pub(super) fn keep_failure(&mut self, cell: usize, failure: &Failure) {
        self.log_failure(&self.ids[cell].clone(), failure);
    }

    fn log_failure(&mut self, id: &str, failure: &Failure) {
        let Failure { status, reason, stderr_tail } = failure.clone();
        self.log(&Entry::Failure { cell: id.to_owned(), status, reason, stderr_tail });
    }

    pub(super) fn end(&mut self) {
        self.bar.finish_and_clear();
    }

    /// What went wrong with the journal.
    pub(super) fn take_trouble(&mut self) -> Vec<String> {
        std::mem::take(&mut self.trouble)
    }

    fn say(&self, line: &str) {
        if !self.quiet {
            // A closed standard error must not end a run.
            self.bar.suspend(|| drop(writeln!(std::io::stderr(), "{line}")));
        }
    }

    /// Writes a line of the journal.
    pub(super) fn log(&mut self, entry: &Entry) {
        if let Err(error) = self.journal.write(entry)
            && self.trouble.is_empty()
        {
            self.say(&format!("warning: {error}; without a journal this run cannot be resumed"));
            self.trouble.push(format!("the journal is not whole: {error}"));
        }
    }
}

impl Events for Console {
    fn preflight(&mut self, cell: usize, outcome: Result<Pace, &Failure>) {
        self.bar.set_message(self.ids[cell].clone());
        self.bar.inc(1);
        match outcome {
            Ok(Pace { warm, deadline, batch, estimate }) => self.log(&Entry::Pace {
                cell: self.ids[cell].clone(),
                warm,
                deadline_ns: nanoseconds(deadline),
                batch_ns: nanoseconds(batch),
                estimate_ns: nanoseconds(estimate),
            }),
            Err(failure) => self.failed(cell, failure),
        }
    }

    fn observed(&mut self, cell: usize, observation: &Observation) {
        self.bar.set_message(self.ids[cell].clone());
        self.bar.inc(1);
        self.log(&Entry::Observation { cell: self.ids[cell].clone(), observation: observation.clone() });
    }

    fn failed(&mut self, cell: usize, failure: &Failure) {
        self.say(&format!("{}: {}: {}", self.ids[cell], failure.status, failure.reason));
        self.keep_failure(cell, failure);
    }

    fn block(&mut self, noise: &BlockNoise, again: bool) {
        if let Some(breach) = noise.breach.as_ref().filter(|_| again) {
            self.say(&format!("block {} of {} is measured again: {breach}", noise.block + 1, noise.workload));
        } else if self.plain {
            self.say(&format!("block {}/{}: {}", noise.block + 1, self.blocks, noise.workload));
        }
        let elapsed_ns = nanoseconds(self.before + self.started.elapsed());
        self.log(&Entry::Block { noise: noise.clone(), again, elapsed_ns });
    }

    fn note(&mut self, note: &str) {
        self.log(&Entry::Note { note: note.to_owned() });
    }
}
