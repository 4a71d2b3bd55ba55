//! The ping-pong itself, written once: one side sends a token, the other returns it changed.

use std::time::{Duration, Instant};

use concbench_model::{Digest, ModelError, Result};

use futures::FutureExt;

/// How many rounds come before the clock starts.
const WARM_UP: u64 = 100;
/// How many rounds come between two looks at the clock.
const ROUNDS_AT_ONCE: u64 = 1_000;

/// One side.
///
/// Where waiting blocks, its futures are ready at the first poll.
pub(super) trait Link: Send {
    /// Hands the token to the other side.
    fn send(&mut self, token: u64) -> impl Future<Output = Result<()>> + Send;

    /// Waits for a token; `None` once the other side has left.
    fn receive(&mut self) -> impl Future<Output = Option<u64>> + Send;
}

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PingPong {
    /// Rounds in time: there and back, two switches each.
    pub rounds: u64,
    /// How long they took.
    pub elapsed: Duration,
    /// Of what came back.
    pub digest: Digest,
}

impl PingPong {
    /// What comes back in so many rounds.
    pub fn expected(rounds: u64) -> Digest {
        let mut digest = Digest::default();
        (0..rounds).for_each(|round| digest.add(round, returned(round)));
        digest
    }
}

/// What the other side makes of a token, so that its answer is its own.
pub(super) fn returned(token: u64) -> u64 {
    token.rotate_left(17) ^ 0x9e37_79b9_7f4a_7c15
}

/// Sends the token until about `time` has passed, and then leaves.
pub(super) async fn ping(mut link: impl Link, time: Duration) -> Result<PingPong> {
    for token in 0..WARM_UP {
        exchange(&mut link, token).await?;
    }
    let mut digest = Digest::default();
    let started = Instant::now();
    loop {
        for round in digest.tasks..digest.tasks + ROUNDS_AT_ONCE {
            digest.add(round, exchange(&mut link, round).await?);
        }
        let elapsed = started.elapsed();
        if elapsed >= time {
            return Ok(PingPong { rounds: digest.tasks, elapsed, digest });
        }
    }
}

async fn exchange(link: &mut impl Link, token: u64) -> Result<u64> {
    link.send(token).await?;
    link.receive().await.ok_or_else(gone)
}

/// Returns every token until the other side leaves; how many there were.
pub(super) async fn pong(mut link: impl Link) -> Result<u64> {
    let mut count = 0;
    while let Some(token) = link.receive().await {
        link.send(returned(token)).await?;
        count += 1;
    }
    Ok(count)
}

/// What was measured, if the other side has seen as many tokens as were sent.
pub(super) fn agree(ping_pong: Result<PingPong>, answered: Result<u64>) -> Result<PingPong> {
    let (ping_pong, answered) = (ping_pong?, answered?);
    match ping_pong.rounds + WARM_UP {
        sent if sent == answered => Ok(ping_pong),
        sent => Err(ModelError::Protocol {
            who: "the other side",
            what: format!("{sent} tokens were sent and {answered} returned"),
        }),
    }
}

/// Runs a side whose waiting blocks.
pub(super) fn blocking<T>(side: impl Future<Output = Result<T>>) -> Result<T> {
    side.now_or_never().unwrap_or_else(|| Err(gone()))
}

/// The other side is not there any more.
pub(super) fn gone() -> ModelError {
    ModelError::Died { who: "the other side", how: "left before the measurement was over".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The other side, which may send back what it was sent.
    struct Forgetful {
        token: u64,
        seen: u64,
        wrong: bool,
    }

    impl Link for &mut Forgetful {
        async fn send(&mut self, token: u64) -> Result<()> {
            self.seen += 1;
            self.token = token;
            Ok(())
        }

        async fn receive(&mut self) -> Option<u64> {
            Some(if self.wrong { self.token } else { returned(self.token) })
        }
    }

    fn measure(wrong: bool) -> (PingPong, u64) {
        let mut other = Forgetful { token: 0, seen: 0, wrong };
        let ping_pong = blocking(ping(&mut other, Duration::ZERO)).unwrap();
        (ping_pong, other.seen)
    }

    #[test]
    fn what_comes_back_shows_whether_the_other_side_has_played() {
        let (ping_pong, seen) = measure(false);
        assert_eq!((ping_pong.rounds, seen), (ROUNDS_AT_ONCE, ROUNDS_AT_ONCE + WARM_UP));
        assert_eq!(ping_pong.digest, PingPong::expected(ping_pong.rounds));
        assert_ne!(measure(true).0.digest, PingPong::expected(ROUNDS_AT_ONCE));
    }

    #[test]
    fn a_side_that_has_seen_fewer_spoils_the_game() {
        let (ping_pong, seen) = measure(false);
        assert_eq!(agree(Ok(ping_pong), Ok(seen)).unwrap(), ping_pong);
        let spoilt = agree(Ok(ping_pong), Ok(seen - 1)).unwrap_err().to_string();
        assert!(spoilt.contains("1100 tokens were sent and 1099 returned"), "{spoilt}");
    }
}
