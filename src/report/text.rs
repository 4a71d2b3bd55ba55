//! How much of a string of a record stands in a report, which may come from anywhere.

use crate::record::Status;

pub(crate) use concbench_text::{clean, clip, code, inert, list, markdown, plural, slug};

/// The name of a model, a workload, a cell or a machine.
pub(crate) fn name(text: &str) -> String {
    clip(text, 60)
}

/// A sentence: a reason, a warning, a verdict.
pub(crate) fn sentence(text: &str) -> String {
    clip(text, 700)
}

/// The text with a capital.
pub(crate) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The end of a standard error, line by line.
pub(crate) fn tail(text: &str) -> String {
    const LINES: usize = 12;
    const LONGEST: usize = 300;
    let lines: Vec<&str> = text.lines().collect();
    let last = lines[lines.len().saturating_sub(LINES)..].iter();
    last.map(|line| clip(line, LONGEST)).collect::<Vec<_>>().join("\n")
}

/// The number of a block to a person, who counts from 1 as the console and the notes of a record do; the record itself
/// counts from 0.
pub(crate) fn block(index: u32) -> u32 {
    index.saturating_add(1)
}

/// A status, as it is read.
pub(crate) fn status(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::Failed => "failed",
        Status::TimedOut => "timed out",
        Status::Crashed => "crashed",
        Status::Unsupported => "unsupported",
        Status::Skipped => "skipped",
    }
}
