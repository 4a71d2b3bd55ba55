//! The ring and the wake-up in every order in which two sides can run, with every value that the memory model lets them
//! see: loom takes the place of the hardware and of the kernel, and reports a side that sleeps for ever.

use std::sync::atomic::Ordering;
use std::time::Duration;

use loom::model::Builder;
use loom::sync::atomic::{AtomicU32, AtomicU64, fence};
use loom::sync::{Arc, Condvar, Mutex};

use super::wake_up::{self, Futex};
use super::words::{Cursor, Ring, Word};

impl Word for AtomicU64 {
    fn load(&self, ordering: Ordering) -> u64 {
        self.load(ordering)
    }

    fn store(&self, value: u64, ordering: Ordering) {
        self.store(value, ordering);
    }
}

/// What the kernel does: the comparison and the falling asleep are one step to whoever wakes.
#[derive(Default)]
struct Kernel {
    value: AtomicU32,
    queue: Mutex<()>,
    woken: Condvar,
}

impl Futex for Kernel {
    fn load(&self) -> u32 {
        self.value.load(Ordering::Relaxed)
    }

    fn store(&self, value: u32) {
        self.value.store(value, Ordering::Relaxed);
    }

    fn swap(&self, value: u32) -> u32 {
        self.value.swap(value, Ordering::Relaxed)
    }

    fn fence() {
        fence(Ordering::SeqCst);
    }

    fn wait(&self, expected: u32, timeout: Option<Duration>) {
        assert_eq!(timeout, None, "a timeout would hide a wake-up that is lost");
        let queue = self.queue.lock().unwrap();
        if self.value.load(Ordering::Relaxed) == expected {
            drop(self.woken.wait(queue).unwrap());
        }
    }

    fn wake(&self) {
        let _queue = self.queue.lock().unwrap();
        self.woken.notify_one();
    }
}

/// Two processes: one ring, and a wake-up for each.
struct Pair {
    memory: Vec<AtomicU64>,
    readers_wake_up: Kernel,
    writers_wake_up: Kernel,
}

impl Pair {
    fn with_slots(slots: usize) -> Arc<Self> {
        let words = Ring::<AtomicU64>::words(slots);
        Arc::new(Self {
            memory: std::iter::repeat_with(|| AtomicU64::new(0)).take(words).collect(),
            readers_wake_up: Kernel::default(),
            writers_wake_up: Kernel::default(),
        })
    }

    /// Writes messages of these lengths, each word with its position, and sleeps while one does not fit.
    fn write(&self, lengths: &[u64]) {
        let ring = Ring::new(&self.memory);
        let (mut writer, mut word) = (Cursor::default(), 0);
        for &length in lengths {
            while !ring.fits(&mut writer, length).unwrap() {
                wake_up::sleep(&self.writers_wake_up, None, || ring.fits(&mut writer, length).unwrap());
            }
            for _ in 0..length {
                ring.push(&mut writer, word);
                word += 1;
            }
            ring.publish(&writer);
            wake_up::notify(&self.readers_wake_up);
        }
    }

    /// Reads messages of these lengths, always whole ones, and sleeps while there are none.
    fn read(&self, lengths: &[u64]) {
        let ring = Ring::new(&self.memory);
        let ends: Vec<u64> = (0..=lengths.len()).map(|count| lengths[..count].iter().sum()).collect();
        let (mut reader, mut expected) = (Cursor::default(), 0);
        while Some(&expected) != ends.last() {
            while ring.available(&mut reader).unwrap() == 0 {
                wake_up::sleep(&self.readers_wake_up, None, || ring.available(&mut reader).unwrap() > 0);
            }
            let seen = expected + ring.available(&mut reader).unwrap();
            assert!(ends.contains(&seen), "{seen} words are no whole messages");
            while reader.has_more() {
                assert_eq!(ring.pop(&mut reader), Ok(expected));
                expected += 1;
            }
            ring.release(&reader);
            wake_up::notify(&self.writers_wake_up);
        }
    }
}

fn in_every_order(slots: usize, lengths: &'static [u64]) {
    let mut builder = Builder::new();
    // All executions with at most this many switches where none is forced: more of them take minutes, and every error
    // known in such a ring shows with two (Musuvathi and Qadeer 2007).
    builder.preemption_bound = Some(3);
    builder.check(move || {
        let pair = Pair::with_slots(slots);
        let writer = {
            let pair = Arc::clone(&pair);
            loom::thread::spawn(move || pair.write(lengths))
        };
        pair.read(lengths);
        writer.join().unwrap();
    });
}

#[test]
fn words_arrive_in_order_and_nobody_sleeps_for_ever() {
    in_every_order(4, &[1, 1]);
}

#[test]
fn a_writer_that_waits_for_space_is_woken() {
    in_every_order(1, &[1, 1, 1]);
}

#[test]
fn a_message_is_seen_whole() {
    in_every_order(4, &[3, 2]);
}
