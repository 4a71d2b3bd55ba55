//! `concbench report`: from a record to its report, as often as one likes.

use std::process::ExitCode;

use super::args::ReportArgs;
use crate::record::store;

pub(super) fn run(arguments: &ReportArgs) -> anyhow::Result<ExitCode> {
    let run = store::load(&arguments.run)?;
    let beside = if arguments.run.is_dir() { Some(arguments.run.as_path()) } else { arguments.run.parent() };
    let folder = arguments.out.as_deref().or(beside).unwrap_or(std::path::Path::new("."));
    std::fs::create_dir_all(folder)
        .map_err(|source| store::StoreError::Write { path: folder.to_owned(), source })?;
    crate::report::write_all(&run, folder)?;
    super::print(&super::format_run(&run, arguments.format)?)?;
    super::remark(&format!("report: {}", folder.join("index.html").display()));
    Ok(ExitCode::SUCCESS)
}
