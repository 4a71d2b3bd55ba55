//! Rings in shared memory: one from every producer to every consumer, and a place to sleep for each of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use concbench_model::ModelError;
use concbench_model::ring::{APART, Cursor, Patience, Ring, wake_up};
use concbench_sys::SharedMemory;

use crate::ends::{Inlet, Outlet};
use crate::lane::Lane;
use crate::plan::{CAPACITY_BYTES, Capacity, Cores, Plan, Result};
use crate::stamp::Stamp;
use crate::tally::Wrong;

/// 32-bit atomics from one place to sleep to the next, as far apart as [`APART`].
const WAKE_UP: usize = 2 * APART;
/// How many words are shown to the other side at once: of a longer message it reads the beginning while the end is written.
const AT_ONCE: usize = 512;

/// The memory of a channel: first a place to sleep and a mark of having closed for each end, then the rings.
struct Memory {
    shared: SharedMemory,
    producers: usize,
    consumers: usize,
    slots: usize,
    patience: Patience,
}

impl Memory {
    fn ring(&self, producer: usize, consumer: usize) -> Ring<'_, AtomicU64> {
        let words = Ring::<AtomicU64>::words(self.slots);
        let start = (producer * self.consumers + consumer) * words;
        Ring::new(self.shared.words(start..start + words))
    }

    fn producers_wake_up(&self, producer: usize) -> &AtomicU32 {
        &self.shared.halves()[producer * WAKE_UP]
    }

    fn consumers_wake_up(&self, consumer: usize) -> &AtomicU32 {
        &self.shared.halves()[(self.producers + consumer) * WAKE_UP]
    }

    fn closed(&self, producer: usize) -> &AtomicU32 {
        &self.shared.halves()[(self.producers + self.consumers + producer) * WAKE_UP]
    }
}

/// How many words a ring holds: a power of two.
fn slots(plan: &Plan) -> Result<usize> {
    let refused = |reason: &str| Err(ModelError::Unsupported(reason.to_owned()).into());
    let words = match (plan.capacity, plan.capacity()) {
        (Capacity::Bytes, _) => CAPACITY_BYTES / size_of::<u64>(),
        (_, Some(0)) => {
            return refused("a ring holds at least one message: nobody is in it to be handed one");
        }
        (_, Some(messages)) => messages * plan.words(),
        (_, None) => return refused("a ring in shared memory stays as long as it was made"),
    };
    Ok(words.next_power_of_two())
}

pub(crate) fn lane(plan: &Plan) -> Result<Lane<Sender, Receiver>> {
    let (producers, consumers, slots) = (plan.shape.producers(), plan.shape.consumers(), slots(plan)?);
    let halves = (2 * producers + consumers) * WAKE_UP;
    let words = producers * consumers * Ring::<AtomicU64>::words(slots);
    let (shared, _) =
        SharedMemory::create(halves, words).map_err(ModelError::system("make shared memory"))?;
    // With one core, or more ends than cores, who spins keeps the other from running.
    let spin = plan.cores == Cores::Two && producers + consumers == 2;
    let memory = Arc::new(Memory { shared, producers, consumers, slots, patience: Patience { spin } });
    let words = plan.words();
    let sender = |number| Sender {
        memory: Arc::clone(&memory),
        number,
        cursors: vec![Cursor::default(); consumers],
        next: 0,
        words,
    };
    let receiver = |number| Receiver {
        memory: Arc::clone(&memory),
        number,
        cursors: vec![Cursor::default(); producers],
        next: 0,
        message: vec![0; words],
    };
    Ok(Lane {
        outlets: (0..producers).map(sender).collect(),
        inlets: (0..consumers).map(receiver).collect(),
        between: None,
    })
}

/// Sends into the rings of its producer, one after the other.
pub(crate) struct Sender {
    memory: Arc<Memory>,
    number: usize,
    /// One for each consumer.
    cursors: Vec<Cursor>,
    next: usize,
    words: usize,
}

impl Outlet for Sender {
    async fn send(&mut self, stamp: Stamp) -> Result<()> {
        let (memory, consumer) = (&self.memory, self.next);
        self.next = (consumer + 1) % memory.consumers;
        let (ring, cursor) = (memory.ring(self.number, consumer), &mut self.cursors[consumer]);
        let at_once = AT_ONCE.min(memory.slots);
        for start in (0..self.words).step_by(at_once) {
            let places = start..(start + at_once).min(self.words);
            let length = places.len() as u64;
            while !ring.fits(cursor, length).map_err(ModelError::from)? {
                let mut looked = *cursor;
                let mut fits = || ring.fits(&mut looked, length) != Ok(false);
                memory.patience.wait(memory.producers_wake_up(self.number), None, &mut fits);
            }
            for place in places {
                ring.push(cursor, stamp.word(place));
            }
            ring.publish(cursor);
            wake_up::notify(memory.consumers_wake_up(consumer));
        }
        Ok(())
    }

    fn close(self) {
        self.memory.closed(self.number).store(1, Ordering::Release);
        for consumer in 0..self.memory.consumers {
            wake_up::notify(self.memory.consumers_wake_up(consumer));
        }
    }
}

/// Receives from the rings of its consumer.
pub(crate) struct Receiver {
    memory: Arc<Memory>,
    number: usize,
    /// One for each producer.
    cursors: Vec<Cursor>,
    /// The producer that is looked at first, so that none waits for ever.
    next: usize,
    message: Vec<u64>,
}

impl Inlet for Receiver {
    async fn receive(&mut self) -> Result<Option<Stamp>> {
        loop {
            // Before the rings are looked at: who has closed has written all before.
            let closed = (0..self.memory.producers)
                .all(|producer| self.memory.closed(producer).load(Ordering::Acquire) != 0);
            if let Some(producer) = self.said()? {
                self.next = (producer + 1) % self.memory.producers;
                return self.take(producer).map(Some);
            }
            if closed {
                return Ok(None);
            }
            let memory = &self.memory;
            let (number, cursors) = (self.number, &mut self.cursors);
            let mut something = || {
                let mut producers = cursors.iter_mut().enumerate();
                let said = producers.any(|(producer, cursor)| {
                    let ring = memory.ring(producer, number);
                    ring.available(cursor) != Ok(0)
                });
                said || (0..memory.producers)
                    .all(|producer| memory.closed(producer).load(Ordering::Acquire) != 0)
            };
            memory.patience.wait(memory.consumers_wake_up(number), None, &mut something);
        }
    }
}

impl Receiver {
    /// A producer that has written something.
    fn said(&mut self) -> Result<Option<usize>> {
        for turn in 0..self.memory.producers {
            let producer = (self.next + turn) % self.memory.producers;
            let cursor = &mut self.cursors[producer];
            let ring = self.memory.ring(producer, self.number);
            if cursor.has_more() || ring.available(cursor).map_err(ModelError::from)? > 0 {
                return Ok(Some(producer));
            }
        }
        Ok(None)
    }

    /// Takes a message of which something is there.
    fn take(&mut self, producer: usize) -> Result<Stamp> {
        let memory = &self.memory;
        let (ring, cursor) = (memory.ring(producer, self.number), &mut self.cursors[producer]);
        let mut taken = 0;
        while taken < self.message.len() {
            while !cursor.has_more() && ring.available(cursor).map_err(ModelError::from)? == 0 {
                let mut looked = *cursor;
                let mut said = || ring.available(&mut looked) != Ok(0);
                memory.patience.wait(memory.consumers_wake_up(self.number), None, &mut said);
            }
            while cursor.has_more() && taken < self.message.len() {
                self.message[taken] = ring.pop(cursor).map_err(ModelError::from)?;
                taken += 1;
            }
            ring.release(cursor);
            wake_up::notify(memory.producers_wake_up(producer));
        }
        Ok(Stamp::of(&self.message).ok_or(Wrong::Damaged)?)
    }
}
