//! `concbench report`: from a record to its report, as often as one likes.

use std::path::Path;
use std::process::ExitCode;

use super::args::ReportArgs;
use crate::experiment;
use crate::printing::{print, remark};
use crate::record::store;
use crate::report::make_folder;

pub(super) fn run(arguments: &ReportArgs) -> anyhow::Result<ExitCode> {
    let record = store::load(&arguments.run)?;
    let beside = if arguments.run.is_dir() { Some(arguments.run.as_path()) } else { arguments.run.parent() };
    let folder = arguments.out.as_deref().or(beside).unwrap_or(Path::new("."));
    make_folder(folder)?;
    let page = experiment::write_report(&record, folder)?;
    match &arguments.reference {
        Some(model) => print(&experiment::reference_tables(&record, model, arguments.format.as_text())?)?,
        None => print(&super::format_record(&record, arguments.format)?)?,
    }
    remark(&format!("report: {}", page.display()));
    Ok(ExitCode::SUCCESS)
}
