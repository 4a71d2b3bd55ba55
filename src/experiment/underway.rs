//! An experiment under way, without its types, for whatever treats all of them alike.

use serde_json::Value;

use super::stage::Stage;
use super::{Block, Scope, Subject};
use crate::record::{BlockNoise, Failure, Observed, RawExperiment};

/// An experiment under way, without its types.
pub(crate) trait Underway: std::fmt::Debug {
    /// The id of the experiment.
    fn id(&self) -> &'static str;

    /// The ids of its cells.
    fn ids(&self) -> Vec<&str>;

    /// How many cells there are, and how many observations of them.
    fn size(&self) -> (usize, usize);

    /// What is to be measured next.
    fn plan(&self, scope: &Scope) -> Vec<Block<Value>>;

    /// Whether a subject of this block is still to be observed.
    fn lacks(&self, block: u32, subject: &Subject) -> bool;

    /// Whether this block has ended.
    fn has_ended(&self, number: u32, group: &str) -> bool;

    /// How often blocks of a group were thrown away; this block alone, if one is named.
    fn repeats(&self, group: &str, number: Option<u32>) -> usize;

    /// Keeps an observation; or says why it is none of this experiment.
    fn keep(&mut self, subject: &Subject, observed: Observed<Value>) -> Result<(), String>;

    /// Ends those of these cells that have not ended yet: they are not measured again. The ids of those that it ended.
    fn fail(&mut self, cells: &[usize], failure: &Failure) -> Vec<String>;

    /// Keeps the end of a block, or throws it away.
    fn end_block(&mut self, noise: &BlockNoise, again: bool);

    /// Replaces what it began with; or says why that is none.
    fn set_up(&mut self, setup: Value) -> Result<(), String>;

    /// What it began with, as the journal has it.
    fn setup(&self) -> Value;

    /// Does what is done under `cargo bench` before the blocks.
    fn cargo_bench(&mut self, stage: &mut Stage<'_>, scope: &Scope);

    /// The blocks that were measured partly before a run was broken off and partly after, in words.
    fn broken_blocks(&self) -> Vec<String>;

    /// The record of it, whose findings are still to be made; and the noise of its blocks.
    fn finish(self: Box<Self>, planned_blocks: u32) -> (RawExperiment, Vec<BlockNoise>);
}
