//! Cancellation: what happens when tasks are cancelled, and what cannot be.

mod charts;
mod observe;
mod plan;
mod points;
mod section;
mod tables;

use std::time::Duration;

use concbench_cancellation::{CONSTRUCTS, Construct};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Block, Context, Experiment, MeasuredOf, RecordOf, Scope, Seen, View};
use crate::model::Family;
use crate::record::{Factors, Response, Responses};
use crate::report::{ReportError, Section};
use crate::runner::{CellError, Desk};

/// What happens when tasks are cancelled.
#[derive(Debug)]
pub(crate) struct Cancellation;

/// What tasks do that are cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Doing {
    /// They wait.
    Waiting,
    /// They compute.
    Computing,
}

impl std::fmt::Display for Doing {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(match self {
            Self::Waiting => "waiting",
            Self::Computing => "computing",
        })
    }
}

/// So many tasks that are cancelled in one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Cell {
    /// The way, by its name; that of a model which has none of its own.
    pub(crate) construct: String,
    /// The model whose tasks these are, by its id.
    pub(crate) model: String,
    /// Its family.
    pub(crate) family: Family,
    /// What they do.
    pub(crate) doing: Doing,
    /// How many there are.
    pub(crate) tasks: u64,
    /// How many workers run them, where these are counted.
    pub(crate) workers: u64,
}

impl Cell {
    /// The way itself; `None` where this version knows none of that name.
    pub(crate) fn way(&self) -> Option<&'static Construct> {
        CONSTRUCTS.iter().find(|construct| construct.id == self.construct)
    }
}

impl Factors for Cell {
    fn id(&self) -> String {
        format!("cancellation/{}/{}@{}", self.construct, self.doing, self.tasks)
    }

    fn group(&self) -> &str {
        &self.construct
    }
}

/// What a runner is asked to do: start these tasks and cancel them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Order {
    construct: String,
    doing: Doing,
    tasks: u64,
    workers: u64,
}

/// What became of tasks that were cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Observation {
    /// From the request until the last task had ended, in nanoseconds.
    pub(crate) ended_ns: u64,
    /// How many tasks had begun.
    pub(crate) begun: u64,
    /// How many ran their destructors.
    pub(crate) destructors: u64,
    /// How many steps of 100 microseconds were computed after the request.
    pub(crate) wasted_steps: u64,
    /// Whether what the first task held was still held.
    pub(crate) held: bool,
    /// CPU time of all this from the start of the tasks, in nanoseconds; `null` where `cpu_reason` says why.
    pub(crate) cpu_ns: Option<u64>,
    /// Why it is not known, if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cpu_reason: Option<String>,
}

impl Responses for Observation {
    fn responses(&self) -> Vec<Response> {
        vec![
            Response::one("ended_ns", self.ended_ns as f64),
            Response::one("destructors", self.destructors as f64),
            Response::one("begun", self.begun as f64),
            Response::one("wasted_steps", self.wasted_steps as f64),
            Response::one("still_held", f64::from(u8::from(self.held))),
            Response::maybe("cpu_ns", self.cpu_ns.map(|cpu| cpu as f64)),
        ]
    }
}

impl Experiment for Cancellation {
    const ID: &'static str = "cancellation";
    const QUESTION: &'static str = "what happens when tasks are cancelled?";
    const HEADLINES: &'static [&'static str] = &["ended_ns"];

    type Setup = ();
    type Cell = Cell;
    type Order = Order;
    type Observation = Observation;
    type Findings = ();

    fn cells(scope: &Scope) -> Vec<Cell> {
        plan::cells(scope)
    }

    fn estimate(scope: &Scope, cells: &[Cell]) -> Duration {
        plan::estimate(scope, cells)
    }

    fn setup(_: &Scope, _: &[Cell]) {}

    fn next(scope: &Scope, seen: &Seen<Self>) -> Vec<Block<Order>> {
        seen.blocks(scope, |cell| Some(plan::ask(scope, cell)))
    }

    fn observe(order: Order, _: &mut Desk<'_>) -> Result<Observation, CellError> {
        observe::observe(&order)
    }

    fn analyse(_: &MeasuredOf<Self>, _: &Context<'_>) {}

    fn sections(record: &RecordOf<Self>, _: &View<'_>) -> Result<Vec<Section>, ReportError> {
        Ok(vec![section::section(record)?])
    }
}

#[cfg(test)]
mod tests {
    use concbench_cancellation::ABSENT;
    use serde_json::json;

    use super::*;
    use crate::experiment::conduct::mock::MockLauncher;
    use crate::experiment::rehearsal::{rehearse, scope, takes};
    use crate::models::{BuiltIn, Catalogue};
    use crate::record::{CellRecord, ExperimentRecord};
    use crate::report::Element;

    #[test]
    fn what_is_lost_and_wasted_is_drawn_and_what_has_no_way_is_named() {
        let mut launcher = MockLauncher::new(|_, id, _| {
            let killed = id.contains("/process-kill/");
            let (destructors, wasted) =
                (if killed { 0 } else { 8 }, u64::from(id.contains("blocking")) * 400);
            Ok(json!({
                "ended_ns": 1_000_000, "begun": 8, "destructors": destructors, "wasted_steps": wasted, "held": killed,
                "cpu_ns": 2_000_000,
            }))
        });
        let mut record =
            rehearse(Cancellation::ID, &scope(Vec::new(), 2, false, 7), None, &|_| true, &mut launcher);
        let found =
            serde_json::to_value(&record.experiments.remove(Cancellation::ID).unwrap().cells).unwrap();
        let cells: Vec<CellRecord<Cell, Observation>> = serde_json::from_value(found).unwrap();
        let record = ExperimentRecord { setup: (), calibrations: Default::default(), cells, findings: () };
        let section = section::section(&record).unwrap();
        let rows = |slug: &str| {
            let chart = section.charts().find(|chart| chart.slug == slug).unwrap();
            assert_eq!(chart.table.rows.len(), CONSTRUCTS.len(), "{slug}");
            chart.table.rows.iter().map(|row| row.join(" ")).collect::<Vec<_>>()
        };
        assert!(rows("cancelled-became").contains(&"process-kill 0 8 0".to_owned()));
        assert!(rows("cancelled-wasted").contains(&"spawn-blocking 40.0 ms".to_owned()));
        let without = section.body.iter().find_map(|element| match element {
            Element::Without(without) => Some(without),
            _ => None,
        });
        assert_eq!(without.unwrap().len(), ABSENT.len());
    }

    #[test]
    fn every_model_has_a_way_to_cancel_its_tasks_or_says_why_not() {
        for info in BuiltIn::infos() {
            let has_one = CONSTRUCTS.iter().any(|construct| construct.model == info.id);
            let absent = ABSENT.iter().filter(|(model, _)| *model == info.id).count();
            assert_eq!(usize::from(has_one) + absent, 1, "{}", info.id);
        }
    }

    #[test]
    fn it_takes_at_most_a_minute_and_a_quick_run_a_quarter_of_that() {
        for cores in [2, 16] {
            let [usual, quick] = takes::<Cancellation>(cores);
            assert!(usual <= Duration::from_secs(60), "{usual:?} on {cores} cores");
            assert!(quick <= Duration::from_secs(15), "{quick:?} on {cores} cores");
        }
    }
}
