//! Tickets in a file: how many are left, as text, which is read and written apart.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;

use concbench_model::process::FileHandle;

/// How many digits the number has, so that it is written as a whole.
const DIGITS: usize = 8;

/// The text of a file that holds so many tickets.
pub fn tickets(left: u64) -> String {
    format!("{left:0DIGITS$}")
}

/// The file, as one task has opened it: a lock on it is that of this opening.
#[derive(Debug)]
pub(super) struct Tickets(File);

/// The lock on the file.
#[derive(Debug)]
pub(super) struct Held<'a>(&'a File);

impl Tickets {
    pub(super) fn open(file: &FileHandle) -> io::Result<Self> {
        file.open(OpenOptions::new().read(true).write(true)).map(Self)
    }

    /// Waits for the lock on the file.
    pub(super) fn lock(&self) -> io::Result<Held<'_>> {
        self.0.lock()?;
        Ok(Held(&self.0))
    }

    /// How many tickets are left.
    pub(super) fn left(&self) -> io::Result<u64> {
        let mut text = [0; DIGITS];
        self.0.read_exact_at(&mut text, 0)?;
        let text = str::from_utf8(&text).map_err(io::Error::other)?;
        text.parse().map_err(io::Error::other)
    }

    pub(super) fn write(&self, left: u64) -> io::Result<()> {
        self.0.write_all_at(tickets(left).as_bytes(), 0)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // It cannot fail while the file is open, and is given back when that is closed.
        let _ = self.0.unlock();
    }
}
