//! What a part of a report says, before it is laid out: on a page, on a terminal, or in Markdown.

use std::collections::BTreeSet;

use concbench_charts::{Chart, Table};

use super::text;
use crate::record::{CellRecord, Status};

/// One part of a report.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    /// Its anchor on the page, unique in a report.
    pub(crate) id: &'static str,
    /// Its name in the navigation.
    pub(crate) name: String,
    /// Its heading: the question that it answers.
    pub(crate) heading: String,
    /// Whether it stands above what the figures rest on: the answer that most readers came for.
    pub(crate) first: bool,
    /// What was found, as sentences: on the page, on the terminal and in the summary.
    pub(crate) findings: Vec<String>,
    /// Whether the page shows them above the body, which may show them in its own way.
    pub(crate) findings_on_page: bool,
    /// What stands below the findings on the page.
    pub(crate) body: Vec<Element>,
    /// Tables for a terminal, and where Markdown is asked for in its stead.
    pub(crate) tables: Vec<TextTable>,
    /// What stands in the summary to paste in the place of the findings; they do, if it is empty.
    pub(crate) summary: Vec<Summarised>,
    /// Files that the page links to.
    pub(crate) files: Vec<Attachment>,
}

impl Section {
    /// One that says nothing yet. Its name and its heading begin with a capital.
    pub(crate) fn new(id: &'static str, name: &str, heading: &str) -> Self {
        Self {
            id,
            name: text::capitalised(name),
            heading: text::capitalised(heading),
            first: false,
            findings: Vec::new(),
            findings_on_page: true,
            body: Vec::new(),
            tables: Vec::new(),
            summary: Vec::new(),
            files: Vec::new(),
        }
    }

    /// The charts on it.
    pub(crate) fn charts(&self) -> impl Iterator<Item = &Chart> {
        self.body.iter().flat_map(|element| match element {
            Element::Charts(charts) | Element::Markup { charts, .. } => charts.as_slice(),
            _ => &[],
        })
    }
}

/// Something that stands in a section on the page.
#[derive(Debug, Clone)]
pub(crate) enum Element {
    /// How to read what follows.
    Note(String),
    /// Charts, side by side where there is room.
    Charts(Vec<Chart>),
    /// A table, with what it is.
    Table(String, Table),
    /// A table that opens when it is asked for, with what it is.
    Folded(String, Table),
    /// Lines below what they are.
    List(String, Vec<String>),
    /// What has no figure: its name, how it ended, and why; with the last lines of its standard error.
    Without(Vec<Unmeasured>),
    /// Markup of the section's own, with the charts in it. It has escaped whatever it quotes.
    Markup {
        /// The markup.
        html: String,
        /// The charts in it.
        charts: Vec<Chart>,
    },
}

/// What has no figure, in words that are fit for a page: whatever its runner said, they are short and act on nothing.
#[derive(Debug, Clone)]
pub(crate) struct Unmeasured {
    name: String,
    status: &'static str,
    reason: String,
    stderr_tail: Option<String>,
}

impl Unmeasured {
    /// A name may hold the name of a model, and more.
    const LONGEST_NAME: usize = 100;

    /// A cell, under its id.
    pub(crate) fn of<C, O>(cell: &CellRecord<C, O>) -> Self {
        Self::new(&cell.id, cell.status, cell.reason.as_deref(), cell.stderr_tail.as_deref())
    }

    /// What has this name, ended so and for this reason, and whose standard error ended like this.
    pub(crate) fn new(name: &str, status: Status, reason: Option<&str>, stderr_tail: Option<&str>) -> Self {
        Self {
            name: text::clip(name, Self::LONGEST_NAME),
            status: text::status(status),
            reason: reason.map_or("no reason was recorded".to_owned(), text::sentence),
            stderr_tail: stderr_tail.filter(|tail| !tail.trim().is_empty()).map(text::tail),
        }
    }

    /// The same under another name.
    pub(crate) fn named(self, name: &str) -> Self {
        Self { name: text::clip(name, Self::LONGEST_NAME), ..self }
    }

    /// What it is.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// How it ended.
    pub(crate) fn status(&self) -> &'static str {
        self.status
    }

    /// Why.
    pub(crate) fn reason(&self) -> &str {
        &self.reason
    }

    /// The last lines of its standard error.
    pub(crate) fn stderr_tail(&self) -> Option<&str> {
        self.stderr_tail.as_deref()
    }
}

/// A table for a terminal or for Markdown.
#[derive(Debug, Clone)]
pub(crate) struct TextTable {
    /// What it is.
    pub(crate) title: String,
    /// What it shows.
    pub(crate) sentences: Vec<String>,
    /// Its figures.
    pub(crate) table: Table,
}

/// Something that stands in the summary to paste.
#[derive(Debug, Clone)]
pub(crate) enum Summarised {
    /// An answer, and below it names with a sentence each.
    Answer(String, Vec<(String, String)>),
    /// A table.
    Table {
        /// Its figures.
        table: Table,
        /// The fields that stand out, by row and column.
        strong: BTreeSet<(usize, usize)>,
        /// How to read it.
        note: String,
    },
}

/// A file beside the page.
#[derive(Debug, Clone)]
pub(crate) struct Attachment {
    /// The folder and the name: `traces/sleep.json`.
    pub(crate) path: String,
    /// What is in it.
    pub(crate) text: String,
}
