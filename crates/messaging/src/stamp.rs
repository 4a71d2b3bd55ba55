//! What a message says: whose it is, which one, and words that follow from these.

/// The bits of a header that hold the number of a message.
const NUMBER_BITS: u32 = 48;

/// Whose message it is, and which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp(u64);

impl Stamp {
    /// The message of this producer with this number.
    pub(crate) fn new(producer: usize, number: u64) -> Self {
        Self((producer as u64) << NUMBER_BITS | number)
    }

    pub(crate) fn producer(self) -> usize {
        (self.0 >> NUMBER_BITS) as usize
    }

    pub(crate) fn number(self) -> u64 {
        self.0 & ((1 << NUMBER_BITS) - 1)
    }

    /// The word of the message at this place.
    pub(crate) fn word(self, place: usize) -> u64 {
        if place == 0 { self.0 } else { self.base().wrapping_add(place as u64) }
    }

    /// Where the words behind the first begin to count.
    fn base(self) -> u64 {
        self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    /// Writes all of its words.
    pub(crate) fn fill(self, words: &mut [u64]) {
        let base = self.base();
        for (place, word) in words.iter_mut().enumerate() {
            *word = base.wrapping_add(place as u64);
        }
        words[0] = self.0;
    }

    /// The stamp of a message, of which every word is looked at; `None` for one that is damaged.
    pub(crate) fn of(words: &[u64]) -> Option<Self> {
        let (&first, rest) = words.split_first()?;
        let stamp = Self(first);
        let base = stamp.base();
        // Without a branch for each word, so that the compiler can compare several at once.
        let differ =
            (1..).zip(rest).fold(0, |differ, (place, word)| differ | (base.wrapping_add(place) ^ word));
        (differ == 0).then_some(stamp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_whose_it_is_and_every_word_of_it_counts() {
        let stamp = Stamp::new(3, 1 << 40);
        assert_eq!((stamp.producer(), stamp.number()), (3, 1 << 40));
        let mut words = vec![0; 32];
        stamp.fill(&mut words);
        assert_eq!(Stamp::of(&words), Some(stamp));
        assert!((0..32).all(|place| words[place] == stamp.word(place)));
        for place in 0..32 {
            for bit in [0, 31, 63] {
                let mut damaged = words.clone();
                damaged[place] ^= 1 << bit;
                assert_ne!(Stamp::of(&damaged), Some(stamp), "word {place}, bit {bit}");
            }
        }
        words.swap(5, 6);
        assert_eq!(Stamp::of(&words), None);
    }
}
