//! What processes say to each other: length-prefixed frames, little-endian.
//!
//! A request is the index of a task. A reply fits into [`LONGEST`] bytes, less than the kernel writes to a pipe in one
//! piece (`PIPE_BUF`), so that many processes can share one pipe.

use concbench_model::{ModelError, Result};

/// The longest frame, its length included, in bytes.
const LONGEST: usize = 512;
/// The bytes before the payload of a reply: index and kind.
const REPLY_HEAD: usize = 9;

/// What became of one task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) index: u64,
    outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    Value(u64),
    Failed(String),
    Panicked(String),
    Foreign,
    Died(String),
}

impl Reply {
    pub(super) fn of(index: u64, result: Result<u64>) -> Self {
        let outcome = match result {
            Ok(value) => Outcome::Value(value),
            Err(ModelError::Task { reason, .. }) => Outcome::Failed(reason),
            Err(ModelError::Panicked { message, .. }) => Outcome::Panicked(message),
            Err(ModelError::Foreign { .. }) => Outcome::Foreign,
            Err(other) => Outcome::Died(other.to_string()),
        };
        Self { index, outcome }
    }

    pub(super) fn into_result(self) -> Result<u64> {
        let index = self.index;
        match self.outcome {
            Outcome::Value(value) => Ok(value),
            Outcome::Failed(reason) => Err(ModelError::Task { index, reason }),
            Outcome::Panicked(message) => Err(ModelError::Panicked { index, message }),
            Outcome::Foreign => Err(ModelError::Foreign { index }),
            Outcome::Died(how) => Err(ModelError::Died { who: "the process of a task", how }),
        }
    }

    /// Appends the frame; a message that is too long is cut.
    pub(super) fn encode(&self, bytes: &mut Vec<u8>) {
        let value_bytes;
        let (kind, payload) = match &self.outcome {
            Outcome::Value(value) => {
                value_bytes = value.to_le_bytes();
                (0, &value_bytes[..])
            }
            Outcome::Failed(text) => (1, text.as_bytes()),
            Outcome::Panicked(text) => (2, text.as_bytes()),
            Outcome::Foreign => (3, &[][..]),
            Outcome::Died(text) => (4, text.as_bytes()),
        };
        let payload = &payload[..payload.len().min(LONGEST - 2 - REPLY_HEAD)];
        bytes.extend_from_slice(&((REPLY_HEAD + payload.len()) as u16).to_le_bytes());
        bytes.extend_from_slice(&self.index.to_le_bytes());
        bytes.push(kind);
        bytes.extend_from_slice(payload);
    }

    pub(super) fn decode(frame: &[u8]) -> Result<Self> {
        let bad = || ModelError::Protocol {
            who: "a process",
            what: format!("a bad reply of {} bytes", frame.len()),
        };
        let (index, rest) = frame.split_first_chunk::<8>().ok_or_else(bad)?;
        let (&kind, payload) = rest.split_first().ok_or_else(bad)?;
        let text = || String::from_utf8_lossy(payload).into_owned();
        let outcome = match kind {
            0 => Outcome::Value(u64::from_le_bytes(payload.try_into().map_err(|_| bad())?)),
            1 => Outcome::Failed(text()),
            2 => Outcome::Panicked(text()),
            3 => Outcome::Foreign,
            4 => Outcome::Died(text()),
            _ => return Err(bad()),
        };
        Ok(Self { index: u64::from_le_bytes(*index), outcome })
    }
}

/// Appends the request for one task.
pub(super) fn encode_request(index: u64, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(&8u16.to_le_bytes());
    bytes.extend_from_slice(&index.to_le_bytes());
}

pub(super) fn decode_request(frame: &[u8]) -> Result<u64> {
    frame.try_into().map(u64::from_le_bytes).map_err(|_| ModelError::Protocol {
        who: "the parent",
        what: format!("a request of {} bytes instead of 8", frame.len()),
    })
}

/// Bytes that have arrived, cut into frames.
#[derive(Debug, Default)]
pub(super) struct Frames {
    bytes: Vec<u8>,
    /// How far they have been handed out.
    taken: usize,
}

impl Frames {
    /// Takes what has arrived.
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.taken);
        self.taken = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole frame, without its length.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>> {
        let rest = &self.bytes[self.taken..];
        let Some((length, rest)) = rest.split_first_chunk::<2>() else {
            return Ok(None);
        };
        let length = usize::from(u16::from_le_bytes(*length));
        if length > LONGEST - 2 {
            let what = format!("a frame of {length} bytes, at most {} are allowed", LONGEST - 2);
            return Err(ModelError::Protocol { who: "a process", what });
        }
        if rest.len() < length {
            return Ok(None);
        }
        let start = self.taken + 2;
        self.taken = start + length;
        Ok(Some(&self.bytes[start..start + length]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn replies_survive_any_cut(index: u64, value: u64, text in ".{0,600}", cut in 1usize..64) {
            let sent = [
                Reply { index, outcome: Outcome::Value(value) },
                Reply { index, outcome: Outcome::Foreign },
                Reply { index, outcome: Outcome::Failed(text.chars().take(100).collect()) },
            ];
            let mut bytes = Vec::new();
            sent.iter().for_each(|reply| reply.encode(&mut bytes));
            let mut frames = Frames::default();
            let mut received = Vec::new();
            for piece in bytes.chunks(cut) {
                frames.extend(piece);
                while let Some(frame) = frames.next().unwrap() {
                    received.push(Reply::decode(frame).unwrap());
                }
            }
            prop_assert_eq!(received, sent);
        }

        #[test]
        fn no_bytes_make_the_reader_panic_or_hoard(bytes in proptest::collection::vec(any::<u8>(), 0..4096)) {
            let mut frames = Frames::default();
            for piece in bytes.chunks(100) {
                frames.extend(piece);
                while let Ok(Some(frame)) = frames.next() {
                    let _ = Reply::decode(frame);
                    let _ = decode_request(frame);
                }
            }
        }
    }

    #[test]
    fn a_long_message_is_cut_to_what_a_pipe_writes_in_one_piece() {
        let mut bytes = Vec::new();
        Reply { index: 1, outcome: Outcome::Failed("x".repeat(9999)) }.encode(&mut bytes);
        assert_eq!(bytes.len(), LONGEST);
    }
}
