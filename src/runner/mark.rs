//! The mark by which a supervisor knows what it has started, and what that has started in turn: a variable of the
//! environment, which every process inherits.

use std::hash::{BuildHasher, RandomState};
use std::process::Command;

use crate::machine::proc::was_started_with;

/// The variable: a word for each supervisor above a process, the nearest last.
const VARIABLE: &str = "CONCBENCH_SUPERVISOR";

/// The word of one supervisor.
#[derive(Debug, Clone)]
pub(super) struct Mark(String);

impl Mark {
    /// One that nobody else has.
    pub(super) fn new() -> Self {
        // Its keys are random, and so is what they make of nothing.
        let random = RandomState::new().hash_one(());
        Self(format!("{}-{random:016x}", std::process::id()))
    }

    /// That of the supervisor of this process; none where it has none.
    pub(super) fn inherited() -> Option<Self> {
        let words = std::env::var(VARIABLE).ok()?;
        words.split(' ').next_back().filter(|word| !word.is_empty()).map(|word| Self(word.to_owned()))
    }

    /// It, as text.
    pub(super) fn word(&self) -> &str {
        &self.0
    }

    /// Has a process bear it, and all that it starts. A supervisor above this one still knows them, too.
    pub(super) fn put_on(&self, command: &mut Command) {
        let above = std::env::var(VARIABLE).map(|above| format!("{above} ")).unwrap_or_default();
        command.env(VARIABLE, format!("{above}{}", self.0));
    }

    /// Whether a process bears it; `None` where that does not show.
    pub(super) fn is_on(&self, pid: u32) -> Option<bool> {
        was_started_with(pid, VARIABLE, &self.0)
    }
}

/// Whether a text is the word of some supervisor: the number of a process and sixteen digits.
pub(super) fn is_word(text: &str) -> bool {
    let digits = |text: &str, hexadecimal: bool| {
        text.bytes().all(|byte| byte.is_ascii_digit() || (hexadecimal && (b'a'..=b'f').contains(&byte)))
    };
    text.split_once('-').is_some_and(|(process, random)| {
        !process.is_empty() && digits(process, false) && random.len() == 16 && digits(random, true)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_supervisors_have_the_same_word() {
        let [one, other] = [Mark::new(), Mark::new()];
        assert_ne!(one.word(), other.word());
        assert!(is_word(one.word()) && is_word(other.word()));
        for text in ["", "-", "1-", "x-0123456789abcdef", "1-0123456789abcdeg", "1-0123456789abcde"] {
            assert!(!is_word(text), "{text}");
        }
    }
}
