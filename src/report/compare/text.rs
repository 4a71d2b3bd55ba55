//! A comparison for a terminal, in Markdown, as CSV.

use super::Comparison;
use crate::report::text::{clean, markdown, plural};
use crate::report::{aligned, piped, written};

/// How a comparison is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Aligned columns for a terminal.
    Terminal,
    /// Markdown.
    Markdown,
    /// Every figure as CSV.
    Csv,
}

impl Comparison<'_> {
    /// The answers, and a row for each common cell; CSV: plain figures alone.
    pub(crate) fn text(&self, style: Style) -> String {
        match style {
            Style::Terminal => {
                let lines: Vec<String> = self.lines().iter().map(|line| clean(line)).collect();
                format!("{}\n\n{}\n", lines.join("\n"), aligned(&self.figures))
            }
            Style::Markdown => {
                let lines: Vec<String> =
                    self.lines().iter().map(|line| format!("- {}\n", markdown(line))).collect();
                format!("{}\n{}", lines.concat(), piped(&self.figures))
            }
            Style::Csv => written(&self.all.columns, &self.all.rows),
        }
    }

    /// What is said before the table.
    fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> =
            self.sections.iter().flat_map(|section| &section.findings).cloned().collect();
        lines.extend(self.cautions.iter().map(|caution| format!("Caution: {caution}")));
        if !self.regressions.is_empty() {
            let count = plural(self.regressions.len() as u64, "cell");
            lines.push(format!("Worse by more than {}: {count}.", self.threshold));
            lines.extend(self.regressions.iter().cloned());
        }
        if !self.missing.is_empty() {
            let missing = plural(self.missing.len() as u64, "cell");
            lines.push(format!("{missing} not compared, since some run has no figure for it."));
        }
        lines
    }
}
