//! Completion: when the caller has the results of tasks, which it may want in their order, as they are completed, or by
//! callback.

mod analyse;
mod section;

use std::time::{Duration, Instant};

use concbench_constructs::ConstructError;
use concbench_constructs::completion::{CONSTRUCTS, FORMS, Form};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Ask, Block, Context, Experiment, MeasuredOf, RecordOf, Scope, Seen, View};
use crate::batch::PairedRatio;
use crate::record::{Factors, Failure, Response, Responses, Status};
use crate::report::{ReportError, Section};
use crate::runner::cpu_time::CpuMeter;
use crate::runner::{CellError, Desk};
use crate::time::nanoseconds;

/// How many batches come before those that count, and how long those that count take together.
const WARM_UP: u32 = 1;
const TIME: Duration = Duration::from_millis(25);
/// How long an observation takes beside that: the runner, the first batch, and looking at every result.
const REST: Duration = Duration::from_millis(75);

/// When results are there.
#[derive(Debug)]
pub(crate) struct Completion;

/// A construct, and how the caller gets the results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Cell {
    /// The construct's name.
    pub(crate) construct: String,
    /// How the results come.
    pub(crate) form: Form,
    /// How many workers it has; 1 for a loop.
    pub(crate) workers: u64,
}

impl Factors for Cell {
    fn id(&self) -> String {
        let form = match self.form {
            Form::Ordered => "ordered",
            Form::AsCompleted => "as-completed",
            Form::Callback => "callback",
        };
        format!("completion/{}/{form}@{}", self.construct, self.workers)
    }
}

/// What a runner is asked to do: run batches for about this long.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Order {
    construct: String,
    form: Form,
    workers: u64,
    time_ns: u64,
}

/// What the caller saw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Observation {
    /// Each batch that counts.
    pub(crate) batches: Vec<Batch>,
    /// The CPU time of a batch, in nanoseconds: of every process and thread; `null` where `cpu_reason` says why not.
    pub(crate) cpu_ns: Option<u64>,
    /// Why it is not known, if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cpu_reason: Option<String>,
}

/// When the results of a batch were there, in nanoseconds from its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Batch {
    /// The first.
    pub(crate) first_ns: u64,
    /// Half of them.
    pub(crate) half_ns: u64,
    /// The last.
    pub(crate) last_ns: u64,
}

impl Responses for Observation {
    fn responses(&self) -> Vec<Response> {
        let each = |of: fn(&Batch) -> u64| self.batches.iter().map(move |batch| of(batch) as f64);
        vec![
            Response::several("first_ns", each(|batch| batch.first_ns)),
            Response::several("half_ns", each(|batch| batch.half_ns)),
            Response::several("last_ns", each(|batch| batch.last_ns)),
            Response::maybe("cpu_ns", self.cpu_ns.map(|cpu| cpu as f64)),
        ]
    }
}

/// A ratio of two cells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Contrast {
    /// What is asked.
    pub(crate) about: About,
    /// The cell whose time stands above.
    pub(crate) above: String,
    /// The one whose time stands below.
    pub(crate) below: String,
    /// How many times as long it takes.
    pub(crate) time: PairedRatio,
}

/// What a contrast answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum About {
    /// How much longer the first result takes in order than as completed.
    First,
    /// How much longer the last result takes with the slowest construct than with the fastest.
    Last,
}

impl Experiment for Completion {
    const ID: &'static str = "completion";
    const QUESTION: &'static str = "how soon is each result there: in order, as completed, by callback?";
    const HEADLINES: &'static [&'static str] = &["first_ns", "half_ns", "last_ns", "cpu_ns"];

    type Setup = ();
    type Cell = Cell;
    type Order = Order;
    type Observation = Observation;
    type Findings = Vec<Contrast>;

    fn cells(scope: &Scope) -> Vec<Cell> {
        let cell = |construct: &str, form| Cell {
            construct: construct.to_owned(),
            form,
            workers: if construct == "sequential" { 1 } else { scope.cores() },
        };
        CONSTRUCTS.iter().flat_map(|construct| FORMS.map(|form| cell(construct.id, form))).collect()
    }

    fn estimate(scope: &Scope, cells: &[Cell]) -> Duration {
        (TIME + REST) * scope.settings.blocks * cells.len() as u32
    }

    fn setup(_: &Scope, _: &[Cell]) {}

    fn next(scope: &Scope, seen: &Seen<Self>) -> Vec<Block<Order>> {
        seen.blocks(scope, |cell| Some(ask(scope, cell)))
    }

    fn observe(order: Order, _: &mut Desk<'_>) -> Result<Observation, CellError> {
        observe(&order)
    }

    fn analyse(measured: &MeasuredOf<Self>, _: &Context<'_>) -> Vec<Contrast> {
        analyse::analyse(&measured.cells)
    }

    fn sections(record: &RecordOf<Self>, _: &View<'_>) -> Result<Vec<Section>, ReportError> {
        Ok(vec![section::section(record)?])
    }
}

fn ask(scope: &Scope, cell: &Cell) -> Result<Ask<Order>, Failure> {
    let construct = CONSTRUCTS.iter().find(|construct| construct.id == cell.construct);
    let construct = construct.ok_or_else(|| Failure::new(Status::Skipped, "there is no such construct"))?;
    construct.form(cell.form).map_err(|why| Failure::new(Status::Unsupported, why))?;
    let order = Order {
        construct: cell.construct.clone(),
        form: cell.form,
        workers: cell.workers,
        time_ns: nanoseconds(TIME),
    };
    Ok(Ask { order, work: None, deadline: scope.settings.deadline })
}

fn observe(order: &Order) -> Result<Observation, CellError> {
    let Some(construct) = CONSTRUCTS.iter().find(|construct| construct.id == order.construct) else {
        return Err(CellError::Order(format!("there is no construct `{}`", order.construct)));
    };
    let mut running = construct.start(order.workers as usize).map_err(failed)?;
    for _ in 0..WARM_UP {
        running.batch(order.form).and_then(|seen| seen.checked(order.form)).map_err(failed)?;
    }
    let (begun, time) = (Instant::now(), Duration::from_nanos(order.time_ns));
    let (mut seen, mut cpu) = (Vec::new(), Ok(0));
    while seen.is_empty() || begun.elapsed() < time {
        let meter = CpuMeter::start();
        seen.push(running.batch(order.form).map_err(failed)?);
        let used = meter.stop();
        cpu = cpu.and_then(|sum| Ok::<u64, String>(sum + used?));
    }
    let count = seen.len() as u64;
    let batch = |seen: &concbench_constructs::completion::Seen| {
        let times = seen.checked(order.form).map_err(failed)?;
        Ok(Batch {
            first_ns: nanoseconds(times.first),
            half_ns: nanoseconds(times.half),
            last_ns: nanoseconds(times.last),
        })
    };
    let batches = seen.iter().map(batch).collect::<Result<_, CellError>>()?;
    let (cpu_ns, cpu_reason) = match cpu {
        Ok(cpu) => (Some(cpu / count), None),
        Err(reason) => (None, Some(reason)),
    };
    Ok(Observation { batches, cpu_ns, cpu_reason })
}

fn failed(error: ConstructError) -> CellError {
    match error {
        ConstructError::Model(error) => CellError::Model(error),
        ConstructError::Wrong(what) => CellError::Other(what),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::experiment::conduct::mock::{MockLauncher, broken};
    use crate::experiment::rehearsal::{BLOCKS, rehearse, scope, takes};
    use crate::record::{CellRecord, RawExperiment};

    /// What would be found on two cores where results in order come ten times as late, and one construct may break.
    fn measured(breaks: &str) -> RawExperiment {
        let mut launcher = MockLauncher::new(|_, id, _| match id.contains(breaks) {
            true => Err(broken()),
            false => {
                let first = if id.contains("/ordered@") { 1_000_000 } else { 100_000 };
                let batch = json!({ "first_ns": first, "half_ns": 4_000_000, "last_ns": 8_000_000 });
                Ok(json!({ "batches": [batch, batch], "cpu_ns": 9_000_000 }))
            }
        });
        let mut record =
            rehearse(Completion::ID, &scope(Vec::new(), 2, false, 7), None, &|_| true, &mut launcher);
        record.experiments.remove(Completion::ID).unwrap()
    }

    #[test]
    fn every_form_is_observed_in_each_block_or_says_why_there_is_none() {
        let found = measured("nothing");
        assert_eq!(found.cells.len(), CONSTRUCTS.len() * FORMS.len());
        for cell in &found.cells {
            match cell.id.as_str() {
                "completion/sequential/as-completed@1" => assert_eq!(cell.status, Status::Unsupported),
                _ => assert_eq!(cell.observations.len(), BLOCKS as usize, "{}", cell.id),
            }
        }
        let found: Vec<Contrast> = serde_json::from_value(found.findings).unwrap();
        let first: Vec<_> = found.iter().filter(|found| found.about == About::First).collect();
        assert_eq!(first.len(), CONSTRUCTS.len() - 1, "all but the loop have both forms");
        assert!(first.iter().all(|found| (found.time.ratio - 10.0).abs() < 1e-9 && found.time.is_sure()));
    }

    #[test]
    fn only_what_is_surely_behind_is_said_to_take_longer() {
        let found = measured("nothing");
        let cells: Vec<CellRecord<Cell, Observation>> =
            serde_json::from_value(serde_json::to_value(&found.cells).unwrap()).unwrap();
        let mut findings = analyse::analyse(&cells);
        let said = |findings: &[Contrast]| section::sentences(&cells, findings).join("\n");
        let first = "as long in order as it does as completed";
        assert!(said(&findings).contains(first), "{}", said(&findings));
        for found in &mut findings {
            (found.time.ratio, found.time.low, found.time.high) = (0.8, 0.7, 0.9);
        }
        assert!(
            !said(&findings).contains(first) && !said(&findings).contains("; with"),
            "{}",
            said(&findings)
        );
    }

    #[test]
    fn a_construct_that_breaks_keeps_its_reason_and_is_told_of_in_no_sentence() {
        let found = measured("/tokio/");
        let of_tokio = |cell: &&crate::record::RawCell| cell.id.contains("/tokio/");
        assert!(found.cells.iter().filter(of_tokio).all(|cell| cell.status == Status::Crashed));
        let cells: Vec<CellRecord<Cell, Observation>> =
            serde_json::from_value(serde_json::to_value(&found.cells).unwrap()).unwrap();
        let findings = analyse::analyse(&cells);
        assert!(section::sentences(&cells, &findings).iter().all(|line| !line.contains("tokio")));
        let record =
            crate::record::ExperimentRecord { setup: (), calibrations: Default::default(), cells, findings };
        let section = section::section(&record).unwrap();
        assert_eq!(section.charts().count(), FORMS.len());
        let rows = &section.tables[0].table.rows;
        assert!(!rows.is_empty() && rows.iter().all(|row| row[0] != "tokio"), "{rows:?}");
    }

    #[test]
    fn a_loop_is_measured_as_it_is_ordered() {
        let order =
            Order { construct: "sequential".to_owned(), form: Form::Ordered, workers: 1, time_ns: 1_000_000 };
        let seen = observe(&order).unwrap();
        let batch = seen.batches[0];
        assert!(batch.first_ns <= batch.half_ns && batch.half_ns <= batch.last_ns, "{seen:?}");
        let unknown = observe(&Order { construct: "astrology".to_owned(), ..order });
        assert_eq!(unknown.unwrap_err().status(), Status::Failed);
    }

    #[test]
    fn it_takes_at_most_a_minute_and_a_quick_run_a_quarter_of_that() {
        for cores in [2, 16] {
            let [usual, quick] = takes::<Completion>(cores);
            assert!(usual <= Duration::from_secs(60), "{usual:?} on {cores} cores");
            assert!(quick <= Duration::from_secs(15), "{quick:?} on {cores} cores");
        }
    }
}
