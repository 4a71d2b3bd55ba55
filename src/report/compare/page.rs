//! The page of a comparison.

use std::path::{Path, PathBuf};

use askama::Template;
use concbench_charts::Table;

use super::{Comparison, differing};
use crate::record::store::write_whole;
use crate::report::page::{SCRIPT, style};
use crate::report::{Element, ReportError, Section, make_folder, text};

#[derive(Template)]
#[template(path = "compare.html")]
struct Page<'a> {
    title: String,
    style: String,
    script: &'static str,
    /// How many cells are compared.
    common: String,
    /// How many are not.
    missing: String,
    facts: Table,
    first: Vec<&'a Section>,
    others: Vec<&'a Section>,
    made_by: String,
    of: &'a Comparison<'a>,
}

/// How many regressions are shown before the others are folded.
const SHOWN: usize = 12;

impl Page<'_> {
    /// The regressions that are shown, and those that are folded.
    fn regressions(&self) -> (&[String], &[String]) {
        let all = &self.of.regressions;
        all.split_at(SHOWN.min(all.len()))
    }
}

impl Comparison<'_> {
    /// The page: one HTML file that needs no network, no other file and no script to be read.
    ///
    /// # Errors
    ///
    /// When it cannot be put together.
    pub(crate) fn html(&self) -> Result<String, ReportError> {
        let (first, others) = self.sections.iter().partition(|section| section.first);
        let tool = &self.records[0].tool;
        let page = Page {
            title: format!("concbench: {}", self.names.join(", ")),
            style: style(),
            script: SCRIPT,
            common: text::plural(self.figures.rows.len() as u64, "cell"),
            missing: self.not_compared(),
            facts: differing(&self.records.iter().collect::<Vec<_>>(), &self.names),
            first,
            others,
            made_by: text::clip(&format!("{} {}", tool.name, tool.version), 80),
            of: self,
        };
        Ok(page.render()?)
    }

    /// Writes the page as a file, whole or not at all; its folder is made if there is none.
    ///
    /// # Errors
    ///
    /// When it cannot be put together or written.
    pub(crate) fn write(&self, path: &Path) -> Result<PathBuf, ReportError> {
        let html = self.html()?;
        make_folder(path.parent().unwrap_or(Path::new(".")))?;
        write_whole(path, html.as_bytes())?;
        Ok(path.to_owned())
    }
}
