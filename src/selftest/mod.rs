//! The program examines itself on this machine: it measures what it knows the answer to, with the launcher, the blocks
//! and the statistics that every run has, and judges what comes of it.
//!
//! - `specs`: what is measured: cells beside themselves, and beside twins that do a known share of more work
//! - `judge`: what follows from the records of that, as functions of them

mod judge;
mod specs;

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::batch::analyse::MARGIN;
use crate::batch::{Comparison, Sheet};
use crate::experiment::{Externals, Matrix, Settings, kind_of, sheet_of};
use crate::machine;
use crate::model::ModelInfo;
use crate::record::{Grade, Machine, Mode, Record, Tool, Track};
use crate::run::{Aside, Plan, RunStartError, measure_aside};
use crate::spec::Spec;
use crate::time::nanoseconds;

/// How a self-test is to be made.
#[derive(Debug, Clone)]
pub(crate) struct Options {
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
const QUICK_BLOCKS: u32 = crate::batch::analyse::FEWEST_PAIRS as u32;
/// What measures, by its name.
const COMMAND: &str = "concbench selftest";
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

/// What was measured, and how long its blocks took.
#[derive(Debug)]
struct Measured {
    record: Record,
    /// The matrix of the record.
    sheet: Sheet,
    measuring: Duration,
}

/// Measures, and judges.
///
/// # Errors
///
/// When processes cannot be supervised.
pub(crate) fn run(models: &[ModelInfo], options: &Options) -> Result<Ended, RunStartError> {
    let started = Instant::now();
    let machine = machine::facts();
    let equals = specs::equals(models, options.quick, machine.cores)?;
    let equals = match measure(equals, models, &machine, options)? {
        Ok(measured) => measured,
        Err(signal) => return Ok(Ended::Interrupted(signal)),
    };
    let effects = match measure(specs::effects(models, machine.cores)?, models, &machine, options)? {
        Ok(measured) => measured,
        Err(signal) => return Ok(Ended::Interrupted(signal)),
    };
    let mut found = judge::judge(&equals, &effects);
    found.elapsed_ns = nanoseconds(started.elapsed());
    Ok(Ended::Whole(Box::new(found)))
}

/// One matrix; the signal that ended it, if one did.
fn measure(
    spec: Spec,
    models: &[ModelInfo],
    machine: &Machine,
    options: &Options,
) -> Result<Result<Measured, i32>, RunStartError> {
    let plan = plan(spec, models, machine.clone(), options)?;
    let Aside { record, measuring, interrupted_by } = measure_aside(plan, COMMAND, options.quiet)?;
    Ok(match interrupted_by {
        Some(signal) => Err(signal),
        None => Ok(Measured::new(record, measuring)),
    })
}

/// The plan of a run whose only experiment is the matrix.
fn plan(
    spec: Spec,
    models: &[ModelInfo],
    machine: Machine,
    options: &Options,
) -> Result<Plan, RunStartError> {
    let usual = if options.quick { QUICK_BLOCKS } else { BLOCKS };
    let settings = Settings {
        blocks: options.blocks.unwrap_or(usual),
        mode: Mode::Custom,
        seed: options.seed,
        track: Track::Defaults,
        margin: MARGIN,
        deadline: DEADLINE,
        all: false,
        externals: Externals::default(),
    };
    Plan::of(spec, models, &[kind_of::<Matrix>()], settings, machine, None)
}

impl Measured {
    fn new(record: Record, measuring: Duration) -> Self {
        let sheet = sheet_of(&record).expect("it was just measured").unwrap_or_default();
        Self { record, sheet, measuring }
    }
}
