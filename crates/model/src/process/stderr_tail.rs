use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{OFlags, fcntl_setfl};

/// How much is kept, in bytes.
const KEPT: usize = 4096;
/// How many reads come between two looks at the clock: a process that writes without end would keep its reader reading
/// without end.
const READS_AT_ONCE: usize = 64;

/// The standard error of a process that was started, read without waiting; the end of it is kept.
#[derive(Debug)]
pub struct StderrTail {
    pipe: Option<File>,
    kept: VecDeque<u8>,
}

impl StderrTail {
    /// That of a process which has the other end of this pipe.
    ///
    /// # Errors
    ///
    /// When the pipe cannot be read without waiting.
    pub fn new(pipe: OwnedFd) -> io::Result<Self> {
        fcntl_setfl(&pipe, OFlags::NONBLOCK)?;
        Ok(Self { pipe: Some(pipe.into()), kept: VecDeque::new() })
    }

    /// What to wait on; `None` once the process has closed its end.
    pub fn pipe(&self) -> Option<BorrowedFd<'_>> {
        self.pipe.as_ref().map(AsFd::as_fd)
    }

    /// Takes what has arrived.
    pub fn drain(&mut self) {
        let Some(pipe) = &mut self.pipe else { return };
        let mut buffer = [0; 4096];
        for _ in 0..READS_AT_ONCE {
            match pipe.read(&mut buffer) {
                Ok(0) => {
                    self.pipe = None;
                    return;
                }
                Ok(read) => {
                    self.kept.extend(&buffer[..read]);
                    let surplus = self.kept.len().saturating_sub(KEPT);
                    self.kept.drain(..surplus);
                }
                Err(_) => return,
            }
        }
    }

    /// What is kept, without the blanks around it; `None` where that is nothing.
    pub fn text(&self) -> Option<String> {
        let bytes: Vec<u8> = self.kept.iter().copied().collect();
        let text = String::from_utf8_lossy(&bytes).trim().to_owned();
        (!text.is_empty()).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn the_end_is_kept_and_nothing_is_waited_for() {
        let (read, mut write) = io::pipe().unwrap();
        let mut tail = StderrTail::new(read.into()).unwrap();
        tail.drain();
        assert_eq!(tail.text(), None);
        write.write_all(&[b'x'; 2 * KEPT]).unwrap();
        write.write_all(b"the end\n").unwrap();
        tail.drain();
        let text = tail.text().unwrap();
        assert!(text.ends_with("xthe end") && text.len() == KEPT - 1, "{}", text.len());
        assert!(tail.pipe().is_some());
        drop(write);
        tail.drain();
        assert!(tail.pipe().is_none() && tail.text() == Some(text));
    }
}
