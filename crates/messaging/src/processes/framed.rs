//! Messages of one length over what carries bytes.

use std::io::{ErrorKind, Read, Write};

use bytemuck::{cast_slice, cast_slice_mut};
use concbench_model::ModelError;

use crate::ends::{Inlet, Outlet};
use crate::plan::Result;
use crate::stamp::Stamp;
use crate::tally::Wrong;

/// Sends each message in one piece.
pub(crate) struct Writer<W> {
    to: W,
    message: Vec<u64>,
}

impl<W: Write> Writer<W> {
    /// One for messages of so many words.
    pub(crate) fn new(to: W, words: usize) -> Self {
        Self { to, message: vec![0; words] }
    }

    pub(crate) fn write(&mut self, stamp: Stamp) -> Result<()> {
        stamp.fill(&mut self.message);
        Ok(self.to.write_all(cast_slice(&self.message)).map_err(ModelError::system("send a message"))?)
    }
}

impl<W: Write + Send + 'static> Outlet for Writer<W> {
    async fn send(&mut self, stamp: Stamp) -> Result<()> {
        self.write(stamp)
    }
}

/// Receives messages.
pub(crate) struct Reader<R> {
    pub(crate) from: R,
    message: Vec<u64>,
}

impl<R: Read> Reader<R> {
    /// One for messages of so many words.
    pub(crate) fn new(from: R, words: usize) -> Self {
        Self { from, message: vec![0; words] }
    }

    /// The next message; `None` at the end.
    pub(crate) fn read(&mut self) -> Result<Option<Stamp>> {
        match read_whole(&mut self.from, cast_slice_mut(&mut self.message))? {
            true => Ok(Some(Stamp::of(&self.message).ok_or(Wrong::Damaged)?)),
            false => Ok(None),
        }
    }
}

impl<R: Read + Send + 'static> Inlet for Reader<R> {
    async fn receive(&mut self) -> Result<Option<Stamp>> {
        self.read()
    }
}

/// Fills a message; `false` where the bytes end before its first one.
pub(crate) fn read_whole(from: &mut impl Read, message: &mut [u8]) -> Result<bool> {
    let system = || ModelError::system("receive a message");
    let mut filled = 0;
    while filled < message.len() {
        match from.read(&mut message[filled..]) {
            Ok(0) if filled == 0 => return Ok(false),
            Ok(0) => return Err(system()(ErrorKind::UnexpectedEof.into()).into()),
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(system()(error).into()),
        }
    }
    Ok(true)
}
