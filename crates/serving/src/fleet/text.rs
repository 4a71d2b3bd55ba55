//! What clients send, and what they expect: pieces of one text, so that every message of a connection differs from the
//! one before and no byte is made while the load lasts.

/// How far apart the beginnings of messages lie at most: none of them repeats within this many.
const BEGINNINGS: usize = 16 << 10;

/// A text and the same in upper case.
#[derive(Debug)]
pub(super) struct Text {
    lower: Vec<u8>,
    upper: Vec<u8>,
    bytes: usize,
}

impl Text {
    /// One for messages of so many bytes.
    pub(super) fn new(bytes: usize) -> Self {
        // A linear congruential generator (Knuth, MMIX): any text will do that does not repeat itself.
        let mut state = 1u64;
        let letter = |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            b"abcdefghijklmnopqrstuvwxyz0123456789 -ABCDEF"[(state >> 33) as usize % 44]
        };
        let lower: Vec<u8> = (0..BEGINNINGS + bytes).map(letter).collect();
        let upper = lower.to_ascii_uppercase();
        Self { lower, upper, bytes }
    }

    /// A message of a connection, by its number: what is sent, and what is expected.
    pub(super) fn message(&self, connection: usize, number: u64) -> (&[u8], &[u8]) {
        // 7919 shares no divisor with the number of beginnings: neighbours are far apart, and each comes once.
        let begin =
            (connection.wrapping_mul(131).wrapping_add(number as usize)).wrapping_mul(7919) % BEGINNINGS;
        let range = begin..begin + self.bytes;
        (&self.lower[range.clone()], &self.upper[range])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_differ_from_the_one_before_and_from_those_of_other_connections() {
        let text = Text::new(32);
        for number in 0..1000 {
            let (sent, expected) = text.message(3, number);
            assert_eq!(sent.to_ascii_uppercase(), expected);
            assert_ne!(expected, sent, "a server that echoes is told from one that answers");
            assert_ne!(text.message(3, number + 1).1, expected);
            assert_ne!(text.message(4, number).1, expected);
        }
    }
}
