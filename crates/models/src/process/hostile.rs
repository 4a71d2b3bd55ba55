//! What a worker that has gone mad could send: entries for tests that send it.

use super::frame::{Frames, Reply, decode_request};
pub use super::shm::hostile::ring;

/// How many bytes arrive at once.
const PIECE: usize = 100;

/// Reads bytes as frames, as a parent and as a worker do; whether there was a whole reply or request.
pub fn frames(bytes: &[u8]) -> bool {
    let mut frames = Frames::default();
    let mut understood = false;
    for piece in bytes.chunks(PIECE) {
        frames.extend(piece);
        loop {
            match frames.next() {
                Ok(Some(frame)) => {
                    understood |= decode_request(frame).is_ok();
                    match Reply::decode(frame) {
                        Ok(reply) => {
                            understood = true;
                            again(&reply);
                            let _ = reply.into_result();
                        }
                        Err(error) => assert!(!error.to_string().contains('\n')),
                    }
                }
                Ok(None) => break,
                // Who sends such a frame is not listened to any more.
                Err(_) => return understood,
            }
        }
    }
    understood
}

/// A reply that was understood can be sent on, and says the same.
fn again(reply: &Reply) {
    let (mut bytes, mut frames) = (Vec::new(), Frames::default());
    reply.encode(&mut bytes);
    frames.extend(&bytes);
    let frame = frames.next().expect("what was encoded is a frame").expect("a whole one");
    let same = Reply::decode(frame).expect("what was encoded can be decoded");
    assert_eq!(same.index, reply.index);
}
