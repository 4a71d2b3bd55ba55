//! Messaging: what it costs to hand a message over, by the channel that carries it.

mod analyse;
mod plan;
mod section;

use std::time::Duration;

use concbench_messaging::{Between, CHANNELS, Capacity, Cores, MessagingError, Plan, Shape};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Block, Context, Experiment, MeasuredOf, RecordOf, Scope, Seen, View};
use crate::batch::PairedRatio;
use crate::record::{Factors, Response, Responses};
use crate::report::{ReportError, Section};
use crate::runner::{CellError, Desk};
use crate::time::nanoseconds;

/// What handing a message over costs.
#[derive(Debug)]
pub(crate) struct Messaging;

/// A channel, and what goes over it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Cell {
    /// The channel's name.
    pub(crate) channel: String,
    /// What it connects.
    pub(crate) between: Between,
    /// How long a message is, in bytes.
    pub(crate) message_bytes: u64,
    /// How many producers and consumers there are.
    pub(crate) shape: Shape,
    /// How much the channel holds.
    pub(crate) capacity: Capacity,
    /// Where the two sides run.
    pub(crate) cores: Cores,
}

/// A level of a factor, as it stands in the record.
fn word<T: Serialize>(level: T) -> String {
    serde_json::to_value(level).ok().and_then(|level| Some(level.as_str()?.to_owned())).unwrap_or_default()
}

impl Factors for Cell {
    fn id(&self) -> String {
        let Self { channel, message_bytes, shape, capacity, cores, .. } = self;
        format!("messaging/{channel}/{message_bytes}/{}/{}@{}", word(shape), word(capacity), word(cores))
    }
}

/// What a runner is asked to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Order {
    cell: Cell,
    /// For how long messages are sent.
    stream_ns: u64,
    /// For how long answers are waited for; none where no round trips are measured.
    round_trip_ns: Option<u64>,
}

/// What became of the messages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Observation {
    /// How many messages were handed over, each of them once and in the order of its producer.
    pub(crate) messages: u64,
    /// How many bytes they had together.
    pub(crate) bytes: u64,
    /// From the first that was sent until every consumer had its last, in nanoseconds.
    pub(crate) elapsed_ns: u64,
    /// The CPU time of all processes and threads that took part, in nanoseconds.
    pub(crate) cpu_ns: u64,
    /// What round trips took; `null` where `round_trip_reason` says why not.
    pub(crate) round_trip: Option<RoundTrip>,
    /// Why there are none, if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) round_trip_reason: Option<String>,
}

/// What a message and the answer to it took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct RoundTrip {
    /// How many there were.
    pub(crate) rounds: u64,
    /// The median, in nanoseconds.
    pub(crate) p50_ns: f64,
    /// The 99th percentile, in nanoseconds; `null` for fewer than 100.
    pub(crate) p99_ns: Option<f64>,
}

impl Observation {
    /// Something over the number of messages.
    fn each(&self, value: u64) -> Option<f64> {
        (self.messages > 0).then(|| value as f64 / self.messages as f64)
    }

    /// Something a second.
    fn rate(&self, value: u64) -> Option<f64> {
        (self.elapsed_ns > 0).then(|| value as f64 * 1e9 / self.elapsed_ns as f64)
    }
}

impl Responses for Observation {
    fn responses(&self) -> Vec<Response> {
        let trip = self.round_trip.as_ref();
        vec![
            Response::maybe("message_ns", self.each(self.elapsed_ns)),
            Response::maybe("messages_per_s", self.rate(self.messages)),
            Response::maybe("bytes_per_s", self.rate(self.bytes)),
            Response::maybe("message_cpu_ns", self.each(self.cpu_ns)),
            Response::maybe("round_trip_p50_ns", trip.map(|trip| trip.p50_ns)),
            Response::maybe("round_trip_p99_ns", trip.and_then(|trip| trip.p99_ns)),
        ]
    }
}

/// What follows, each a ratio of two cells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Contrast {
    /// What is asked.
    pub(crate) about: About,
    /// The cell whose time a message stands above.
    pub(crate) above: String,
    /// The one whose time stands below.
    pub(crate) below: String,
    /// How many times as long a message takes.
    pub(crate) time: PairedRatio,
}

/// What a contrast answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum About {
    /// Which channel hands small messages over fastest.
    Small,
    /// Which one large ones.
    Large,
    /// What somebody in the middle costs.
    Middle,
    /// What it does that several send to one.
    Shape,
    /// What it does that both sides share a core.
    Cores,
    /// What it does that the channel keeps nothing, or one message.
    Capacity,
}

impl Experiment for Messaging {
    const ID: &'static str = "messaging";
    const QUESTION: &'static str = "what does handing over a message cost?";
    const HEADLINES: &'static [&'static str] = &["message_ns", "message_cpu_ns", "round_trip_p50_ns"];

    type Setup = ();
    type Cell = Cell;
    type Order = Order;
    type Observation = Observation;
    type Findings = Vec<Contrast>;

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
        observe(&order)
    }

    fn analyse(measured: &MeasuredOf<Self>, _: &Context<'_>) -> Vec<Contrast> {
        analyse::analyse(&measured.cells)
    }

    fn sections(record: &RecordOf<Self>, _: &View<'_>) -> Result<Vec<Section>, ReportError> {
        Ok(vec![section::section(record)?])
    }
}

fn observe(order: &Order) -> Result<Observation, CellError> {
    let cell = &order.cell;
    let Some(channel) = CHANNELS.iter().find(|channel| channel.id == cell.channel) else {
        return Err(CellError::Order(format!("there is no channel `{}`", cell.channel)));
    };
    let plan = |time_ns| Plan {
        bytes: cell.message_bytes as usize,
        shape: cell.shape,
        capacity: cell.capacity,
        cores: cell.cores,
        time: Duration::from_nanos(time_ns),
    };
    let streamed = channel.stream(&plan(order.stream_ns)).map_err(failed)?;
    let trips = order.round_trip_ns.map(|time_ns| channel.round_trip(&plan(time_ns))).transpose();
    let round_trip = trips.map_err(failed)?.map(|trips| RoundTrip {
        rounds: trips.rounds,
        p50_ns: trips.p50_ns,
        p99_ns: trips.p99_ns,
    });
    let reason =
        || "round trips are measured between one and one, through a channel that holds 64 KiB".to_owned();
    Ok(Observation {
        messages: streamed.messages,
        bytes: streamed.messages * cell.message_bytes,
        elapsed_ns: nanoseconds(streamed.elapsed),
        cpu_ns: nanoseconds(streamed.cpu),
        round_trip_reason: round_trip.is_none().then(reason),
        round_trip,
    })
}

fn failed(error: MessagingError) -> CellError {
    match error {
        MessagingError::Model(error) => CellError::Model(error),
        MessagingError::Wrong(wrong) => CellError::Other(wrong.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::experiment::conduct::mock::{MockLauncher, broken};
    use crate::experiment::rehearsal::{BLOCKS, rehearse, scope, takes};
    use crate::record::{CellRecord, RawExperiment, Status};

    /// What would be found where a ring takes 100 ns, a pipe ten times as much and everything else twice that, and one
    /// channel may break.
    fn measured(cores: u64, breaks: &str) -> RawExperiment {
        let mut launcher = MockLauncher::new(|_, id, _| match id.contains(breaks) {
            true => Err(broken()),
            false => {
                let each = match id.split('/').nth(1) {
                    Some("shared-ring") => 100,
                    Some("pipe") => 1_000,
                    _ => 2_000,
                };
                Ok(json!({
                    "messages": 1_000, "bytes": 8_000, "elapsed_ns": 1_000 * each, "cpu_ns": 2_000 * each,
                    "round_trip": { "rounds": 50, "p50_ns": 10 * each, "p99_ns": null },
                }))
            }
        });
        let scope = scope(Vec::new(), cores, false, 7);
        let mut record = rehearse(Messaging::ID, &scope, None, &|_| true, &mut launcher);
        record.experiments.remove(Messaging::ID).unwrap()
    }

    fn typed(found: &RawExperiment) -> Vec<CellRecord<Cell, Observation>> {
        serde_json::from_value(serde_json::to_value(&found.cells).unwrap()).unwrap()
    }

    #[test]
    fn every_channel_is_observed_once_in_each_block_and_every_id_is_unique() {
        let found = measured(2, "nothing");
        assert!(found.cells.len() > 100, "{}", found.cells.len());
        let ids: std::collections::BTreeSet<_> = found.cells.iter().map(|cell| &cell.id).collect();
        assert_eq!(ids.len(), found.cells.len());
        for cell in &found.cells {
            assert_eq!(cell.observations.len(), BLOCKS as usize, "{}", cell.id);
        }
    }

    #[test]
    fn a_ring_that_is_ten_times_as_fast_as_a_pipe_is_said_to_be() {
        let found = measured(2, "nothing");
        let contrasts: Vec<Contrast> = serde_json::from_value(found.findings.clone()).unwrap();
        let small = contrasts.iter().find(|found| found.about == About::Small).unwrap();
        assert!(small.above.contains("/pipe/8/") && small.below.contains("/shared-ring/8/"), "{small:?}");
        assert!((small.time.ratio - 10.0).abs() < 1e-9 && small.time.is_sure());
        let record = crate::record::ExperimentRecord {
            setup: (),
            calibrations: Default::default(),
            cells: typed(&found),
            findings: contrasts,
        };
        let section = section::section(&record).unwrap();
        assert_eq!(
            section.findings[0],
            "Between processes, shared-ring hands over messages of 8 B 10.00x [10.00, 10.00] as often as pipe (10.0 M a second \
             against 1.00 M), and burns 200 ns of CPU for each (pipe: 2.00 µs)."
        );
    }

    #[test]
    fn on_one_core_nothing_runs_on_two_and_the_sentences_tell_of_one() {
        let found = measured(1, "nothing");
        for cell in typed(&found) {
            let two = cell.factors.cores == Cores::Two;
            assert_eq!(cell.status, if two { Status::Unsupported } else { Status::Ok }, "{}", cell.id);
        }
        let contrasts: Vec<Contrast> = serde_json::from_value(found.findings).unwrap();
        assert!(contrasts.iter().any(|found| found.about == About::Small && found.below.ends_with("@one")));
    }

    #[test]
    fn a_channel_that_breaks_keeps_its_reason_and_the_others_are_told_of() {
        let found = measured(2, "/shared-ring/");
        let cells = typed(&found);
        let ring = |cell: &&CellRecord<Cell, Observation>| cell.factors.channel == "shared-ring";
        assert!(
            cells.iter().filter(ring).all(|cell| cell.status == Status::Crashed && cell.reason.is_some())
        );
        let contrasts: Vec<Contrast> = serde_json::from_value(found.findings).unwrap();
        assert!(!contrasts.is_empty() && contrasts.iter().all(|found| !found.below.contains("shared-ring")));
    }

    #[test]
    fn a_channel_that_loses_a_message_fails_its_cell_and_one_whose_process_died_has_crashed() {
        let wrong = concbench_messaging::Wrong::Lost { producer: 0, lost: 1, sent: 7 };
        let lost = failed(MessagingError::Wrong(wrong));
        assert_eq!(
            (lost.status(), lost.to_string()),
            (Status::Failed, "1 of 7 messages of producer 0 were lost".into())
        );
        let how = "was ended by SIGKILL (signal 9)".to_owned();
        let died = crate::model::ModelError::Died { who: "the broker process", how };
        let died = failed(MessagingError::Model(died));
        assert_eq!(died.status(), Status::Crashed);
        assert_eq!(died.to_string(), "the broker process was ended by SIGKILL (signal 9)");
    }

    #[test]
    fn it_takes_at_most_four_minutes_and_a_quick_run_a_quarter_of_that() {
        for cores in [2, 16] {
            let [usual, quick] = takes::<Messaging>(cores);
            assert!(usual <= Duration::from_secs(240), "{usual:?} on {cores} cores");
            assert!(quick <= Duration::from_secs(60), "{quick:?} on {cores} cores");
        }
    }
}
