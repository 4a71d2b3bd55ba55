//! Whether what was protected is exact, and what was lost where nothing was.

use super::tally::Outcome;
use super::terms::{PERMITS, Protection, Terms};

/// How many updates were lost.
///
/// # Errors
///
/// What is wrong with what was protected, as one lower-case line.
pub fn lost(terms: &Terms, outcome: &Outcome) -> Result<u64, String> {
    let made: u64 = outcome.visits.iter().sum();
    let (ended, contenders) = (outcome.ended, terms.contenders);
    let found = match outcome.found {
        Some(found) if ended == contenders => found,
        _ => return Err(format!("{ended} of {contenders} tasks came to their end")),
    };
    if found.wrong > 0 {
        return Err(format!("{} in {made} visits {}", found.wrong, wrong(terms.object)));
    }
    match terms.object {
        Protection::Nothing => Ok(made.saturating_sub(found.number)),
        // What was sold and what is left are more than there was, by what was sold twice.
        Protection::File => Ok((made + found.number).saturating_sub(terms.stock)),
        Protection::FileLock if made + found.number == terms.stock => Ok(0),
        Protection::FileLock => {
            let (sold, left, stock) = (made, found.number, terms.stock);
            Err(format!("{sold} tickets were sold and {left} are left of {stock}"))
        }
        Protection::Semaphore if found.most_inside > PERMITS as u64 => {
            Err(format!("{} tasks were inside at once, {PERMITS} are allowed", found.most_inside))
        }
        _ if found.number != made => Err(format!("{made} updates were made and {} counted", found.number)),
        _ => Ok(0),
    }
}

/// What must not be seen.
fn wrong(object: Protection) -> &'static str {
    match object {
        Protection::Event => "woke before the event had happened",
        Protection::ReadWrite => "saw two numbers that do not agree",
        Protection::Condition => "came out of turn",
        _ => "found the number of tickets unreadable",
    }
}

#[cfg(test)]
mod tests {
    use super::super::tally::Found;
    use super::*;

    fn terms(object: Protection) -> Terms {
        Terms {
            object,
            contenders: 2,
            compute_ns: 0,
            wait_ns: 0,
            window_ns: 0,
            together: true,
            visits_per_look: 1,
            stock: 100,
            file: None,
            manager: None,
        }
    }

    fn outcome(visits: [u64; 2], number: u64) -> Outcome {
        let found = Some(Found { number, most_inside: 5, wrong: 0 });
        Outcome { visits: visits.to_vec(), ended: 2, found, ..Outcome::default() }
    }

    #[test]
    fn what_is_lost_without_protection_is_the_result_and_with_it_a_failure() {
        assert_eq!(lost(&terms(Protection::Nothing), &outcome([60, 40], 70)), Ok(30));
        assert_eq!(lost(&terms(Protection::Lock), &outcome([60, 40], 100)), Ok(0));
        let caught = lost(&terms(Protection::Lock), &outcome([60, 40], 99)).unwrap_err();
        assert_eq!(caught, "100 updates were made and 99 counted");
    }

    #[test]
    fn tickets_that_were_sold_twice_are_counted_or_a_failure() {
        assert_eq!(lost(&terms(Protection::File), &outcome([70, 50], 0)), Ok(20));
        assert_eq!(lost(&terms(Protection::FileLock), &outcome([60, 30], 10)), Ok(0));
        let caught = lost(&terms(Protection::FileLock), &outcome([60, 41], 0)).unwrap_err();
        assert_eq!(caught, "101 tickets were sold and 0 are left of 100");
    }

    #[test]
    fn one_more_inside_than_there_are_permits_is_a_failure() {
        let mut seen = outcome([60, 40], 100);
        assert_eq!(lost(&terms(Protection::Semaphore), &seen), Ok(0));
        seen.found = Some(Found { number: 100, most_inside: 6, wrong: 0 });
        assert!(lost(&terms(Protection::Semaphore), &seen).unwrap_err().contains("6 tasks were inside"));
    }

    #[test]
    fn what_must_not_be_seen_is_a_failure_and_so_is_a_task_that_did_not_end() {
        let mut seen = outcome([60, 40], 100);
        seen.found = Some(Found { number: 100, most_inside: 1, wrong: 3 });
        let caught = lost(&terms(Protection::Event), &seen).unwrap_err();
        assert_eq!(caught, "3 in 100 visits woke before the event had happened");
        let unfinished = Outcome { ended: 1, ..outcome([60, 40], 100) };
        assert_eq!(
            lost(&terms(Protection::Lock), &unfinished).unwrap_err(),
            "1 of 2 tasks came to their end"
        );
    }
}
