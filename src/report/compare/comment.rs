//! A comparison as a comment of a pull request: Markdown, no longer than a forge takes.

use super::Comparison;
use crate::report::piped;
use crate::report::text::{markdown, plural};

/// The longest comment in bytes: GitHub takes 65,536 characters, and none has less than a byte.
const LONGEST: usize = 65_536;
/// What is kept for what stands below the last line that fits.
const TAIL: usize = 256;
/// How much of it the lines before the table may take: the figures are what most readers look up.
const LINES: usize = LONGEST / 2;

/// A text that takes whole lines until it is full.
struct Comment {
    text: String,
    most: usize,
}

impl Comment {
    /// Adds as many of these lines as there is room for, and says how many there was none for.
    fn add(&mut self, lines: &[String]) -> u64 {
        for (taken, line) in lines.iter().enumerate() {
            if self.text.len() + line.len() + 1 > self.most {
                return (lines.len() - taken) as u64;
            }
            self.text += line;
            self.text.push('\n');
        }
        0
    }

    /// Adds a line for which there is always room.
    fn close(&mut self, line: &str) {
        self.text += line;
        self.text.push('\n');
    }
}

impl Comparison<'_> {
    /// The answers as a list, and the figures of the common cells in a table that opens.
    pub(super) fn comment(&self) -> String {
        let lines: Vec<String> = self.lines().iter().map(|line| format!("- {}", markdown(line))).collect();
        let table: Vec<String> = piped(&self.figures).lines().map(str::to_owned).collect();
        let mut comment = Comment { text: String::new(), most: LINES - TAIL };
        let left = comment.add(&lines);
        if left > 0 {
            comment.close(&format!("- {} more, in the page of the comparison", plural(left, "line")));
        }
        let cells = plural(self.figures.rows.len() as u64, "common cell");
        comment.close(&format!("\n<details><summary>Figures of {cells}</summary>\n"));
        comment.most = LONGEST - TAIL;
        let left = comment.add(&table);
        comment.close("\n</details>");
        if left > 0 {
            comment.close(&format!("\n{} more in the page of the comparison.", plural(left, "row")));
        }
        comment.text
    }
}

#[cfg(test)]
mod tests {
    use concbench_charts::{Table, columns};

    use super::*;

    fn comparison(lines: usize, rows: usize) -> Comparison<'static> {
        let row = |number: usize| {
            vec![format!("cell {number} <b>"), "1.00x | [0.9, 1.1]".repeat(3), "slower".to_owned()]
        };
        Comparison {
            records: &[],
            names: vec!["before".to_owned(), "after".to_owned()],
            cautions: Vec::new(),
            regressions: (0..lines).map(|number| format!("cell {number} @ somewhere is worse")).collect(),
            threshold: "5 %".to_owned(),
            broken: Vec::new(),
            sections: Vec::new(),
            figures: Table {
                columns: columns(&["cell", "before", "verdict"]),
                rows: (0..rows).map(row).collect(),
            },
            missing: Vec::new(),
        }
    }

    #[test]
    fn a_comment_fits_a_forge_however_much_there_is_and_counts_what_it_leaves_out() {
        for (lines, rows) in [(0, 0), (3, 40), (5000, 3), (3, 5000), (5000, 5000)] {
            let text = comparison(lines, rows).comment();
            assert!(text.len() <= LONGEST, "{} bytes", text.len());
            let shown = text.lines().filter(|line| line.starts_with("| cell ")).count();
            assert!(
                text.lines().filter(|line| line.starts_with('|')).all(|line| line.ends_with('|')),
                "{text}"
            );
            assert_eq!((text.matches("<details>").count(), text.matches("</details>").count()), (1, 1));
            assert_eq!(text.contains("rows more in the page"), shown - 1 < rows, "{shown} of {rows}");
            assert_eq!(text.contains("lines more, in the page"), lines == 5000, "{lines}");
        }
    }
}
