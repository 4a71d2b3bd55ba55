//! Tasks that read a file each: real files, made by a seeded generator before anything is measured.
//!
//! They have just been written when they are read, so that they come from the page cache: what is measured is the way
//! through the library and the kernel, and no disk.

mod grayscale;
mod log_count;

use std::io;
use std::path::{Path, PathBuf};

use concbench_stats::SplitMix64;
pub use grayscale::Grayscale;
pub use log_count::LogCount;

use crate::{Result, TaskError};

/// A kind of task that reads a file.
pub(crate) trait Files {
    /// What the names of its files begin with, parameters included: no two sets in a folder share a file.
    fn stem(&self) -> String;

    /// Where they lie, once they have been made.
    fn folder(&self) -> Option<&Path>;

    /// What stands in the file of this task.
    fn content(&self, index: u64) -> io::Result<Vec<u8>>;

    /// The file of this task.
    fn path(&self, folder: &Path, index: u64) -> PathBuf {
        folder.join(format!("{}-{index}", self.stem()))
    }

    /// The file of this task, where files have been made.
    fn made(&self, index: u64) -> Result<PathBuf> {
        let folder =
            self.folder().ok_or_else(|| TaskError::new(format!("{}: no files were made", self.stem())))?;
        Ok(self.path(folder, index))
    }

    /// Makes the files of so many tasks in a folder, those that are not there yet.
    fn make(&self, folder: &Path, tasks: u64) -> io::Result<()> {
        for index in 0..tasks {
            let path = self.path(folder, index);
            if !path.try_exists()? {
                std::fs::write(path, self.content(index)?)?;
            }
        }
        Ok(())
    }
}

/// A random number below `bound`, which is at least 1.
fn below(random: &mut SplitMix64, bound: u64) -> u64 {
    random.next_u64() % bound
}
