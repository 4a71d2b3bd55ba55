//! Two tasks that switch to and fro, in a runner of their own.

use std::time::Duration;

use super::cell::status_of;
use super::process::Silence;
use super::protocol::{Answer, Order};
use super::supervisor::{Supervisor, failed, unexpected};
use crate::model::{Placement as Cores, Settings};
use crate::record::{Placement, Status};
use crate::switch::{PAIRS, Pair, Rally};
use crate::time::nanoseconds;

impl Supervisor {
    /// Has a fresh runner play for about `time`, and checks what came back.
    pub(crate) fn rally(
        &mut self,
        pair: &Pair,
        placement: Placement,
        workers: u64,
        time: Duration,
        deadline: Duration,
    ) -> Result<Rally, Silence> {
        let order = Order::Rally {
            pair: pair.id.to_owned(),
            workers,
            stack_bytes: self.stack_bytes(),
            pinned: placement == Placement::Pinned,
            time_ns: nanoseconds(time),
        };
        self.undisturbed(&format!("switch/{}@{placement}", pair.id), |supervisor| {
            let outcome = supervisor.game(order.clone(), deadline);
            supervisor.sweep();
            outcome
        })
    }

    /// One game, in a fresh runner.
    fn game(&mut self, order: Order, deadline: Duration) -> Result<Rally, Silence> {
        let padding = self.padding();
        let mut runner = self.runner(padding)?;
        match runner.ask(order, deadline, self.interrupt())? {
            Answer::Rallied { rounds, elapsed_ns, digest } if digest == Rally::expected(rounds) => {
                runner.finish();
                Ok(Rally { rounds, elapsed: Duration::from_nanos(elapsed_ns), digest })
            }
            Answer::Rallied { .. } => {
                Err(failed("something else came back than should have been returned".to_owned()))
            }
            other => Err(unexpected(&other)),
        }
    }
}

/// The runner's part: plays, with every thread on one core if it is to be pinned.
pub(crate) fn play(
    pair: &str,
    workers: u64,
    stack_bytes: Option<usize>,
    pinned: bool,
    time: Duration,
) -> Answer {
    let Some(known) = PAIRS.iter().find(|known| known.id == pair) else {
        let reason = format!("no pair is called `{pair}`");
        return Answer::Failed { status: Status::Failed, reason };
    };
    let workers = usize::try_from(workers).unwrap_or(usize::MAX);
    let mut settings = Settings { workers, stack_bytes, pin: pinned, recipe: String::new() };
    let rally = Cores::of(&settings).and_then(|cores| {
        // Before anything has started: what starts from here inherits it.
        cores.place();
        settings.pin = false;
        known.play(&settings, time)
    });
    match rally {
        Ok(Rally { rounds, elapsed, digest }) => {
            let elapsed_ns = nanoseconds(elapsed);
            Answer::Rallied { rounds, elapsed_ns, digest }
        }
        Err(error) => Answer::Failed { status: status_of(&error), reason: error.to_string() },
    }
}
