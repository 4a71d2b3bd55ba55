//! Where tasks write down what they see: a task returns one value, which has to be the same every time, and in a process
//! of its own it shares nothing else with its runner.

use std::fs::OpenOptions;
use std::io;
use std::ops::Range;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;

use concbench_sys::SharedMemory;
use serde::{Deserialize, Serialize};

/// By what a process of a model opens the buffer that its runner shares with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BufferHandle {
    /// A file that these processes can open for as long as the runner lives.
    path: PathBuf,
    /// How many words of 64 bits it holds.
    words: usize,
}

/// Words that start at 0, shared between a runner and the processes of its model.
#[derive(Debug)]
pub struct SharedBuffer {
    memory: SharedMemory,
    /// By which other processes open it; kept by the runner.
    file: Option<OwnedFd>,
    words: usize,
}

impl SharedBuffer {
    /// Makes one, in the runner.
    ///
    /// # Errors
    ///
    /// When the kernel refuses the memory.
    pub fn create(words: usize) -> io::Result<Self> {
        let (memory, file) = SharedMemory::create(0, words)?;
        Ok(Self { memory, file: Some(file), words })
    }

    /// By what the processes of the model open it; `None` in one of these.
    pub fn handle(&self) -> Option<BufferHandle> {
        let file = self.file.as_ref()?.as_raw_fd();
        let path = format!("/proc/{}/fd/{file}", std::process::id()).into();
        Some(BufferHandle { path, words: self.words })
    }

    /// Opens that of the runner, in a process of its model.
    ///
    /// # Errors
    ///
    /// When the runner is gone, or the memory is another one.
    pub fn open(handle: &BufferHandle) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(&handle.path)?;
        let memory = SharedMemory::open(file.into(), 0, handle.words)?;
        Ok(Self { memory, file: None, words: handle.words })
    }

    /// Some of the words.
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
        assert_eq!(here.words(2..3)[0].load(Relaxed), 7);
        assert!(there.handle().is_none());
        assert!(SharedBuffer::open(&BufferHandle { words: 4, ..handle }).is_err());
    }
}
