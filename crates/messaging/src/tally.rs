//! What came of the messages: each exactly once, and those of one producer in its order.

use concbench_model::Digest;
use serde::{Deserialize, Serialize};

use crate::stamp::Stamp;

/// What a channel did that it may not do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum Wrong {
    /// Messages were sent that nobody received.
    #[error("{lost} of {sent} messages of producer {producer} were lost")]
    Lost {
        /// Whose.
        producer: usize,
        /// How many.
        lost: u64,
        /// Of how many.
        sent: u64,
    },
    /// More messages were received than were sent, or one twice.
    #[error("{extra} messages of producer {producer} came more than once")]
    Doubled {
        /// Whose.
        producer: usize,
        /// How many came beside those that were sent.
        extra: u64,
    },
    /// A consumer received a message after a later one.
    #[error("message {number} of producer {producer} came after its message {after}")]
    Reordered {
        /// Whose.
        producer: usize,
        /// Which.
        number: u64,
        /// The one before it.
        after: u64,
    },
    /// As many messages came as were sent, but other ones.
    #[error("other messages of producer {producer} came than were sent")]
    Others {
        /// Whose.
        producer: usize,
    },
    /// A message did not have the words that it was sent with.
    #[error("a message came with other words than it was sent with")]
    Damaged,
}

/// What one consumer has received of each producer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tally {
    seen: Vec<Digest>,
    /// The number after the last one of each producer.
    next: Vec<u64>,
}

impl Tally {
    pub(crate) fn new(producers: usize) -> Self {
        Self { seen: vec![Digest::default(); producers], next: vec![0; producers] }
    }

    /// Counts a message.
    ///
    /// # Errors
    ///
    /// When it came after a later one of its producer, came again, or is of no producer.
    pub(crate) fn add(&mut self, stamp: Stamp) -> Result<(), Wrong> {
        let (producer, number) = (stamp.producer(), stamp.number());
        let next = self.next.get_mut(producer).ok_or(Wrong::Damaged)?;
        match number.checked_add(1) {
            Some(same) if same == *next => return Err(Wrong::Doubled { producer, extra: 1 }),
            _ if number < *next => return Err(Wrong::Reordered { producer, number, after: *next - 1 }),
            _ => *next = number + 1,
        }
        self.seen[producer].add(number, number);
        Ok(())
    }
}

/// Whether consumers have together received what each producer has sent.
///
/// # Errors
///
/// What was lost or came twice.
pub(crate) fn agree(sent: &[u64], tallies: &[Tally]) -> Result<(), Wrong> {
    for (producer, &sent) in sent.iter().enumerate() {
        let seen = tallies.iter().map(|tally| tally.seen[producer]).fold(Digest::default(), Digest::merge);
        let mut expected = Digest::default();
        (0..sent).for_each(|number| expected.add(number, number));
        match seen.tasks {
            count if count < sent => return Err(Wrong::Lost { producer, lost: sent - count, sent }),
            count if count > sent => return Err(Wrong::Doubled { producer, extra: count - sent }),
            _ if seen != expected => return Err(Wrong::Others { producer }),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What two consumers make of the messages that they receive, of five that one producer has sent.
    fn judged(first: &[u64], second: &[u64]) -> Result<(), Wrong> {
        let tally = |numbers: &[u64]| {
            let mut tally = Tally::new(1);
            numbers.iter().try_for_each(|&number| tally.add(Stamp::new(0, number))).map(|()| tally)
        };
        agree(&[5], &[tally(first)?, tally(second)?])
    }

    #[test]
    fn messages_may_be_shared_out_but_not_lost_doubled_reordered_or_exchanged() {
        assert_eq!(judged(&[0, 2, 4], &[1, 3]), Ok(()));
        assert_eq!(judged(&[0, 2], &[1, 3]), Err(Wrong::Lost { producer: 0, lost: 1, sent: 5 }));
        assert_eq!(judged(&[0, 2, 4], &[1, 2, 3]), Err(Wrong::Doubled { producer: 0, extra: 1 }));
        assert_eq!(judged(&[0, 1, 1], &[]), Err(Wrong::Doubled { producer: 0, extra: 1 }));
        assert_eq!(judged(&[0, 2, 1], &[]), Err(Wrong::Reordered { producer: 0, number: 1, after: 2 }));
        assert_eq!(judged(&[0, 1, 3], &[1, 2]), Err(Wrong::Others { producer: 0 }));
        assert_eq!(Tally::new(1).add(Stamp::new(1, 0)), Err(Wrong::Damaged));
    }
}
