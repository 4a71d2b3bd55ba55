//! A comparison for a terminal.

use super::Comparison;
use crate::report::text::{clean, plural};
use crate::report::{Format, aligned};

impl Comparison<'_> {
    /// The answers, and a row for each common cell.
    pub(crate) fn text(&self, format: Format) -> String {
        match format {
            Format::Terminal => {
                let lines: Vec<String> = self.lines().iter().map(|line| clean(line)).collect();
                format!("{}\n\n{}\n", lines.join("\n"), aligned(&self.figures))
            }
            Format::Markdown => self.comment(),
        }
    }

    /// How many cells are not compared.
    pub(super) fn not_compared(&self) -> String {
        let them = if self.missing.len() == 1 { "it" } else { "them" };
        let cells = plural(self.missing.len() as u64, "cell");
        format!("{cells} not compared, since some run has no figure for {them}")
    }

    /// What is said before the table.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> =
            self.sections.iter().flat_map(|section| &section.findings).cloned().collect();
        lines.extend(self.cautions.iter().map(|caution| format!("Caution: {caution}")));
        if !self.regressions.is_empty() {
            let count = plural(self.regressions.len() as u64, "cell");
            lines.push(format!("Worse by more than {}: {count}.", self.threshold));
            lines.extend(self.regressions.iter().cloned());
        }
        if !self.broken.is_empty() {
            let count = plural(self.broken.len() as u64, "cell");
            lines.push(format!("Broken where {} has a figure: {count}.", self.names[0]));
            lines.extend(self.broken.iter().cloned());
        }
        if !self.missing.is_empty() {
            lines.push(self.not_compared() + ".");
        }
        lines
    }
}
