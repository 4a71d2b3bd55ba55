use std::io::Write;
use std::time::{Duration, Instant};

use concbench_model::{ModelError, Result};

use super::frame::Reply;

/// How long a worker keeps replies to itself in order to send several at once.
const LONGEST_HOLD: Duration = Duration::from_micros(50);

/// Replies that wait to be sent together: a message for every single one would cost more than a small task.
#[derive(Debug)]
pub(super) struct Outbox {
    bytes: Vec<u8>,
    sent: Instant,
}

impl Outbox {
    /// An empty one: the time during which replies are held starts now.
    pub(super) fn new() -> Self {
        Self { bytes: Vec::new(), sent: Instant::now() }
    }

    /// Adds a reply.
    pub(super) fn push(&mut self, reply: &Reply) {
        reply.encode(&mut self.bytes);
    }

    /// Whether they were held for long enough.
    pub(super) fn is_due(&self) -> bool {
        self.sent.elapsed() > LONGEST_HOLD
    }

    /// Sends what there is, in one piece.
    pub(super) fn flush(&mut self, socket: &mut impl Write) -> Result<()> {
        socket.write_all(&self.bytes).map_err(ModelError::system("send replies"))?;
        self.bytes.clear();
        self.sent = Instant::now();
        Ok(())
    }
}
