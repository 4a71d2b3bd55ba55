use std::path::{Path, PathBuf};

use super::{ReportError, Section, page, summary};
use crate::record::Record;
use crate::record::{StoreError, store};

/// All that a report is made from.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    /// The record.
    pub(crate) record: &'a Record,
    /// What its experiments say.
    pub(crate) sections: Vec<Section>,
    /// The half-widths of the intervals of what was compared with itself, as fractions.
    pub(crate) floors: Vec<f64>,
    /// The experiments that it did not measure, each with its question.
    pub(crate) absent: Vec<(&'static str, &'static str)>,
    /// Every observation, as CSV.
    pub(crate) observations: String,
}

impl Report<'_> {
    /// The page: one HTML file that needs no network, no other file and no script to be read.
    ///
    /// # Errors
    ///
    /// When it cannot be put together.
    pub(crate) fn html(&self) -> Result<String, ReportError> {
        page::make(self.record, &self.sections, &self.floors, &self.absent)
    }

    /// Writes the report into a folder: `index.html`, `results.csv`, `summary.md`, `charts/*.svg`, and the files that
    /// its sections link to. Every file appears whole or not at all. Returns the path of the page.
    ///
    /// # Errors
    ///
    /// When the page cannot be put together, or a file cannot be written.
    pub(crate) fn write(&self, folder: &Path) -> Result<PathBuf, ReportError> {
        let html = self.html()?;
        let charts = folder.join("charts");
        make_own_folder(&charts)?;
        for chart in self.sections.iter().flat_map(Section::charts) {
            store::write_derived(&charts.join(format!("{}.svg", chart.slug)), chart.standalone().as_bytes())?;
        }
        for file in self.sections.iter().flat_map(|section| &section.files) {
            let path = folder.join(&file.path);
            path.parent().map_or(Ok(()), make_own_folder)?;
            store::write_derived(&path, file.text.as_bytes())?;
        }
        store::write_derived(&folder.join("results.csv"), self.observations.as_bytes())?;
        store::write_derived(&folder.join("summary.md"), summary(self).as_bytes())?;
        let index = folder.join("index.html");
        store::write_whole(&index, html.as_bytes())?;
        Ok(index)
    }
}

/// Makes a folder of the report's own: through a link it would write where nobody has asked it to.
fn make_own_folder(folder: &Path) -> Result<(), ReportError> {
    if folder.is_symlink() {
        let source = std::io::Error::other("it is a link, and a report stays in its folder");
        return Err(StoreError::Write { path: folder.to_owned(), source }.into());
    }
    make_folder(folder)
}

/// Makes a folder, and those above it, if there is none.
pub(crate) fn make_folder(folder: &Path) -> Result<(), ReportError> {
    std::fs::create_dir_all(folder)
        .map_err(|source| StoreError::Write { path: folder.to_owned(), source }.into())
}
