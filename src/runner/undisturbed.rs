//! Attempts that the machine slept through, or in which the run was stopped, and that are made again.

use super::gap::SuspendDetector;
use super::interrupt::Interrupt;
use super::launcher::RunnerError;

/// How often an observation is tried that the machine slept through.
const ATTEMPTS: usize = 3;

/// An attempt, and what made a gap in it.
pub(super) fn seen<T>(interrupt: &Interrupt, attempt: impl FnOnce() -> T) -> (T, Option<String>) {
    let detector = SuspendDetector::begin(interrupt);
    let outcome = attempt();
    (outcome, detector.gap(interrupt))
}

/// The first outcome without a gap, and the gaps of the attempts that were made again; an outcome that is not
/// `repeatable` stands as it is.
pub(super) fn undisturbed<T>(
    mut attempt: impl FnMut() -> (Result<T, RunnerError>, Option<String>),
    repeatable: impl Fn(&Result<T, RunnerError>) -> bool,
) -> (Result<T, RunnerError>, Vec<String>) {
    let mut gaps = Vec::new();
    loop {
        match attempt() {
            (outcome, Some(gap)) if repeatable(&outcome) => gaps.push(gap),
            (outcome, _) => return (outcome, gaps),
        }
        if gaps.len() == ATTEMPTS {
            // Nothing was made again after the last.
            gaps.pop();
            let what =
                "in a row the machine was suspended, or the run stopped or frozen, while it was measured";
            return (Err(RunnerError::failed(format!("{ATTEMPTS} times {what}"))), gaps);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of attempts of which so many have a gap, and how many were made.
    fn tried(
        outcome: &Result<u8, RunnerError>,
        disturbed: usize,
        repeatable: bool,
    ) -> (Result<u8, RunnerError>, usize, usize) {
        let mut made = 0;
        let attempt = || {
            made += 1;
            (outcome.clone(), (made <= disturbed).then(|| "a gap".to_owned()))
        };
        let (outcome, gaps) = undisturbed(attempt, |_| repeatable);
        (outcome, gaps.len(), made)
    }

    #[test]
    fn what_had_a_gap_is_made_again_and_as_many_notes_say_so_as_it_was() {
        let (ok, failed) = (Ok(7), Err(RunnerError::failed("no answer".to_owned())));
        for outcome in [&ok, &failed] {
            assert_eq!(tried(outcome, 0, true), (outcome.clone(), 0, 1));
            assert_eq!(tried(outcome, 2, true), (outcome.clone(), 2, 3));
            assert_eq!(tried(outcome, 2, false), (outcome.clone(), 0, 1));
        }
        let (outcome, gaps, made) = tried(&ok, 9, true);
        assert!(
            matches!(outcome, Err(RunnerError::Failure(failure)) if failure.reason.starts_with("3 times"))
        );
        assert_eq!((gaps, made), (2, 3));
    }
}
