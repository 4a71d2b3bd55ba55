//! Where tasks write down what they see: a task returns one value, which has to be the same every time, and in a process
//! of its own it shares nothing else with its runner.

use std::fs::OpenOptions;
use std::io;
use std::ops::Range;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::AtomicU64;

use crate::spec::Notebook;
use crate::sys::SharedMemory;

/// Words that start at 0, shared between a runner and the processes of its model.
#[derive(Debug)]
pub(super) struct Ledger {
    memory: SharedMemory,
    /// By which other processes open it; kept by the runner.
    file: Option<OwnedFd>,
    words: usize,
}

impl Ledger {
    /// Makes one, in the runner.
    ///
    /// # Errors
    ///
    /// When the kernel refuses the memory.
    pub(super) fn create(words: usize) -> io::Result<Self> {
        let (memory, file) = SharedMemory::create(0, words)?;
        Ok(Self { memory, file: Some(file), words })
    }

    /// Where the processes of the model find it; `None` in one of these.
    pub(super) fn notebook(&self) -> Option<Notebook> {
        let file = self.file.as_ref()?.as_raw_fd();
        let path = format!("/proc/{}/fd/{file}", std::process::id()).into();
        Some(Notebook { path, words: self.words })
    }

    /// Opens that of the runner, in a process of its model.
    ///
    /// # Errors
    ///
    /// When the runner is gone, or the memory is another one.
    pub(super) fn open(notebook: &Notebook) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(&notebook.path)?;
        let memory = SharedMemory::open(file.into(), 0, notebook.words)?;
        Ok(Self { memory, file: None, words: notebook.words })
    }

    /// Some of the words.
    ///
    /// # Panics
    ///
    /// When there are not as many.
    pub(super) fn words(&self, range: Range<usize>) -> &[AtomicU64] {
        self.memory.words(range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering::Relaxed;

    #[test]
    fn what_is_written_by_one_is_read_by_the_other() {
        let here = Ledger::create(3).unwrap();
        let notebook = here.notebook().unwrap();
        let there = Ledger::open(&notebook).unwrap();
        there.words(0..3)[2].store(7, Relaxed);
        assert_eq!(here.words(2..3)[0].load(Relaxed), 7);
        assert!(there.notebook().is_none());
        assert!(Ledger::open(&Notebook { words: 4, ..notebook }).is_err());
    }
}
