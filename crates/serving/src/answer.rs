//! What every server does with what it has read, the same for all of them.

use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::Lie;

/// How much a server reads at once, in bytes: the buffer of a connection.
pub(crate) const BUFFER: usize = 16 << 10;
/// After how many answers a server lies that was told to.
const HONEST: u64 = 300;

/// Turns what was read into what is answered.
#[derive(Debug)]
pub(crate) struct Answer {
    lie: Option<Lie>,
    answered: AtomicU64,
}

impl Answer {
    /// One for a server, which lives as long as its process does.
    pub(crate) fn new(lie: Option<Lie>) -> &'static Self {
        Box::leak(Box::new(Self { lie, answered: AtomicU64::new(0) }))
    }

    /// Writes the answer over the question: in upper case.
    pub(crate) fn answer(&self, bytes: &mut [u8]) {
        bytes.make_ascii_uppercase();
        if let Some(lie) = self.lie {
            self.lie(lie, bytes);
        }
    }

    #[cold]
    fn lie(&self, lie: Lie, bytes: &mut [u8]) {
        if self.answered.fetch_add(1, Ordering::Relaxed) < HONEST {
            return;
        }
        match lie {
            Lie::Wrong => {
                if let Some(letter) = bytes.iter_mut().find(|byte| byte.is_ascii_uppercase()) {
                    letter.make_ascii_lowercase();
                }
            }
            Lie::Stall => loop {
                thread::park();
            },
            Lie::Die => process::exit(1),
        }
    }
}
