//! Replies as words: three for a task that went well; a frame, its length before it, for any other.

use concbench_model::Result;
use concbench_model::ring::{Cursor, Damaged, Ring, Word};

use super::super::frame::Reply;

/// The first word of a reply with a value.
const VALUE: u64 = 0;
/// The first word of a worker's first message: it has started.
const STARTED: u64 = u64::MAX;
/// The first word of any other reply has the length of the frame, which is never 0.
const LONGEST: u64 = 512;

/// What a worker says.
#[derive(Debug)]
pub(super) enum Message {
    /// It is ready for tasks.
    Started,
    /// This became of a task.
    Reply(u64, Result<u64>),
}

/// Words that are written one message at a time.
pub(super) fn encode(message: Message, words: &mut Vec<u64>) {
    words.clear();
    match message {
        Message::Started => words.push(STARTED),
        Message::Reply(index, Ok(value)) => words.extend([VALUE, index, value]),
        Message::Reply(index, Err(error)) => {
            let mut frame = Vec::new();
            Reply::of(index, Err(error)).encode(&mut frame);
            words.push(frame.len() as u64);
            words.extend(frame.chunks(8).map(|bytes| {
                let mut word = [0; 8];
                word[..bytes.len()].copy_from_slice(bytes);
                u64::from_le_bytes(word)
            }));
        }
    }
}

/// Takes one message; some words must be available.
pub(super) fn decode<W: Word>(ring: &Ring<'_, W>, reader: &mut Cursor) -> Result<Message> {
    match ring.pop(reader)? {
        VALUE => Ok(Message::Reply(ring.pop(reader)?, Ok(ring.pop(reader)?))),
        STARTED => Ok(Message::Started),
        length @ 2..=LONGEST => {
            let mut frame = Vec::new();
            for _ in 0..length.div_ceil(8) {
                frame.extend_from_slice(&ring.pop(reader)?.to_le_bytes());
            }
            let reply = Reply::decode(&frame[2..length as usize])?;
            Ok(Message::Reply(reply.index, reply.into_result()))
        }
        _ => Err(Damaged.into()),
    }
}
