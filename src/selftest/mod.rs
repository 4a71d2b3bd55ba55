//! The program examines itself on this machine: it measures what it knows the answer to, with the launcher, the blocks
//! and the statistics that every run has, and judges what comes of it.
//!
//! - `matrix`: what is measured: cells beside themselves, and beside twins that do a known share of more work
//! - `judge`: what follows from the records of that, as functions of them

mod judge;
mod matrix;

use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::campaign::{Campaign, CampaignError, Finished, Options};
use crate::model::ModelInfo;
use crate::record::StoreError;
use crate::record::{Comparison, Grade, Machine, Mode, Run, Tool, Track};
use crate::spec::Spec;
use crate::time::nanoseconds;

/// How a self-test is to be made.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    /// Fewer models, so that it takes under a minute.
    pub(crate) quick: bool,
    /// A number of blocks, if not the usual one.
    pub(crate) blocks: Option<u32>,
    pub(crate) seed: u64,
    pub(crate) quiet: bool,
}

/// How many blocks it has: those of a default run.
const BLOCKS: u32 = 20;
/// How many a quick one has: the fewest that can call two cells different.
const QUICK_BLOCKS: u32 = crate::analyse::FEWEST_PAIRS as u32;
/// How long one observation may take; the longest takes a tenth of a second.
const DEADLINE: Duration = Duration::from_secs(30);

/// What a figure is held against, and how it stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Judgement {
    /// It is as it should be.
    Held,
    /// It is not.
    Missed,
    /// This test could not tell.
    Unknown,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Check {
    pub(crate) id: String,
    /// The number of the rule in METHODOLOGY.md; `null` for what no rule bounds.
    pub(crate) rule: Option<u32>,
    pub(crate) what: String,
    /// The figure as a person reads it, or why there is none.
    pub(crate) figure: String,
    /// The figure as a number, in `unit`; `null` where there is none.
    pub(crate) value: Option<f64>,
    pub(crate) unit: &'static str,
    /// What the figure must be; `null` for one that stands for itself.
    pub(crate) bound: Option<String>,
    /// `null` without a bound.
    pub(crate) verdict: Option<Judgement>,
}

/// What the self-test has found.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SelfTest {
    pub(crate) tool: Tool,
    pub(crate) machine: Machine,
    pub(crate) seed: u64,
    pub(crate) blocks: u32,
    pub(crate) elapsed_ns: u64,
    pub(crate) grade: Grade,
    pub(crate) checks: Vec<Check>,
    /// Cells beside themselves, in steady state and as one-off jobs: what the false alarms are counted in.
    pub(crate) equals: Vec<Comparison>,
    /// Twins that do more work, beside what they repeat.
    pub(crate) effects: Vec<Comparison>,
}

/// How it ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// By itself.
    Whole(Box<SelfTest>),
    /// By this signal: half of a self-test says nothing.
    Interrupted(i32),
}

/// A run, and how long its blocks took.
#[derive(Debug)]
struct Measured {
    run: Run,
    measuring: Duration,
}

/// Measures, and judges.
///
/// # Errors
///
/// When nothing can be measured, or the records of it cannot be kept for as long as it takes.
pub(crate) fn run(models: &[ModelInfo], wish: &Wish) -> Result<Ended, CampaignError> {
    let started = Instant::now();
    let folder =
        tempfile::tempdir().map_err(|source| StoreError::Write { path: std::env::temp_dir(), source })?;
    let cores = crate::machine::facts().cores;
    let equals = match measure(matrix::equals(models, wish.quick, cores)?, wish, folder.path())? {
        Ok(measured) => measured,
        Err(signal) => return Ok(Ended::Interrupted(signal)),
    };
    let effects = match measure(matrix::effects(models, cores)?, wish, folder.path())? {
        Ok(measured) => measured,
        Err(signal) => return Ok(Ended::Interrupted(signal)),
    };
    let mut found = judge::judge(&equals, &effects);
    found.elapsed_ns = nanoseconds(started.elapsed());
    Ok(Ended::Whole(Box::new(found)))
}

/// One run; the signal that ended it, if one did.
fn measure(spec: Spec, wish: &Wish, out: &Path) -> Result<Result<Measured, i32>, CampaignError> {
    let usual = if wish.quick { QUICK_BLOCKS } else { BLOCKS };
    let options = Options {
        blocks: wish.blocks.unwrap_or(usual),
        mode: Mode::Custom,
        seed: wish.seed,
        label: "selftest".to_owned(),
        out: out.to_owned(),
        track: Track::Defaults,
        deadline: DEADLINE,
        all: false,
        latency: false,
        costs: false,
        filter: None,
        command: "concbench selftest".to_owned(),
        quiet: wish.quiet,
    };
    let mut campaign = Campaign::begin(spec.into(), options)?;
    let started = Instant::now();
    campaign.measure_blocks();
    let measuring = started.elapsed();
    let Finished { run, interrupted_by, .. } = campaign.finish()?;
    Ok(match interrupted_by {
        Some(signal) => Err(signal),
        None => Ok(Measured { run, measuring }),
    })
}
