//! What a switch costs: every pair of tasks, pinned and free, once in each block, in random order.

use std::ops::ControlFlow;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use crate::record::{Placement, Status, SwitchObservation, SwitchPair, Switches};
use crate::runner::process::{Failure, Silence};
use crate::runner::supervisor::Supervisor;
use crate::switch::{PAIRS, Pair, Rally};
use crate::time::nanoseconds;

/// How long a game is.
const TIME: Duration = Duration::from_millis(20);
/// Keeps the order of the games from being that of the cells.
const SALT: u64 = 0x5357_4954_4348;

/// Has two tasks play.
pub(super) trait Table {
    /// One game between the two, under a scheduler with so many workers.
    fn play(
        &mut self,
        pair: &'static Pair,
        placement: Placement,
        workers: u64,
        time: Duration,
        deadline: Duration,
    ) -> Result<Rally, Silence>;
}

impl Table for Supervisor {
    fn play(
        &mut self,
        pair: &'static Pair,
        placement: Placement,
        workers: u64,
        time: Duration,
        deadline: Duration,
    ) -> Result<Rally, Silence> {
        self.rally(pair, placement, workers, time, deadline)
    }
}

/// The id under which a filter finds a pair.
pub(super) fn id(pair: &Pair, placement: Placement) -> String {
    format!("switch/{}@{placement}", pair.id)
}

/// The pairs, pinned and free, whose id `keeps` accepts.
pub(super) fn choose(all: bool, keeps: impl Fn(&str) -> bool) -> Vec<(&'static Pair, Placement)> {
    let pairs = PAIRS.iter().filter(|pair| pair.default || all);
    let placed =
        pairs.flat_map(|pair| [Placement::Pinned, Placement::Free].map(|placement| (pair, placement)));
    placed.filter(|(pair, placement)| keeps(&id(pair, *placement))).collect()
}

/// All games, as far as they were played.
#[derive(Debug)]
pub(super) struct Games {
    pairs: Vec<(&'static Pair, SwitchPair)>,
    cores: u64,
    blocks: u32,
    seed: u64,
}

impl Games {
    pub(super) fn new(pairs: &[(&'static Pair, Placement)], cores: u64, blocks: u32, seed: u64) -> Self {
        let empty = |&(pair, placement): &(&'static Pair, Placement)| {
            let record = SwitchPair {
                id: id(pair, placement),
                model: pair.id.to_owned(),
                channel: pair.channel.to_owned(),
                placement,
                status: Status::Ok,
                reason: None,
                stderr_tail: None,
                observations: Vec::new(),
                per_switch: None,
            };
            (pair, record)
        };
        Self { pairs: pairs.iter().map(empty).collect(), cores, blocks, seed }
    }

    /// Takes over a game that was played before; `None` where it does not belong here.
    pub(super) fn replay(&mut self, id: &str, game: SwitchObservation) -> Option<()> {
        let blocks = self.blocks;
        let (_, pair) = self.pairs.iter_mut().find(|(_, pair)| pair.id == id)?;
        let fits = game.block < blocks && !played(pair, game.block);
        fits.then(|| pair.observations.push(game))
    }

    /// Takes over a failure from before; `None` where it does not belong here.
    pub(super) fn replay_failure(&mut self, id: &str, failure: Failure) -> Option<()> {
        let (_, pair) = self.pairs.iter_mut().find(|(_, pair)| pair.id == id)?;
        fail(pair, failure);
        Some(())
    }

    /// How many games are still to be played.
    pub(super) fn left(&self) -> u64 {
        let left = |(_, pair): &(&Pair, SwitchPair)| match pair.status {
            Status::Ok => u64::from(self.blocks).saturating_sub(pair.observations.len() as u64),
            _ => 0,
        };
        self.pairs.iter().map(left).sum()
    }

    /// Plays what is still to be played; breaks off if the run was asked to end.
    pub(super) fn play(
        &mut self,
        table: &mut impl Table,
        deadline: Duration,
        mut tell: impl FnMut(&SwitchPair, Result<&SwitchObservation, &Failure>),
    ) -> ControlFlow<()> {
        let mut random = StdRng::seed_from_u64(self.seed ^ SALT);
        for block in 0..self.blocks {
            let mut order: Vec<usize> = (0..self.pairs.len()).collect();
            order.shuffle(&mut random);
            for (position, index) in order.into_iter().enumerate() {
                let (pair, record) = &mut self.pairs[index];
                if record.status != Status::Ok || played(record, block) {
                    continue;
                }
                let outcome = match (record.placement, self.cores) {
                    (Placement::Free, 1) => Err(Silence::Failure(one_core())),
                    (placement, cores) => table.play(pair, placement, cores, TIME, deadline),
                };
                match outcome {
                    Ok(rally) => {
                        let game = game(block, position as u32, &rally);
                        tell(record, Ok(&game));
                        record.observations.push(game);
                    }
                    Err(Silence::Failure(failure)) => {
                        tell(record, Err(&failure));
                        fail(record, failure);
                    }
                    Err(Silence::Interrupted) => return ControlFlow::Break(()),
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// The part of the record; its analysis is still to be made.
    pub(super) fn into_record(self) -> Option<Switches> {
        let mut pairs: Vec<SwitchPair> = self.pairs.into_iter().map(|(_, pair)| pair).collect();
        for pair in pairs.iter_mut().filter(|pair| pair.status == Status::Ok && pair.observations.is_empty())
        {
            pair.status = Status::Skipped;
            pair.reason = Some("the run ended before it was measured".to_owned());
        }
        (!pairs.is_empty()).then_some(Switches { pairs })
    }
}

fn played(pair: &SwitchPair, block: u32) -> bool {
    pair.observations.iter().any(|game| game.block == block)
}

fn fail(pair: &mut SwitchPair, Failure { status, reason, stderr_tail }: Failure) {
    (pair.status, pair.reason, pair.stderr_tail) = (status, Some(reason), stderr_tail);
}

fn one_core() -> Failure {
    let reason = "this run may use one core, on which every pair is pinned".to_owned();
    Failure { status: Status::Unsupported, reason, stderr_tail: None }
}

fn game(block: u32, position: u32, rally: &Rally) -> SwitchObservation {
    SwitchObservation {
        block,
        position,
        rounds: rally.rounds,
        elapsed_ns: nanoseconds(rally.elapsed),
        digest: format!("{:016x}", rally.digest.sum),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::schedule::mock::broken;

    /// A table at which no time passes.
    #[derive(Default)]
    struct Mock {
        played: Vec<String>,
        breaks: Option<&'static str>,
    }

    impl Table for Mock {
        fn play(
            &mut self,
            pair: &'static Pair,
            placement: Placement,
            _: u64,
            _: Duration,
            _: Duration,
        ) -> Result<Rally, Silence> {
            self.played.push(id(pair, placement));
            if self.breaks == Some(pair.id) {
                return Err(broken());
            }
            let rounds = 1_000;
            Ok(Rally { rounds, elapsed: Duration::from_micros(400), digest: Rally::expected(rounds) })
        }
    }

    fn games(cores: u64) -> Games {
        Games::new(&choose(false, |id| id.contains("/smol@") || id.contains("/thread-spawn@")), cores, 3, 7)
    }

    fn play(games: &mut Games, table: &mut Mock) {
        assert!(games.play(table, Duration::from_secs(1), |_, _| ()).is_continue());
    }

    #[test]
    fn every_pair_plays_once_in_each_block_in_an_order_that_the_seed_decides() {
        let (mut first, mut again) = (Mock::default(), Mock::default());
        let mut once = games(2);
        play(&mut once, &mut first);
        play(&mut games(2), &mut again);
        assert_eq!(first.played, again.played);
        assert_eq!((first.played.len(), once.left()), (3 * 4, 0));
        for pair in once.into_record().unwrap().pairs {
            let blocks: Vec<_> = pair.observations.iter().map(|game| game.block).collect();
            assert_eq!(blocks, [0, 1, 2], "{}", pair.id);
            assert_eq!(pair.observations[0].switch_ns(), Some(200.0));
        }
        assert_ne!(first.played[..4], first.played[4..8], "the order changes from block to block");
    }

    #[test]
    fn a_pair_that_fails_plays_no_more_and_keeps_its_reason() {
        let mut table = Mock { breaks: Some("smol"), ..Mock::default() };
        let mut games = games(2);
        play(&mut games, &mut table);
        assert_eq!(table.played.iter().filter(|id| id.contains("smol")).count(), 2);
        let pairs = games.into_record().unwrap().pairs;
        let broken = pairs.iter().filter(|pair| pair.status == Status::Crashed && pair.reason.is_some());
        assert_eq!(broken.count(), 2);
    }

    #[test]
    fn with_one_core_nothing_is_free() {
        let mut games = games(1);
        play(&mut games, &mut Mock::default());
        for pair in games.into_record().unwrap().pairs {
            let expected = if pair.placement == Placement::Free { Status::Unsupported } else { Status::Ok };
            assert_eq!(pair.status, expected, "{}", pair.id);
        }
    }

    #[test]
    fn games_go_on_where_the_journal_ends() {
        let mut before = games(2);
        play(&mut before, &mut Mock::default());
        let before = before.into_record().unwrap().pairs.remove(0);
        let mut games = games(2);
        for game in &before.observations[..2] {
            games.replay(&before.id, game.clone()).unwrap();
        }
        assert!(games.replay(&before.id, before.observations[0].clone()).is_none(), "it was played already");
        assert!(games.replay("switch/none@free", before.observations[0].clone()).is_none());
        assert_eq!(games.left(), 3 * 4 - 2);
        let mut table = Mock::default();
        play(&mut games, &mut table);
        assert_eq!(table.played.iter().filter(|&id| *id == before.id).count(), 1);
    }
}
