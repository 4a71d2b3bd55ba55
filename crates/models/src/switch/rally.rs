//! The game itself, written once: one side serves a number, the other returns it changed.

use std::time::{Duration, Instant};

use concbench_model::{Digest, ModelError, Result};

use futures::FutureExt;

/// How many rounds are played before the clock starts.
const WARM_UP: u64 = 100;
/// How many rounds come between two looks at the clock.
const ROUNDS_AT_ONCE: u64 = 1_000;

/// One side of the table.
///
/// Where waiting blocks, its futures are ready at the first poll.
pub(super) trait Link: Send {
    /// Hands the number to the other side.
    fn send(&mut self, ball: u64) -> impl Future<Output = Result<()>> + Send;

    /// Waits for a number; `None` once the other side has left.
    fn receive(&mut self) -> impl Future<Output = Option<u64>> + Send;
}

/// What was played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rally {
    /// Rounds in time: there and back, two switches each.
    pub rounds: u64,
    /// How long they took.
    pub elapsed: Duration,
    /// Of what came back.
    pub digest: Digest,
}

impl Rally {
    /// What comes back in so many rounds.
    pub fn expected(rounds: u64) -> Digest {
        let mut digest = Digest::default();
        (0..rounds).for_each(|round| digest.add(round, returned(round)));
        digest
    }
}

/// What the other side makes of a number, so that its answer is its own.
pub(super) fn returned(ball: u64) -> u64 {
    ball.rotate_left(17) ^ 0x9e37_79b9_7f4a_7c15
}

/// Serves until about `time` has passed, and then leaves the table.
pub(super) async fn serve(mut link: impl Link, time: Duration) -> Result<Rally> {
    for ball in 0..WARM_UP {
        exchange(&mut link, ball).await?;
    }
    let mut digest = Digest::default();
    let started = Instant::now();
    loop {
        for round in digest.tasks..digest.tasks + ROUNDS_AT_ONCE {
            digest.add(round, exchange(&mut link, round).await?);
        }
        let elapsed = started.elapsed();
        if elapsed >= time {
            return Ok(Rally { rounds: digest.tasks, elapsed, digest });
        }
    }
}

async fn exchange(link: &mut impl Link, ball: u64) -> Result<u64> {
    link.send(ball).await?;
    link.receive().await.ok_or_else(gone)
}

/// Returns every number until the other side leaves; how many there were.
pub(super) async fn answer(mut link: impl Link) -> Result<u64> {
    let mut count = 0;
    while let Some(ball) = link.receive().await {
        link.send(returned(ball)).await?;
        count += 1;
    }
    Ok(count)
}

/// What was played, if the other side has seen as many numbers as it was served.
pub(super) fn settle(rally: Result<Rally>, answered: Result<u64>) -> Result<Rally> {
    let (rally, answered) = (rally?, answered?);
    match rally.rounds + WARM_UP {
        served if served == answered => Ok(rally),
        served => Err(ModelError::Protocol {
            who: "the other side",
            what: format!("{served} numbers were served and {answered} returned"),
        }),
    }
}

/// Runs a side whose waiting blocks.
pub(super) fn blocking<T>(side: impl Future<Output = Result<T>>) -> Result<T> {
    side.now_or_never().unwrap_or_else(|| Err(gone()))
}

/// The other side is not there any more.
pub(super) fn gone() -> ModelError {
    ModelError::Died { who: "the other side", how: "left before the game was over".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The other side, which may send back what it was served.
    struct Forgetful {
        ball: u64,
        seen: u64,
        wrong: bool,
    }

    impl Link for &mut Forgetful {
        async fn send(&mut self, ball: u64) -> Result<()> {
            self.seen += 1;
            self.ball = ball;
            Ok(())
        }

        async fn receive(&mut self) -> Option<u64> {
            Some(if self.wrong { self.ball } else { returned(self.ball) })
        }
    }

    fn play(wrong: bool) -> (Rally, u64) {
        let mut other = Forgetful { ball: 0, seen: 0, wrong };
        let rally = blocking(serve(&mut other, Duration::ZERO)).unwrap();
        (rally, other.seen)
    }

    #[test]
    fn what_comes_back_shows_whether_the_other_side_has_played() {
        let (rally, seen) = play(false);
        assert_eq!((rally.rounds, seen), (ROUNDS_AT_ONCE, ROUNDS_AT_ONCE + WARM_UP));
        assert_eq!(rally.digest, Rally::expected(rally.rounds));
        assert_ne!(play(true).0.digest, Rally::expected(ROUNDS_AT_ONCE));
    }

    #[test]
    fn a_side_that_has_seen_fewer_spoils_the_game() {
        let (rally, seen) = play(false);
        assert_eq!(settle(Ok(rally), Ok(seen)).unwrap(), rally);
        let spoilt = settle(Ok(rally), Ok(seen - 1)).unwrap_err().to_string();
        assert!(spoilt.contains("1100 numbers were served and 1099 returned"), "{spoilt}");
    }
}
