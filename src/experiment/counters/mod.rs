//! Counters: what each model asks of the processor and the kernel for the same work, which is where its time goes.

mod analyse;
mod section;

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Ask, Block, Context, Experiment, MeasuredOf, RecordOf, Scope, Seen, View};
use crate::batch::observe::counted;
use crate::batch::work_of;
use crate::model::Family;
use crate::record::{Factors, Failure, Response, Responses, Status};
use crate::report::{ReportError, Section};
use crate::runner::counters::Event;
use crate::runner::{CellError, Desk};

/// How often each cell is counted, unless the run has fewer blocks: counts vary less than times.
const MOST_BLOCKS: u32 = 3;
/// About how long an observation takes: its warm batches last 60 ms, and then it starts and ends.
const OBSERVATION: Duration = Duration::from_millis(160);

/// Why one model is faster than another.
#[derive(Debug)]
pub(crate) struct Counters;

/// A workload under a model: the ranked cells of the matrix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Cell {
    /// The workload's name.
    pub(crate) workload: String,
    /// The model's id.
    pub(crate) model: String,
    /// Its family.
    pub(crate) family: Family,
    /// How many workers it has.
    pub(crate) workers: u64,
}

impl Cell {
    /// The cell of the matrix that does the same.
    fn ranked(&self) -> String {
        format!("{}/{}@{}", self.workload, self.model, self.workers)
    }
}

impl Factors for Cell {
    fn id(&self) -> String {
        format!("{}/{}", Counters::ID, self.ranked())
    }

    fn workload(&self) -> Option<&str> {
        Some(&self.workload)
    }

    fn blocks(&self, of_run: u32) -> u32 {
        of_run.min(MOST_BLOCKS)
    }
}

/// What was counted of the warm batches of a runner, of all its threads and of every process that it started. Counting
/// slows down what is counted: the times stand here to be held against the counts, and are no times of the matrix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Observation {
    /// How many warm batches there were.
    pub(crate) batches: u64,
    /// How many tasks a batch has.
    pub(crate) tasks: u64,
    /// A warm batch while it is counted, in nanoseconds: the median; `null` where none was run.
    pub(crate) counted_ns: Option<f64>,
    /// Instructions of all warm batches; `null`, as any other count, where `reasons` says why.
    pub(crate) instructions: Option<f64>,
    /// Cycles.
    pub(crate) cycles: Option<f64>,
    /// Branches predicted wrongly.
    pub(crate) branch_misses: Option<f64>,
    /// Accesses to memory that no cache could answer.
    pub(crate) cache_misses: Option<f64>,
    /// Threads that went on on another core.
    pub(crate) migrations: Option<f64>,
    /// Threads that gave a core away or lost it.
    pub(crate) context_switches: Option<f64>,
    /// Pages that were first touched.
    pub(crate) page_faults: Option<f64>,
    /// Workers that the model's own runtime put to sleep for want of work, by its own count.
    pub(crate) parks: Option<f64>,
    /// Whether the counts of the processor are those of user mode only.
    pub(crate) user_only: bool,
    /// Why something was not counted, by its name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) reasons: BTreeMap<String, String>,
}

/// A count: its name in the record, its name for people, and how it is read.
type Count = (&'static str, &'static str, fn(&Observation) -> Option<f64>);

/// All of them.
pub(crate) const COUNTS: [Count; 8] = [
    ("instructions", "instructions", |made| made.instructions),
    ("cycles", "cycles", |made| made.cycles),
    ("branch_misses", "mispredicted branches", |made| made.branch_misses),
    ("cache_misses", "cache misses", |made| made.cache_misses),
    ("migrations", "migrations between cores", |made| made.migrations),
    ("context_switches", "context switches", |made| made.context_switches),
    ("page_faults", "page faults", |made| made.page_faults),
    ("parks", "sleeping workers of its runtime", |made| made.parks),
];

impl Observation {
    /// A count of one batch, from that of all of them.
    pub(crate) fn each(&self, all: Option<f64>) -> Option<f64> {
        all.filter(|_| self.batches > 0).map(|all| all / self.batches as f64)
    }
}

impl Responses for Observation {
    fn responses(&self) -> Vec<Response> {
        let counts = COUNTS.iter().map(|(name, _, of)| Response::maybe(name, self.each(of(self))));
        counts.chain([Response::maybe("counted_ns", self.counted_ns)]).collect()
    }

    fn batches(&self) -> u64 {
        self.batches + 1
    }
}

/// What goes with the time of a workload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Why {
    /// The workload's name.
    pub(crate) workload: String,
    /// Each count that is known of three models at least, the one that goes with time most closely first.
    pub(crate) associations: Vec<Association>,
}

/// How closely a count goes with time over the models of a workload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Association {
    /// The count's name.
    pub(crate) count: String,
    /// Kendall's tau of time and count over the models: 1 where the slower of two always counts more, -1 where it always
    /// counts less.
    pub(crate) tau: f64,
    /// The p-value of "they have nothing to do with each other".
    pub(crate) p: f64,
    /// Over how many models.
    pub(crate) models: u64,
}

impl Experiment for Counters {
    const ID: &'static str = "counters";
    const QUESTION: &'static str =
        "why is one model faster: what does each ask of the processor and the kernel?";
    const HEADLINES: &'static [&'static str] = &["instructions", "cycles", "context_switches"];

    type Setup = ();
    type Cell = Cell;
    type Order = ();
    type Observation = Observation;
    type Findings = Vec<Why>;

    fn cells(scope: &Scope) -> Vec<Cell> {
        let ranked = scope.spec.cells.iter().filter(|cell| cell.ranked && !cell.twin);
        let cell = |cell: &crate::spec::CellSpec| Cell {
            workload: scope.spec.workload_of(cell).definition.name.clone(),
            model: cell.model.id.to_owned(),
            family: cell.model.family,
            workers: cell.workers,
        };
        ranked.map(cell).collect()
    }

    fn estimate(scope: &Scope, cells: &[Cell]) -> Duration {
        OBSERVATION * scope.settings.blocks.min(MOST_BLOCKS) * cells.len() as u32
    }

    fn setup(_: &Scope, _: &[Cell]) {}

    fn next(scope: &Scope, seen: &Seen<Self>) -> Vec<Block<()>> {
        seen.blocks(scope, |cell| Some(ask(scope, cell)))
    }

    fn observe((): (), desk: &mut Desk<'_>) -> Result<Observation, CellError> {
        let (batches, counted) = counted(desk)?;
        let warm = Responses::batches(&batches) - 1;
        let of = |event: Event| counted.events.get(&event).and_then(|count| count.as_ref().ok().copied());
        let why = |(event, count): (&Event, &Result<f64, String>)| {
            Some((name_of(*event).to_owned(), count.as_ref().err()?.clone()))
        };
        let mut reasons: BTreeMap<String, String> = counted.events.iter().filter_map(why).collect();
        if counted.parks.is_none() {
            reasons
                .insert("parks".to_owned(), "its runtime has no such count, or it has no runtime".to_owned());
        }
        Ok(Observation {
            batches: warm,
            tasks: batches.tasks,
            counted_ns: batches.steady_ns(),
            instructions: of(Event::Instructions),
            cycles: of(Event::Cycles),
            branch_misses: of(Event::BranchMisses),
            cache_misses: of(Event::CacheMisses),
            migrations: of(Event::Migrations),
            context_switches: of(Event::ContextSwitches),
            page_faults: of(Event::PageFaults),
            parks: counted.parks.map(|parks| parks as f64),
            user_only: counted.user_only,
            reasons,
        })
    }

    fn analyse(measured: &MeasuredOf<Self>, _: &Context<'_>) -> Vec<Why> {
        analyse::analyse(&measured.cells)
    }

    fn sections(record: &RecordOf<Self>, _: &View<'_>) -> Result<Vec<Section>, ReportError> {
        Ok(vec![section::section(record)])
    }
}

fn name_of(event: Event) -> &'static str {
    match event {
        Event::Instructions => "instructions",
        Event::Cycles => "cycles",
        Event::BranchMisses => "branch_misses",
        Event::CacheMisses => "cache_misses",
        Event::Migrations => "migrations",
        Event::ContextSwitches => "context_switches",
        Event::PageFaults => "page_faults",
    }
}

fn ask(scope: &Scope, cell: &Cell) -> Result<Ask<()>, Failure> {
    let missing = || Failure::new(Status::Skipped, "the definitions have no such cell");
    let spec = scope.cell(&cell.ranked()).ok_or_else(missing)?;
    // A run that was not measured before has no pace: a batch may take as long as the deadline of the run allows.
    Ok(Ask { order: (), work: Some(work_of(&scope.spec, spec)), deadline: scope.settings.deadline })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::experiment::conduct::mock::MockLauncher;
    use crate::experiment::rehearsal::{rehearse, scope};
    use crate::spec::default_definitions;

    /// Models of which the slower ones switch more often, on a machine that shows no counters of its processor.
    fn answer(id: &str) -> serde_json::Value {
        let rank = id.bytes().map(u64::from).sum::<u64>() % 997;
        json!({
            "batches": 10, "tasks": 64, "counted_ns": 1_000.0 + rank as f64, "instructions": null, "cycles": null,
            "branch_misses": null, "cache_misses": null, "migrations": 0.0,
            "context_switches": 10.0 * rank as f64, "page_faults": 5.0, "parks": null, "user_only": false,
            "reasons": {
                "instructions": "no such counter", "cycles": "no such counter", "branch_misses": "no such counter",
                "cache_misses": "no such counter", "parks": "no runtime",
            },
        })
    }

    #[test]
    fn every_ranked_cell_is_counted_and_what_goes_with_time_is_found() {
        let scope = scope(default_definitions(), 2, false, 7);
        let mut launcher = MockLauncher::new(|_, id, _| Ok(answer(id)));
        let keeps = |id: &str| id.contains("/noop/");
        let record = rehearse(Counters::ID, &scope, None, &keeps, &mut launcher);
        let found = &record.experiments[Counters::ID];
        assert!(found.cells.len() > 10 && found.cells.iter().all(|cell| cell.status == Status::Ok));
        assert!(found.cells.iter().all(|cell| cell.observations.len() == 3));
        let first = &found.findings[0]["associations"][0];
        assert_eq!((&first["count"], &first["tau"]), (&json!("context_switches"), &json!(1.0)));
        let cell = &found.cells[0];
        assert!(!cell.summary.contains_key("instructions") && cell.summary.contains_key("context_switches"));
    }
}
