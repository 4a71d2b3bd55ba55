use std::sync::atomic::{AtomicU64, Ordering};

use super::message;
use concbench_model::ring::{APART, Cursor, Ring};

/// The slots of a ring: fewer than bytes may fill.
const SLOTS: usize = 64;

/// Reads bytes as the words of a ring that its writer has filled with nonsense, positions included; whether there was a
/// whole message.
pub fn ring(bytes: &[u8]) -> bool {
    let memory: Vec<AtomicU64> =
        std::iter::repeat_with(AtomicU64::default).take(Ring::<AtomicU64>::words(SLOTS)).collect();
    let mut words = bytes.chunks(8).map(|chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        u64::from_le_bytes(word)
    });
    // Mostly a position that can be, or hardly any message would be looked at.
    let written = words.next().unwrap_or(0);
    let written = if written % 8 == 0 { written } else { written % (SLOTS as u64 + 1) };
    memory[0].store(written, Ordering::Relaxed);
    for (slot, word) in memory[2 * APART..].iter().zip(words) {
        slot.store(word, Ordering::Relaxed);
    }
    let ring = Ring::new(&memory);
    let mut reader = Cursor::default();
    let mut understood = false;
    while ring.available(&mut reader).is_ok_and(|available| available > 0) {
        match message::decode(&ring, &mut reader) {
            Ok(_) => understood = true,
            Err(_) => break,
        }
        ring.release(&reader);
    }
    understood
}
