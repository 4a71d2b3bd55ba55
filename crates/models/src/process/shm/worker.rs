use concbench_model::process::{REPLIED, stdin};
use concbench_model::ring::{Cursor, Patience, wake_up};
use concbench_model::{ModelError, Result, attempt_blocking};
use concbench_workloads::Workload;

use super::memory::Memory;
use super::message::{self, Message};

/// A worker: runs what it finds in its ring until the pool is closed.
pub(in super::super) fn serve<W: Workload>(
    workload: &W,
    worker: usize,
    workers: usize,
    spin: bool,
) -> Result<i32> {
    let memory = Memory::open(stdin()?, workers).map_err(ModelError::system("map the memory of the pool"))?;
    let mut side = Side {
        memory: &memory,
        worker,
        patience: Patience { spin },
        requests: Cursor::default(),
        replies: Cursor::default(),
        words: Vec::new(),
    };
    side.say(Message::Started)?;
    side.publish();
    let requests = memory.requests(worker);
    loop {
        match requests.available(&mut side.requests)? {
            0 if memory.is_closed() => return Ok(REPLIED),
            0 => {
                let mut reader = side.requests;
                side.wait(|| memory.is_closed() || requests.available(&mut reader) != Ok(0));
            }
            queued => {
                // Half of what is queued: the parent fills it up again while the other half is run.
                for _ in 0..queued.div_ceil(2) {
                    let index = requests.pop(&mut side.requests)?;
                    side.say(Message::Reply(index, attempt_blocking(workload, index)))?;
                }
                side.publish();
            }
        }
    }
}

/// A worker's side of its two rings.
struct Side<'a> {
    memory: &'a Memory,
    worker: usize,
    patience: Patience,
    requests: Cursor,
    replies: Cursor,
    words: Vec<u64>,
}

impl Side<'_> {
    /// Writes a message, once there is space for it; it is not seen before it is published.
    fn say(&mut self, message: Message) -> Result<()> {
        let ring = self.memory.replies(self.worker);
        message::encode(message, &mut self.words);
        let length = self.words.len() as u64;
        while !ring.fits(&mut self.replies, length)? {
            self.publish();
            let mut replies = self.replies;
            self.wait(|| self.memory.is_closed() || ring.fits(&mut replies, length) != Ok(false));
            if self.memory.is_closed() {
                return Err(ModelError::Protocol {
                    who: "the parent",
                    what: "closed the pool in a batch".to_owned(),
                });
            }
        }
        for &word in &self.words {
            ring.push(&mut self.replies, word);
        }
        Ok(())
    }

    /// Shows the parent what was said, and wakes it. The slots of what was answered are given back first: the parent
    /// counts on them as soon as it sees an answer.
    fn publish(&self) {
        self.memory.requests(self.worker).release(&self.requests);
        self.memory.replies(self.worker).publish(&self.replies);
        wake_up::notify(self.memory.parents_wake_up());
    }

    fn wait(&self, mut something: impl FnMut() -> bool) {
        self.patience.wait(self.memory.wake_up_of(self.worker), None, &mut something);
    }
}
