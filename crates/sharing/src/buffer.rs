//! Where tasks write down what they see: a task returns one value, which has to be the same every time, and in a process
//! of its own it shares nothing else with its runner.

use std::fs::OpenOptions;
use std::io;
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU32, AtomicU64};

use concbench_sys::SharedMemory;
use serde::{Deserialize, Serialize};

use concbench_model::process::FileHandle;

/// By what a process of a model opens the buffer that its runner shares with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BufferHandle {
    /// Its file.
    file: FileHandle,
    /// How many words of 32 bits it holds.
    #[serde(default)]
    halves: usize,
    /// How many words of 64 bits it holds.
    words: usize,
}

/// Words that start at 0, shared between a runner and the processes of its model.
#[derive(Debug)]
pub struct SharedBuffer {
    memory: SharedMemory,
    /// By which other processes open it; kept by the runner.
    file: Option<OwnedFd>,
    halves: usize,
    words: usize,
}

impl SharedBuffer {
    /// Makes one, in the runner.
    ///
    /// # Errors
    ///
    /// When the kernel refuses the memory.
    pub fn create(words: usize) -> io::Result<Self> {
        Self::with_halves(0, words)
    }

    /// Makes one that has words of 32 bits too, an even number of them: futexes.
    ///
    /// # Errors
    ///
    /// When the kernel refuses the memory.
    pub fn with_halves(halves: usize, words: usize) -> io::Result<Self> {
        let (memory, file) = SharedMemory::create(halves, words)?;
        Ok(Self { memory, file: Some(file), halves, words })
    }

    /// By what the processes of the model open it; `None` in one of these.
    pub fn handle(&self) -> Option<BufferHandle> {
        let file = FileHandle::of(self.file.as_ref()?).ok()?;
        Some(BufferHandle { file, halves: self.halves, words: self.words })
    }

    /// Opens that of the runner, in a process of its model.
    ///
    /// # Errors
    ///
    /// When the runner is gone, or the memory is another one.
    pub fn open(handle: &BufferHandle) -> io::Result<Self> {
        let file = handle.file.open(OpenOptions::new().read(true).write(true))?;
        let (halves, words) = (handle.halves, handle.words);
        let memory = SharedMemory::open(file.into(), halves, words)?;
        Ok(Self { memory, file: None, halves, words })
    }

    /// The words of 32 bits.
    pub fn halves(&self) -> &[AtomicU32] {
        self.memory.halves()
    }

    /// One of the words of 64 bits.
    ///
    /// # Panics
    ///
    /// When there is none with this number.
    pub fn word(&self, word: usize) -> &AtomicU64 {
        &self.memory.words(word..word + 1)[0]
    }

    /// Some of the words of 64 bits.
    ///
    /// # Panics
    ///
    /// When there are not as many.
    pub fn words(&self, range: Range<usize>) -> &[AtomicU64] {
        self.memory.words(range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering::Relaxed;

    #[test]
    fn what_is_written_by_one_is_read_by_the_other() {
        let here = SharedBuffer::create(3).unwrap();
        let handle = here.handle().unwrap();
        let there = SharedBuffer::open(&handle).unwrap();
        there.words(0..3)[2].store(7, Relaxed);
        assert_eq!(here.word(2).load(Relaxed), 7);
        assert!(there.handle().is_none());
        assert!(SharedBuffer::open(&BufferHandle { words: 4, ..handle }).is_err());
    }
}
