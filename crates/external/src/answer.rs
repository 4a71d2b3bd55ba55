//! What a runner answers, line by line.

use concbench_model::Digest;
use concbench_text::clip;

/// The longest line that is read, in bytes, its end included.
pub const LONGEST_LINE: usize = 64 << 10;
/// How much of a line that is no answer is shown, in characters.
const SHOWN: usize = 80;

/// A line of a runner's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Its model has started.
    Ready,
    /// A batch has ended.
    Batch {
        /// How long it took by the runner's clock, in nanoseconds.
        wall_ns: u64,
        /// How many tasks were created.
        created: u64,
        /// How many completed, and what they returned.
        digest: Digest,
    },
    /// All batches have ended; the model is still there.
    End,
    /// The machine has not what it needs, and what that is.
    Unsupported(String),
    /// It went wrong, and how.
    Failed(String),
}

/// Why a line is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// It is no text.
    #[error("a line that is no text")]
    Text,
    /// No answer looks like this.
    #[error("`{0}`, which is no answer: ready, batch, end, unsupported and failed are")]
    Unknown(String),
    /// Its numbers are none.
    #[error(
        "`{0}`: a batch is `batch`, nanoseconds, tasks created, tasks completed and 16 hexadecimal digits"
    )]
    Batch(String),
}

impl Answer {
    /// Reads a line, with or without its end.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn read(line: &[u8]) -> Result<Self, AnswerError> {
        let line = std::str::from_utf8(line).map_err(|_| AnswerError::Text)?.trim_end_matches(['\r', '\n']);
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let reason = || match rest.trim() {
            "" => "it gave no reason".to_owned(),
            reason => clip(reason, 500),
        };
        match word {
            "ready" if rest.is_empty() => Ok(Self::Ready),
            "end" if rest.is_empty() => Ok(Self::End),
            "batch" => batch(rest).ok_or_else(|| AnswerError::Batch(clip(line, SHOWN))),
            "unsupported" => Ok(Self::Unsupported(reason())),
            "failed" => Ok(Self::Failed(reason())),
            _ => Err(AnswerError::Unknown(clip(line, SHOWN))),
        }
    }
}

fn batch(text: &str) -> Option<Answer> {
    let mut fields = text.split(' ');
    let mut number = || fields.next()?.parse().ok();
    let (wall_ns, created, tasks) = (number()?, number()?, number()?);
    let digits = fields.next().filter(|digits| digits.len() == 16)?;
    let sum = u64::from_str_radix(digits, 16).ok()?;
    fields.next().is_none().then_some(Answer::Batch { wall_ns, created, digest: Digest { tasks, sum } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_is_read_and_nothing_else_is() {
        let batch = Answer::Batch { wall_ns: 12, created: 3, digest: Digest { tasks: 3, sum: 255 } };
        assert_eq!(Answer::read(b"batch 12 3 3 00000000000000ff\n"), Ok(batch));
        assert_eq!(Answer::read(b"ready\r\n"), Ok(Answer::Ready));
        assert_eq!(Answer::read(b"end"), Ok(Answer::End));
        assert_eq!(Answer::read(b"failed no  room\n"), Ok(Answer::Failed("no  room".to_owned())));
        assert_eq!(Answer::read(b"unsupported"), Ok(Answer::Unsupported("it gave no reason".to_owned())));
        for wrong in [
            &b""[..],
            b"ready now",
            b"batch 12 3 3 ff",
            b"batch 12 3 3 00000000000000fg",
            b"batch -12 3 3 00000000000000ff",
            b"batch 12 3 3 00000000000000ff 1",
            b"batch 12.5 3 3 00000000000000ff",
            b"Traceback (most recent call last):",
            b"\xff\xfe",
        ] {
            let error = Answer::read(wrong).unwrap_err().to_string();
            assert!(!error.contains('\n'), "{error}");
        }
    }
}
