//! Tree: what tasks cost that start tasks.

mod analyse;
mod observe;
mod section;

use std::time::Duration;

use concbench_constructs::tree::{ABSENT, CONSTRUCTS, FORMS, Form, Growth};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Ask, Block, Context, Experiment, MeasuredOf, RecordOf, Scope, Seen, View};
use crate::batch::PairedRatio;
use crate::record::{Factors, Failure, Response, Responses, Status};
use crate::report::{ReportError, Section};
use crate::runner::{CellError, Desk};
use crate::time::nanoseconds;

/// How the trees grow: ten children a task down to a hundred, a thousand and a hundred thousand leaves, and two a task, deep.
const TREES: [Growth; 4] = [
    Growth { children: 10, depth: 2 },
    Growth { children: 10, depth: 3 },
    Growth { children: 10, depth: 5 },
    Growth { children: 2, depth: 16 },
];
/// How long the trees of an observation take together; there is at least one behind the first.
const TIME: Duration = Duration::from_millis(25);
/// How long an observation takes beside that: the runner, the first tree.
const REST: Duration = Duration::from_millis(60);

/// What tasks cost that start tasks.
#[derive(Debug)]
pub(crate) struct Tree;

/// A tree, and how it grows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Cell {
    /// The construct's name; that of a model which has none of its own.
    pub(crate) construct: String,
    /// How a task gets what its children return.
    pub(crate) form: Form,
    /// How many tasks each task starts.
    pub(crate) children: u64,
    /// How many times.
    pub(crate) depth: u32,
    /// How many workers there are.
    pub(crate) workers: u64,
}

impl Cell {
    fn growth(&self) -> Growth {
        Growth { children: self.children, depth: self.depth }
    }
}

impl Factors for Cell {
    fn id(&self) -> String {
        let form = match self.form {
            Form::Result => "result",
            Form::Callback => "callback",
        };
        format!("tree/{}/{form}/{}^{}@{}", self.construct, self.children, self.depth, self.workers)
    }
}

/// What a runner is asked to do: grow trees for about this long.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Order {
    construct: String,
    form: Form,
    growth: Growth,
    workers: u64,
    time_ns: u64,
}

/// What the trees took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Observation {
    /// How many tasks a tree has.
    pub(crate) tasks: u64,
    /// What the first tree took, in nanoseconds.
    pub(crate) first_ns: u64,
    /// What those after it took, each.
    pub(crate) trees_ns: Vec<u64>,
    /// The CPU time of one of these, in nanoseconds: of every process and thread; `null` where `cpu_reason` says why not.
    pub(crate) cpu_ns: Option<u64>,
    /// Why it is not known, if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cpu_reason: Option<String>,
    /// What a tree holds, in bytes: by how much what is resident rose at the peak of the first tree; for one of processes,
    /// what all of them hold while it stands, shared pages in parts (PSS), and their page tables. `null` where
    /// `held_reason` says why not.
    pub(crate) held_bytes: Option<u64>,
    /// Why it is not known, if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) held_reason: Option<String>,
}

impl Responses for Observation {
    fn responses(&self) -> Vec<Response> {
        let tasks = self.tasks.max(1) as f64;
        vec![
            Response::several("task_ns", self.trees_ns.iter().map(|&tree| tree as f64 / tasks)),
            Response::maybe("task_cpu_ns", self.cpu_ns.map(|cpu| cpu as f64 / tasks)),
            Response::maybe("held_bytes", self.held_bytes.map(|held| held as f64)),
            Response::one("first_tree_ns", self.first_ns as f64),
        ]
    }
}

/// A ratio of two cells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Contrast {
    /// What is asked.
    pub(crate) about: About,
    /// The cell whose time a task stands above.
    pub(crate) above: String,
    /// The one whose time stands below.
    pub(crate) below: String,
    /// How many times as long a task takes.
    pub(crate) time: PairedRatio,
}

/// What a contrast answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum About {
    /// What a task costs over a call.
    Call,
    /// Which of two joins is cheaper.
    Join,
    /// What calling back costs over waiting.
    Callback,
}

impl Experiment for Tree {
    const ID: &'static str = "tree";
    const QUESTION: &'static str = "what do tasks cost that start tasks?";
    const HEADLINES: &'static [&'static str] = &["task_ns", "task_cpu_ns", "held_bytes"];

    type Setup = ();
    type Cell = Cell;
    type Order = Order;
    type Observation = Observation;
    type Findings = Vec<Contrast>;

    fn cells(scope: &Scope) -> Vec<Cell> {
        let mut cells = Vec::new();
        for construct in &CONSTRUCTS {
            for growth in TREES {
                cells.extend(FORMS.map(|form| Cell {
                    construct: construct.id.to_owned(),
                    form,
                    children: growth.children,
                    depth: growth.depth,
                    workers: if construct.uses_workers { scope.cores() } else { 1 },
                }));
            }
        }
        cells.extend(ABSENT.map(|(model, _)| Cell {
            construct: model.to_owned(),
            form: Form::Result,
            children: TREES[0].children,
            depth: TREES[0].depth,
            workers: 1,
        }));
        cells
    }

    fn estimate(scope: &Scope, cells: &[Cell]) -> Duration {
        let measured = cells.iter().filter(|cell| ask(scope, cell).is_ok());
        (TIME + REST) * scope.settings.blocks * measured.count() as u32
    }

    fn setup(_: &Scope, _: &[Cell]) {}

    fn next(scope: &Scope, seen: &Seen<Self>) -> Vec<Block<Order>> {
        seen.blocks(scope, |cell| Some(ask(scope, cell)))
    }

    fn observe(order: Order, _: &mut Desk<'_>) -> Result<Observation, CellError> {
        observe::observe(&order)
    }

    fn analyse(measured: &MeasuredOf<Self>, _: &Context<'_>) -> Vec<Contrast> {
        analyse::analyse(&measured.cells)
    }

    fn sections(record: &RecordOf<Self>, _: &View<'_>) -> Result<Vec<Section>, ReportError> {
        Ok(vec![section::section(record)?])
    }
}

fn ask(scope: &Scope, cell: &Cell) -> Result<Ask<Order>, Failure> {
    if let Some((_, absence)) = ABSENT.iter().find(|(model, _)| *model == cell.construct) {
        return Err(Failure::absent(*absence));
    }
    let construct = CONSTRUCTS.iter().find(|construct| construct.id == cell.construct);
    let construct = construct.ok_or_else(|| Failure::new(Status::Skipped, "there is no such construct"))?;
    construct.can(cell.growth(), cell.form).map_err(|why| Failure::new(Status::Unsupported, why))?;
    let order = Order {
        construct: cell.construct.clone(),
        form: cell.form,
        growth: cell.growth(),
        workers: cell.workers,
        time_ns: nanoseconds(TIME),
    };
    Ok(Ask { order, work: None, deadline: scope.settings.deadline })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::experiment::conduct::mock::{MockLauncher, broken};
    use crate::experiment::rehearsal::{BLOCKS, rehearse, scope, takes};
    use crate::models::{BuiltIn, Catalogue};
    use crate::record::{CellRecord, RawExperiment};

    /// What would be found on two cores where a call takes 2 ns and a task 100, but 80 with chili, and one construct may
    /// break.
    fn measured(breaks: &str) -> RawExperiment {
        let mut launcher = MockLauncher::new(|_, id, request| match id.contains(breaks) {
            true => Err(broken()),
            false => {
                let growth: Growth = serde_json::from_value(request.order["observe"]["growth"].clone())
                    .unwrap_or(Growth { children: 10, depth: 2 });
                let each = match id.split('/').nth(1) {
                    Some("sequential") => 2,
                    Some("chili") => 80,
                    _ => 100,
                };
                let tree = growth.tasks() * each;
                Ok(
                    json!({ "tasks": growth.tasks(), "first_ns": tree, "trees_ns": [tree], "cpu_ns": tree, "held_bytes": 4096 }),
                )
            }
        });
        let mut record = rehearse(Tree::ID, &scope(Vec::new(), 2, false, 7), None, &|_| true, &mut launcher);
        record.experiments.remove(Tree::ID).unwrap()
    }

    #[test]
    fn every_tree_is_observed_in_each_block_or_says_why_it_cannot_grow() {
        let found = measured("nothing");
        assert_eq!(found.cells.len(), CONSTRUCTS.len() * TREES.len() * FORMS.len() + ABSENT.len());
        for cell in &found.cells {
            match cell.status {
                Status::Ok => assert_eq!(cell.observations.len(), BLOCKS as usize, "{}", cell.id),
                status => assert!(
                    matches!(status, Status::Unsupported | Status::Skipped) && cell.reason.is_some(),
                    "{}: {status}",
                    cell.id
                ),
            }
        }
        let reason = |id: &str| {
            let cell = found.cells.iter().find(|cell| cell.id == id).unwrap();
            cell.reason.clone().unwrap_or_default()
        };
        assert!(reason("tree/thread-pool/result/10^2@2").contains("keeps its worker"));
        assert_ne!(reason("tree/process-fork/result/10^5@1"), "");
        assert_eq!(reason("tree/thread-pool/callback/10^5@2"), "");
        assert!(reason("tree/process-pool/result/10^2@1").contains("a worker cannot hand one on"));
        assert_eq!(reason("tree/rayon-iter/result/10^2@1"), "as `rayon`, which is measured");
        let contrasts: Vec<Contrast> = serde_json::from_value(found.findings).unwrap();
        let call = contrasts.iter().find(|found| found.about == About::Call).unwrap();
        assert!((call.time.ratio - 50.0).abs() < 1e-9, "{call:?}");
    }

    #[test]
    fn every_model_is_a_construct_or_says_why_it_is_none() {
        for info in BuiltIn::infos() {
            let known = CONSTRUCTS.iter().map(|construct| construct.id).chain(ABSENT.map(|(model, _)| model));
            assert_eq!(known.filter(|id| *id == info.id).count(), 1, "{}", info.id);
        }
    }

    #[test]
    fn what_a_join_costs_is_told_of_a_task() {
        let found = measured("nothing");
        let cells: Vec<CellRecord<Cell, Observation>> =
            serde_json::from_value(serde_json::to_value(&found.cells).unwrap()).unwrap();
        let sentences = section::sentences(&cells, &analyse::analyse(&cells)).join("\n");
        let told =
            "16 deep, a task and its part of the joins take 100 ns with rayon and 80.0 ns with chili: 1.25";
        assert!(sentences.contains(told), "{sentences}");
    }

    #[test]
    fn a_construct_that_breaks_is_told_of_in_no_sentence() {
        let found = measured("/tokio/");
        let cells: Vec<CellRecord<Cell, Observation>> =
            serde_json::from_value(serde_json::to_value(&found.cells).unwrap()).unwrap();
        let findings = analyse::analyse(&cells);
        let sentences = section::sentences(&cells, &findings);
        assert!(sentences.len() > 1 && sentences.iter().all(|line| !line.contains("tokio")), "{sentences:?}");
        let record =
            crate::record::ExperimentRecord { setup: (), calibrations: Default::default(), cells, findings };
        let section = section::section(&record).unwrap();
        assert_eq!((section.charts().count(), section.tables.len()), (3, 2));
        let mut rows = section.tables.iter().flat_map(|table| &table.table.rows);
        assert!(rows.all(|row| row[0] != "tokio"));
    }

    #[test]
    fn it_takes_at_most_two_minutes_and_a_quick_run_a_quarter_of_that() {
        for cores in [2, 16] {
            let [usual, quick] = takes::<Tree>(cores);
            assert!(usual <= Duration::from_secs(120), "{usual:?} on {cores} cores");
            assert!(quick <= Duration::from_secs(30), "{quick:?} on {cores} cores");
        }
    }
}
