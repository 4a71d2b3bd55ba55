//! A ring of words between one writer and one reader, in memory that both can see.
//!
//! The memory holds two positions that only ever grow, and the slots. Every word is an atomic, so that a peer that dies
//! half-way, or writes nonsense, cannot cause more than a wrong number. What each side knows besides lives with it, in
//! a [`Cursor`]: how far it has come, and how far it last saw the other. Generic over the words, so that loom can take
//! the place of the hardware.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::ModelError;

/// Words between two positions that are written by different sides: two cache lines, because processors fetch them in
/// pairs.
pub const APART: usize = 16;

/// A 64-bit atomic.
pub trait Word {
    /// Its value.
    fn load(&self, ordering: Ordering) -> u64;
    /// Gives it another value.
    fn store(&self, value: u64, ordering: Ordering);
}

impl Word for AtomicU64 {
    fn load(&self, ordering: Ordering) -> u64 {
        self.load(ordering)
    }

    fn store(&self, value: u64, ordering: Ordering) {
        self.store(value, ordering);
    }
}

/// A ring, as it lies in memory.
#[derive(Debug)]
pub struct Ring<'a, W> {
    /// How many words have been written.
    written: &'a W,
    /// How many of them have been read.
    read: &'a W,
    /// A power of two of them.
    slots: &'a [W],
}

/// What one side of a ring knows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cursor {
    /// How far this side has come; the other side learns of it when it is published.
    here: u64,
    /// How far the other side had come when it was last looked at.
    there: u64,
}

impl Cursor {
    /// For a reader: whether it has not taken all that it has seen.
    pub fn has_more(&self) -> bool {
        self.here != self.there
    }
}

/// The other side claims something impossible: its memory is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damaged;

impl From<Damaged> for ModelError {
    fn from(_: Damaged) -> Self {
        Self::Protocol { who: "a worker process", what: "the ring in shared memory is damaged".to_owned() }
    }
}

impl<'a, W: Word> Ring<'a, W> {
    /// How many words of memory a ring with this many slots takes.
    pub const fn words(slots: usize) -> usize {
        assert!(slots.is_power_of_two());
        2 * APART + slots
    }

    /// The ring in this memory: all zero at first, and as long as [`Ring::words`] says.
    pub fn new(memory: &'a [W]) -> Self {
        let (positions, slots) = memory.split_at(2 * APART);
        debug_assert!(slots.len().is_power_of_two());
        Self { written: &positions[0], read: &positions[APART], slots }
    }

    /// For the writer: whether this many words fit.
    ///
    /// # Errors
    ///
    /// When the reader claims a position that cannot be.
    pub fn fits(&self, writer: &mut Cursor, words: u64) -> Result<bool, Damaged> {
        if self.space(writer)? >= words {
            return Ok(true);
        }
        // Only now: the reader's position lies in memory that the reader keeps writing to.
        writer.there = self.read.load(Ordering::Acquire);
        Ok(self.space(writer)? >= words)
    }

    fn space(&self, writer: &Cursor) -> Result<u64, Damaged> {
        let kept = writer.here.wrapping_sub(writer.there);
        (self.slots.len() as u64).checked_sub(kept).ok_or(Damaged)
    }

    /// For the writer: adds a word, which is not visible before it is published. There must be space for it.
    pub fn push(&self, writer: &mut Cursor, word: u64) {
        debug_assert!(writer.here.wrapping_sub(writer.there) < self.slots.len() as u64);
        self.slot(writer.here).store(word, Ordering::Relaxed);
        writer.here = writer.here.wrapping_add(1);
    }

    /// For the writer: shows the reader what has been pushed.
    pub fn publish(&self, writer: &Cursor) {
        self.written.store(writer.here, Ordering::Release);
    }

    /// For the reader: how many words there are.
    ///
    /// # Errors
    ///
    /// When the writer claims a position that cannot be.
    pub fn available(&self, reader: &mut Cursor) -> Result<u64, Damaged> {
        reader.there = self.written.load(Ordering::Acquire);
        let waiting = reader.there.wrapping_sub(reader.here);
        if waiting > self.slots.len() as u64 {
            return Err(Damaged);
        }
        Ok(waiting)
    }

    /// For the reader: takes a word, one of those that were available.
    ///
    /// # Errors
    ///
    /// When there were fewer.
    pub fn pop(&self, reader: &mut Cursor) -> Result<u64, Damaged> {
        if !reader.has_more() {
            return Err(Damaged);
        }
        let word = self.slot(reader.here).load(Ordering::Relaxed);
        reader.here = reader.here.wrapping_add(1);
        Ok(word)
    }

    /// For the reader: gives the slots of what it has taken back to the writer.
    pub fn release(&self, reader: &Cursor) {
        self.read.store(reader.here, Ordering::Release);
    }

    fn slot(&self, position: u64) -> &W {
        &self.slots[position as usize & (self.slots.len() - 1)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    fn memory(slots: usize) -> Vec<AtomicU64> {
        std::iter::repeat_with(AtomicU64::default).take(Ring::<AtomicU64>::words(slots)).collect()
    }

    proptest! {
        #[test]
        fn it_is_a_queue(steps in proptest::collection::vec(any::<bool>(), 0..200)) {
            let memory = memory(8);
            let ring = Ring::new(&memory);
            let (mut writer, mut reader, mut queue) = (Cursor::default(), Cursor::default(), VecDeque::new());
            for (word, write) in (1..).zip(steps) {
                prop_assert_eq!(ring.fits(&mut writer, 8 - queue.len() as u64), Ok(true));
                prop_assert_eq!(ring.fits(&mut writer, 9 - queue.len() as u64), Ok(false));
                if write && queue.len() < 8 {
                    queue.push_back(word);
                    ring.push(&mut writer, word);
                    ring.publish(&writer);
                } else if let Some(expected) = queue.pop_front() {
                    prop_assert_eq!(ring.available(&mut reader).unwrap(), queue.len() as u64 + 1);
                    prop_assert_eq!(ring.pop(&mut reader), Ok(expected));
                    ring.release(&reader);
                }
                prop_assert_eq!(ring.available(&mut reader).unwrap(), queue.len() as u64);
            }
        }

        #[test]
        fn nonsense_in_the_positions_is_noticed(position: u64) {
            let memory = memory(8);
            let ring = Ring::new(&memory);
            memory[0].store(position, Ordering::Relaxed);
            memory[APART].store(position, Ordering::Relaxed);
            let mut reader = Cursor::default();
            match ring.available(&mut reader) {
                Ok(words) => prop_assert!(words == position && words <= 8),
                Err(Damaged) => prop_assert!(position > 8),
            }
            let fits = ring.fits(&mut Cursor::default(), 9);
            prop_assert_eq!(fits.is_err(), 0u64.wrapping_sub(position) > 8);
        }
    }

    #[test]
    fn what_is_not_published_is_not_seen() {
        let memory = memory(4);
        let ring = Ring::new(&memory);
        let (mut writer, mut reader) = (Cursor::default(), Cursor::default());
        ring.push(&mut writer, 7);
        assert_eq!(ring.available(&mut reader), Ok(0));
        assert_eq!(ring.pop(&mut reader), Err(Damaged));
        ring.publish(&writer);
        assert_eq!(ring.available(&mut reader), Ok(1));
    }
}
