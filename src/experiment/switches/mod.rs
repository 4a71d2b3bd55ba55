//! Switches: two tasks of a model pass a token to and fro, so that one of them waits at any time.

mod section;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Ask, Block, Context, Experiment, MeasuredOf, RecordOf, Scope, Seen, View};
use crate::model::{Placement as Cores, Settings};
use crate::models::switch::{PAIRS, Pair, PingPong};
use crate::record::{Factors, Failure, Response, Responses, Status};
use crate::report::{ReportError, Section};
use crate::runner::{CellError, Desk};
use crate::time::nanoseconds;

/// How long the two pass the token in one observation.
const TIME: Duration = Duration::from_millis(20);
/// How long an observation takes beside that.
const START: Duration = Duration::from_millis(15);

/// What a switch between two tasks takes.
#[derive(Debug)]
pub(crate) struct Switches;

/// Two tasks of one model, and where they may run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Cell {
    /// The model's id; the two generators, which have no scheduler, are no model.
    pub(crate) model: String,
    /// What the token is passed through.
    pub(crate) channel: String,
    /// Where the two may run.
    pub(crate) placement: Placement,
}

/// Where the two tasks may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Placement {
    /// Both, and every thread of their scheduler, on one core.
    Pinned,
    /// On every core that the run may use.
    Free,
}

impl std::fmt::Display for Placement {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(match self {
            Self::Pinned => "pinned",
            Self::Free => "free",
        })
    }
}

impl Factors for Cell {
    fn id(&self) -> String {
        format!("switches/{}@{}", self.model, self.placement)
    }
}

/// What a runner is asked to do: have two tasks pass the token for about this long.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Order {
    model: String,
    placement: Placement,
    workers: u64,
    time_ns: u64,
}

/// How often the token came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Observation {
    /// How many rounds there were: there and back.
    pub(crate) rounds: u64,
    /// How long they took, in nanoseconds.
    pub(crate) elapsed_ns: u64,
}

impl Responses for Observation {
    fn responses(&self) -> Vec<Response> {
        let played = self.rounds > 0 && self.elapsed_ns > 0;
        let switch_ns = played.then(|| self.elapsed_ns as f64 / (2.0 * self.rounds as f64));
        vec![
            Response::maybe("switch_ns", switch_ns),
            Response::one("rounds", self.rounds as f64),
            Response::one("elapsed_ns", self.elapsed_ns as f64),
        ]
    }
}

impl Experiment for Switches {
    const ID: &'static str = "switches";
    const QUESTION: &'static str = "what does a switch between two tasks cost?";
    const HEADLINES: &'static [&'static str] = &["switch_ns"];

    type Setup = ();
    type Cell = Cell;
    type Order = Order;
    type Observation = Observation;
    type Findings = ();

    fn cells(scope: &Scope) -> Vec<Cell> {
        let pairs = PAIRS.iter().filter(|pair| pair.default || scope.settings.all);
        let placed = |pair: &Pair, placement| Cell {
            model: pair.id.to_owned(),
            channel: pair.channel.to_owned(),
            placement,
        };
        pairs.flat_map(|pair| [Placement::Pinned, Placement::Free].map(|place| placed(pair, place))).collect()
    }

    fn estimate(scope: &Scope, cells: &[Cell]) -> Duration {
        (TIME + START) * scope.settings.blocks * cells.len() as u32
    }

    fn setup(_: &Scope, _: &[Cell]) {}

    fn next(scope: &Scope, seen: &Seen<Self>) -> Vec<Block<Order>> {
        seen.blocks(scope, |cell| Some(ask(scope, cell)))
    }

    fn observe(order: Order, desk: &mut Desk<'_>) -> Result<Observation, CellError> {
        let Some(pair) = PAIRS.iter().find(|pair| pair.id == order.model) else {
            return Err(CellError::UnknownModel(order.model));
        };
        // Before anything has started: what starts from here inherits it.
        let pin = order.placement == Placement::Pinned;
        let settings = Settings { pin, ..desk.settings(order.workers, String::new()) };
        Cores::of(&settings)?.place();
        let ping_pong =
            pair.measure(&Settings { pin: false, ..settings }, Duration::from_nanos(order.time_ns))?;
        match ping_pong.digest == PingPong::expected(ping_pong.rounds) {
            true => Ok(Observation { rounds: ping_pong.rounds, elapsed_ns: nanoseconds(ping_pong.elapsed) }),
            false => Err(CellError::Other("another token came back than was sent".to_owned())),
        }
    }

    fn analyse(_: &MeasuredOf<Self>, _: &Context<'_>) {}

    fn sections(record: &RecordOf<Self>, _: &View<'_>) -> Result<Vec<Section>, ReportError> {
        Ok(vec![section::section(record)])
    }
}

fn ask(scope: &Scope, cell: &Cell) -> Result<Ask<Order>, Failure> {
    if (cell.placement, scope.cores()) == (Placement::Free, 1) {
        let reason = "this run may use one core, on which every pair is pinned";
        return Err(Failure::new(Status::Unsupported, reason));
    }
    let order = Order {
        model: cell.model.clone(),
        placement: cell.placement,
        workers: scope.cores(),
        time_ns: nanoseconds(TIME),
    };
    Ok(Ask { order, work: None, deadline: scope.settings.deadline })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::experiment::conduct::mock::{MockLauncher, broken};
    use crate::experiment::rehearsal::{BLOCKS, rehearse, scope};
    use crate::record::RawExperiment;

    /// The switches of two pairs on so many cores, of which one may break: what was asked for, and the record.
    fn switched(cores: u64, breaks: &str) -> (Vec<String>, RawExperiment) {
        let scope = scope(Vec::new(), cores, false, 7);
        let mut launcher = MockLauncher::new(|_, id, _| match id.contains(breaks) {
            true => Err(broken()),
            false => Ok(json!({ "rounds": 1_000, "elapsed_ns": 400_000 })),
        });
        let keeps = |id: &str| id.contains("/smol@") || id.contains("/thread-spawn@");
        let mut record = rehearse(Switches::ID, &scope, None, &keeps, &mut launcher);
        (launcher.asked, record.experiments.remove(Switches::ID).unwrap())
    }

    #[test]
    fn every_pair_is_observed_once_in_each_block_in_an_order_that_the_seed_decides() {
        let (asked, found) = switched(2, "nothing");
        assert_eq!(asked, switched(2, "nothing").0);
        assert_eq!(found.cells.len(), 4);
        for pair in found.cells {
            let blocks: Vec<_> = pair.observations.iter().map(|made| made.block).collect();
            assert_eq!(blocks, (0..BLOCKS).collect::<Vec<_>>(), "{}", pair.id);
            assert_eq!(pair.summary["switch_ns"].median, 200.0);
        }
        let orders: Vec<_> = asked.chunks(4).collect();
        assert!(orders.windows(2).any(|pair| pair[0] != pair[1]), "the order changes from block to block");
    }

    #[test]
    fn a_pair_that_fails_is_observed_no_more_and_keeps_its_reason() {
        let (asked, found) = switched(2, "/smol@");
        assert_eq!(asked.iter().filter(|id| id.contains("smol")).count(), 2);
        let broken =
            found.cells.iter().filter(|pair| pair.status == Status::Crashed && pair.reason.is_some());
        assert_eq!(broken.count(), 2);
    }

    #[test]
    fn with_one_core_nothing_is_free() {
        let (_, found) = switched(1, "nothing");
        for pair in found.cells {
            let free = pair.factors["placement"] == "free";
            assert_eq!(pair.status, if free { Status::Unsupported } else { Status::Ok }, "{}", pair.id);
        }
    }
}
