//! Runs of many machines, as a page and as a text.

use std::path::{Path, PathBuf};

use askama::Template;
use concbench_charts::Table;

use super::page::{SCRIPT, style};
use super::text::capitalised;
use super::{Element, ReportError, Section, make_folder};
use crate::record::store::write_whole;

/// All that a gallery is shown from.
#[derive(Debug)]
pub(crate) struct Gallery {
    /// What is on the page.
    pub(crate) lede: String,
    /// What is said of the runs.
    pub(crate) sections: Vec<Section>,
    /// What was left out, and why.
    pub(crate) left_out: Vec<String>,
    /// A row for each machine and kind of work, for a terminal.
    pub(crate) rows: Table,
    /// The same with plain figures, for programs.
    pub(crate) figures: Table,
}

#[derive(Template)]
#[template(path = "gallery.html")]
struct Page<'a> {
    style: String,
    script: &'static str,
    version: &'static str,
    of: &'a Gallery,
}

impl Gallery {
    /// Writes the page as a file, whole or not at all; its folder is made if there is none.
    ///
    /// # Errors
    ///
    /// When it cannot be put together or written.
    pub(crate) fn write(&self, path: &Path) -> Result<PathBuf, ReportError> {
        let page = Page { style: style(), script: SCRIPT, version: env!("CARGO_PKG_VERSION"), of: self };
        let html = page.render()?;
        make_folder(path.parent().unwrap_or(Path::new(".")))?;
        write_whole(path, html.as_bytes())?;
        Ok(path.to_owned())
    }

    /// What was found, in sentences.
    pub(crate) fn findings(&self) -> impl Iterator<Item = &String> {
        self.sections.iter().flat_map(|section| &section.findings)
    }
}

/// A row of a table of words.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// What it is about.
    pub(crate) name: String,
    /// What is said of it, under each head.
    pub(crate) fields: Vec<String>,
}

#[derive(Template)]
#[template(path = "section/wide.html")]
struct Wide<'a> {
    title: &'a str,
    heads: Vec<String>,
    rows: &'a [Row],
}

/// A table of words, which stands row below row where there is no room: its name, its heads but the first, its rows.
pub(crate) fn wide(title: &str, heads: &[&str], rows: &[Row]) -> Result<Element, ReportError> {
    let heads = heads.iter().map(|head| capitalised(head)).collect();
    let html = Wide { title, heads, rows }.render()?;
    Ok(Element::Markup { html, charts: Vec::new() })
}
