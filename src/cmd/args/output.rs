use clap::ValueEnum;

use crate::report::Format;

/// How results are written to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// Aligned columns
    Table,
    /// A table of Markdown
    Md,
    /// Comma-separated values
    Csv,
    /// JSON
    Json,
}

/// How the results of a run are written to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RunOutput {
    /// Aligned columns
    Table,
    /// A table of Markdown
    Md,
    /// Every observation as comma-separated values
    Csv,
    /// JSON: the record
    Json,
    /// Bencher Metric Format
    Bmf,
    /// The array that github-action-benchmark calls customSmallerIsBetter
    GithubActionBenchmark,
}

impl RunOutput {
    /// As what a text for people is written: Markdown where that is asked for.
    pub(in crate::cmd) fn as_text(self) -> Format {
        match self {
            Self::Md => Format::Markdown,
            _ => Format::Terminal,
        }
    }
}
