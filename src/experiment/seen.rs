//! What has been measured of an experiment so far.

use itertools::Itertools as _;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde_json::Value;

use super::json::{full_group, raw_cell, to_value};
use super::shuffle::{Place, Shuffle};
use super::stage::Stage;
use super::underway::Underway;
use super::{Ask, Block, Experiment, Scope, Subject, Trial};
use crate::record::{BlockNoise, CellRecord, Factors, Failure, Observed, RawExperiment, Status};

/// An experiment under way: its cells with their observations.
#[derive(Debug)]
pub(crate) struct Seen<E: Experiment> {
    /// What it began with, or has found out since.
    pub(crate) setup: E::Setup,
    /// What the plan follows from, by name.
    pub(crate) calibrations: BTreeMap<String, E::Observation>,
    /// The cells that the filter has left, in the order of the record.
    pub(crate) cells: Vec<CellRecord<E::Cell, E::Observation>>,
    /// The blocks that have ended.
    pub(crate) blocks: Vec<BlockNoise>,
    /// Blocks that were thrown away and measured again, by number and group.
    repeated: Vec<(u32, String)>,
}

impl<E: Experiment> Seen<E> {
    /// One of which nothing has been measured.
    pub(crate) fn new(scope: &Scope, cells: Vec<E::Cell>) -> Self {
        Self {
            setup: E::setup(scope, &cells),
            calibrations: BTreeMap::new(),
            cells: cells.into_iter().map(|cell| CellRecord::planned(cell.id(), cell)).collect(),
            blocks: Vec::new(),
            repeated: Vec::new(),
        }
    }

    /// Whether this block of this group has ended.
    pub(crate) fn has_ended(&self, number: u32, group: &str) -> bool {
        self.blocks.iter().any(|done| done.block == number && done.group == group)
    }

    /// The cells that can still be measured, each with its position.
    pub(crate) fn open(&self) -> impl Iterator<Item = (usize, &CellRecord<E::Cell, E::Observation>)> {
        self.cells.iter().enumerate().filter(|(_, cell)| cell.is_open())
    }

    /// Randomised complete blocks: every cell of a group once in each block of its group. The groups alternate, so that a
    /// drift of the machine over the run meets all of them. `ask` says how a cell is measured, or why it is not; a cell of
    /// which it says nothing is left out.
    pub(crate) fn blocks(
        &self,
        scope: &Scope,
        ask: impl Fn(&E::Cell) -> Option<Result<Ask<E::Order>, Failure>>,
    ) -> Vec<Block<E::Order>> {
        let mut groups: Vec<(&str, Vec<usize>)> = Vec::new();
        for (number, cell) in self.cells.iter().enumerate() {
            let group = cell.factors.group();
            match groups.iter_mut().find(|(name, _)| *name == group) {
                Some((_, cells)) => cells.push(number),
                None => groups.push((group, vec![number])),
            }
        }
        let sizes: Vec<usize> = groups.iter().map(|(_, cells)| cells.len()).collect();
        let most = self.cells.iter().map(|cell| cell.factors.blocks(scope.settings.blocks)).max();
        let plan = Shuffle::new(scope.settings.seed, E::ID).blocks(most.unwrap_or(0), &sizes);
        let trial = |number: usize, padding| {
            let ask = ask(&self.cells[number].factors)?;
            Some(Trial { subject: Subject::Cell(number), ask, padding })
        };
        let block = |(number, group, places): (u32, usize, Vec<Place>)| {
            let (name, cells) = &groups[group];
            let trials = places.into_iter().filter_map(|(place, padding)| trial(cells[place], padding));
            Block { number, group: (*name).to_owned(), gated: true, trials: trials.collect() }
        };
        plan.into_iter().map(block).filter(|block| !block.trials.is_empty()).collect()
    }
}

impl<E: Experiment> Underway for Seen<E> {
    fn id(&self) -> &'static str {
        E::ID
    }

    fn ids(&self) -> Vec<&str> {
        self.cells.iter().map(|cell| cell.id.as_str()).collect()
    }

    fn size(&self) -> (usize, usize) {
        let made = self.cells.iter().map(|cell| cell.observations.len()).sum::<usize>();
        (self.cells.len(), made + self.calibrations.len())
    }

    fn plan(&self, scope: &Scope) -> Vec<Block<Value>> {
        let order = |order: E::Order| to_value(&order);
        E::next(scope, self).into_iter().map(|block| block.map(order)).collect()
    }

    fn lacks(&self, block: u32, subject: &Subject) -> bool {
        match subject {
            Subject::Cell(cell) => self.cells[*cell].is_open() && !self.cells[*cell].has_block(block),
            Subject::Calibration { name, cells } => {
                cells.iter().any(|&cell| self.cells[cell].is_open()) && !self.calibrations.contains_key(name)
            }
        }
    }

    fn has_ended(&self, number: u32, group: &str) -> bool {
        self.has_ended(number, group)
    }

    fn repeats(&self, group: &str, number: Option<u32>) -> usize {
        let same = |(block, of): &&(u32, String)| of == group && number.is_none_or(|number| number == *block);
        self.repeated.iter().filter(same).count()
    }

    fn keep(&mut self, subject: &Subject, observed: Observed<Value>) -> Result<(), String> {
        let Observed { block, position, responses, usage, reason } = observed;
        let responses: E::Observation =
            serde_json::from_value(responses).map_err(|error| format!("no observation: {error}"))?;
        match subject {
            Subject::Cell(cell) => {
                let observed = Observed { block, position, responses, usage, reason };
                self.cells[*cell].observe(observed);
            }
            Subject::Calibration { name, .. } => match self.calibrations.entry(name.clone()) {
                Entry::Occupied(_) => return Err("a second answer".to_owned()),
                Entry::Vacant(place) => drop(place.insert(responses)),
            },
        }
        Ok(())
    }

    fn fail(&mut self, cells: &[usize], failure: &Failure) -> Vec<String> {
        let mut ended = Vec::new();
        for &cell in cells {
            let cell = &mut self.cells[cell];
            if cell.is_open() {
                cell.fail(failure.clone());
                ended.push(cell.id.clone());
            }
        }
        ended
    }

    fn end_block(&mut self, noise: &BlockNoise, again: bool) {
        if !again {
            self.blocks.push(noise.clone());
            return;
        }
        let of_group = |cell: &&mut CellRecord<E::Cell, _>| cell.factors.group() == noise.group;
        self.cells.iter_mut().filter(of_group).for_each(|cell| cell.forget(noise.block));
        self.repeated.push((noise.block, noise.group.clone()));
    }

    fn set_up(&mut self, setup: Value) -> Result<(), String> {
        self.setup = serde_json::from_value(setup).map_err(|error| format!("no setup: {error}"))?;
        Ok(())
    }

    fn setup(&self) -> Value {
        to_value(&self.setup)
    }

    fn cargo_bench(&mut self, stage: &mut Stage<'_>, scope: &Scope) {
        E::cargo_bench(stage, scope, self);
    }

    fn broken_blocks(&self) -> Vec<String> {
        let of_cell = |cell: &CellRecord<E::Cell, E::Observation>| {
            let group = cell.factors.group();
            let open = cell.observations.iter().filter(|made| !self.has_ended(made.block, group));
            let name = |block: u32| format!("block {} of {}", block + 1, full_group(E::ID, group));
            open.map(|made| name(made.block)).collect::<Vec<_>>()
        };
        self.cells.iter().flat_map(of_cell).unique().collect()
    }

    fn finish(self: Box<Self>, planned_blocks: u32) -> (RawExperiment, Vec<BlockNoise>) {
        let cells = self.cells.into_iter().map(|mut cell| {
            let made = cell.observations.len();
            let short = cell.status == Status::Ok && made < cell.factors.blocks(planned_blocks) as usize;
            if short {
                let all = cell.factors.blocks(planned_blocks);
                cell.reason = Some(format!("the run ended after {made} of {all} blocks"));
            }
            raw_cell(&cell)
        });
        let raw = RawExperiment {
            setup: to_value(&self.setup),
            calibrations: self
                .calibrations
                .iter()
                .map(|(name, seen)| (name.clone(), to_value(seen)))
                .collect(),
            cells: cells.collect(),
            findings: Value::Null,
        };
        (raw, self.blocks)
    }
}
