use std::path::{Path, PathBuf};

use super::{ReportError, csv, page, summary};
use crate::record::Run;
use crate::record::store::{StoreError, write_whole};

/// Writes the report of a run into its folder: `index.html`, `results.csv`, `summary.md`, `charts/*.svg`, and where the
/// run has timelines `traces/*.json`.
///
/// Every file appears whole or not at all. Returns the path of the page.
pub fn write_all(run: &Run, folder: &Path) -> Result<PathBuf, ReportError> {
    let made = page::make(run)?;
    let charts = folder.join("charts");
    make_own_folder(&charts)?;
    for chart in &made.charts {
        write_whole(&charts.join(format!("{}.svg", chart.slug)), chart.standalone().as_bytes())?;
    }
    if !made.traces.is_empty() {
        let traces = folder.join("traces");
        make_own_folder(&traces)?;
        for trace in &made.traces {
            write_whole(&traces.join(&trace.file), trace.json.as_bytes())?;
        }
    }
    write_whole(&folder.join("results.csv"), csv::observations(run).as_bytes())?;
    write_whole(&folder.join("summary.md"), summary::summary(run).as_bytes())?;
    let index = folder.join("index.html");
    write_whole(&index, made.html.as_bytes())?;
    Ok(index)
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
pub(super) fn make_folder(folder: &Path) -> Result<(), ReportError> {
    std::fs::create_dir_all(folder)
        .map_err(|source| StoreError::Write { path: folder.to_owned(), source }.into())
}
