//! Two clocks around the same batches: the runner's, and that of whoever reads its lines.

/// How far the two may be apart, as a fraction of what the batches took.
const SHARE: f64 = 0.02;
/// How far they may be apart for each batch, in nanoseconds, where that is more.
const EACH_NS: u64 = 100_000;

/// What the first lines of a runner may take together beyond that, in nanoseconds: its code for them is not loaded yet.
const FIRST_NS: u64 = 5_000_000;

/// What two clocks say of the same batches, in nanoseconds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Clocks {
    /// Each batch by the runner's clock.
    pub theirs: Vec<u64>,
    /// From when the line before the batch was read until its own was.
    pub ours: Vec<u64>,
    /// From when the order was sent until the last line was read.
    pub since_order: u64,
    /// How long the reader and the runner were ready to run and had no core, together.
    pub delayed: u64,
}

/// Which of the two clocks is ahead, and by how much.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// The batches take longer than there was time.
    #[error("its batches took {theirs} ns together by its own clock, and there were only {ours} ns for them")]
    TooLong {
        /// By the runner's clock.
        theirs: u64,
        /// By ours.
        ours: u64,
    },
    /// The batches take less than what passed between its lines.
    #[error(
        "its batches took {theirs} ns together by its own clock, and between its lines {ours} ns passed, of which it \
         waited for a core for {delayed} ns at most"
    )]
    TooShort {
        /// By the runner's clock.
        theirs: u64,
        /// By ours.
        ours: u64,
        /// What waiting for a core explains.
        delayed: u64,
    },
}

impl Clocks {
    /// Whether the two agree to 2 %, or to 100 us a batch where that is more.
    ///
    /// A line may be written, and read, late on a busy machine. So the runner's time may never be more than what has passed
    /// since the order; and it counts as too short only if that is so of the batches together, beyond what either side waited
    /// for a core and what the first lines take, and of the batch in the middle as well.
    ///
    /// # Errors
    ///
    /// When they do not.
    pub fn agree(&self) -> Result<(), ClockError> {
        let sum = |times: &[u64]| times.iter().fold(0u64, |sum, &time| sum.saturating_add(time));
        let (theirs, ours) = (sum(&self.theirs), sum(&self.ours));
        let batches = self.theirs.len() as u64;
        let allowed =
            |time: u64, batches: u64| ((time as f64 * SHARE) as u64).max(EACH_NS.saturating_mul(batches));
        if theirs > self.since_order.saturating_add(allowed(self.since_order, 1)) {
            return Err(ClockError::TooLong { theirs, ours: self.since_order });
        }
        let together = [theirs, allowed(theirs, batches), self.delayed, FIRST_NS]
            .into_iter()
            .fold(0, u64::saturating_add);
        let apart =
            |(theirs, ours): (&u64, &u64)| ours.saturating_sub(theirs.saturating_add(allowed(*theirs, 1)));
        let mut each: Vec<u64> = self.theirs.iter().zip(&self.ours).map(apart).collect();
        each.sort_unstable();
        let middle = each.get(each.len() / 2).copied().unwrap_or(0);
        match ours > together && middle > 0 {
            true => Err(ClockError::TooShort { theirs, ours, delayed: self.delayed }),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn clocks(theirs: &[u64], ours: &[u64]) -> Clocks {
        Clocks { theirs: theirs.to_vec(), ours: ours.to_vec(), since_order: ours.iter().sum(), delayed: 0 }
    }

    #[test]
    fn what_writing_a_line_takes_is_no_disagreement() {
        assert_eq!(clocks(&[MS; 5], &[MS + 90_000; 5]).agree(), Ok(()));
        assert_eq!(clocks(&[100 * MS; 3], &[101 * MS; 3]).agree(), Ok(()));
        assert_eq!(clocks(&[], &[]).agree(), Ok(()));
    }

    #[test]
    fn a_runner_that_halves_or_doubles_its_times_is_found_out() {
        let halved = clocks(&[5 * MS; 3], &[10 * MS; 3]).agree();
        assert!(matches!(halved, Err(ClockError::TooShort { .. })), "{halved:?}");
        let doubled = clocks(&[20 * MS; 3], &[10 * MS; 3]).agree();
        assert!(matches!(doubled, Err(ClockError::TooLong { .. })), "{doubled:?}");
        let nothing = clocks(&[0; 3], &[10 * MS; 3]).agree();
        assert!(matches!(nothing, Err(ClockError::TooShort { .. })), "{nothing:?}");
        let overflowing = clocks(&[u64::MAX; 3], &[10 * MS; 3]).agree();
        assert!(matches!(overflowing, Err(ClockError::TooLong { .. })), "{overflowing:?}");
    }

    #[test]
    fn a_line_that_is_read_late_or_a_core_that_is_taken_is_none() {
        // One line in five was late by 8 ms, and so the next one came early.
        assert_eq!(clocks(&[MS; 5], &[MS, 9 * MS, 0, MS, MS]).agree(), Ok(()));
        let slowed = Clocks { delayed: 20 * MS, ..clocks(&[5 * MS; 3], &[10 * MS; 3]) };
        assert_eq!(slowed.agree(), Ok(()));
    }
}
