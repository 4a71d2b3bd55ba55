//! Two processes.

use std::fs::File;
use std::io::{Read, Write};
use std::time::Duration;

use concbench_model::process::{REPLIED, fork_child, forker, pipe};
use concbench_model::{ModelError, Result, Settings};

use super::ping_pong::{Link, PingPong, agree, blocking, ping, pong};

/// A pipe in each direction.
struct Pipes {
    write: File,
    read: File,
}

impl Link for Pipes {
    async fn send(&mut self, token: u64) -> Result<()> {
        self.write.write_all(&token.to_ne_bytes()).map_err(ModelError::system("write to the other process"))
    }

    async fn receive(&mut self) -> Option<u64> {
        read(&mut self.read).ok()
    }
}

impl Pipes {
    /// Both ends of two pipes.
    fn pair() -> Result<(Self, Self)> {
        let ((sent, there), (came_back, back)) = (pipe()?, pipe()?);
        Ok((Self { write: there.into(), read: came_back }, Self { write: back.into(), read: sent }))
    }
}

fn read(pipe: &mut File) -> std::io::Result<u64> {
    let mut bytes = [0; 8];
    pipe.read_exact(&mut bytes)?;
    Ok(u64::from_ne_bytes(bytes))
}

pub(super) fn forked(_: &Settings, time: Duration) -> Result<PingPong> {
    let forker = forker()?;
    let (ours, theirs) = Pipes::pair()?;
    let (mut counted, count) = pipe()?;
    let (mut ours, mut theirs) = (Some(ours), Some((theirs, File::from(count))));
    let child = fork_child(&forker, "the other process", || {
        // Its copies of this side's ends: while they are open, the pipes have no end.
        drop(ours.take());
        let Some((link, mut count)) = theirs.take() else { return 1 };
        let answered = blocking(pong(link)).unwrap_or(0);
        if count.write_all(&answered.to_ne_bytes()).is_ok() { REPLIED } else { 1 }
    })?;
    drop(theirs);
    let ping_pong = match ours {
        Some(ours) => blocking(ping(ours, time)),
        None => unreachable!("only the child has dropped it"),
    };
    let answered = read(&mut counted).map_err(ModelError::system("read how much was returned"));
    child.join()?;
    agree(ping_pong, answered)
}
