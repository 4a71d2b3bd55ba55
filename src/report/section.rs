//! What a part of a report says, before it is laid out: on a page, on a terminal, or in Markdown.

use concbench_charts::{Chart, Table};

/// One part of a report.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    /// Its anchor on the page, unique in a report.
    pub(crate) id: &'static str,
    /// Its name in the navigation.
    pub(crate) name: &'static str,
    /// Its heading: the question that it answers.
    pub(crate) heading: &'static str,
    /// Whether it stands above what the figures rest on: the answer that most readers came for.
    pub(crate) first: bool,
    /// What was found, as sentences: on the page, on the terminal and in the summary.
    pub(crate) findings: Vec<String>,
    /// Whether the page shows them above the body, which may show them in its own way.
    pub(crate) findings_on_page: bool,
    /// What stands below the findings on the page.
    pub(crate) body: Vec<Element>,
    /// Tables for those who read no page.
    pub(crate) tables: Vec<TextTable>,
    /// Files that the page links to.
    pub(crate) files: Vec<Attachment>,
}

impl Section {
    /// One that says nothing yet.
    pub(crate) fn new(id: &'static str, name: &'static str, heading: &'static str) -> Self {
        let (findings, body, tables, files) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { id, name, heading, first: false, findings, findings_on_page: true, body, tables, files }
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

/// What has no figure.
#[derive(Debug, Clone)]
pub(crate) struct Unmeasured {
    /// What it is.
    pub(crate) name: String,
    /// How it ended.
    pub(crate) status: String,
    /// Why.
    pub(crate) reason: String,
    /// The last lines of its standard error.
    pub(crate) stderr_tail: Option<String>,
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
    /// Where it is shown.
    pub(crate) place: Place,
}

/// Where a table is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// On the terminal, and where Markdown is asked for in its stead.
    Terminal,
    /// In the summary to paste.
    Summary,
}

/// A file beside the page.
#[derive(Debug, Clone)]
pub(crate) struct Attachment {
    /// The folder and the name: `traces/sleep.json`.
    pub(crate) path: String,
    /// What is in it.
    pub(crate) text: String,
}
