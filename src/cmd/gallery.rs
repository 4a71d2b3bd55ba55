//! `concbench gallery`: runs of many machines on one page.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::args::{GalleryArgs, Output};
use super::bad::BadArgument;
use super::compare::{prices, unfit};
use crate::experiment::gallery::{Hall, gallery};
use crate::printing::{print, remark};
use crate::record::{Record, StoreError, store};

pub(super) fn run(arguments: &GalleryArgs) -> anyhow::Result<ExitCode> {
    let mut records: Vec<Record> = Vec::new();
    if let Some(own) = &arguments.own {
        records.push(store::load(own)?);
    }
    let mut left_out = Vec::new();
    for path in &arguments.runs {
        let mut held = runs_in(path)?;
        if held.is_empty() {
            // What is named is a run, or the command is mistaken.
            records.push(store::load(path)?);
        }
        held.sort();
        for path in held {
            match store::load(&path) {
                Ok(record) => records.push(record),
                // One that cannot be read does not hide the others of its folder.
                Err(error) => left_out.push(error.to_string()),
            }
        }
    }
    let mut kept: Vec<Record> = Vec::new();
    for record in records {
        match refusal(&record, &kept).filter(|_| !arguments.anyway) {
            Some(why) => left_out.push(format!("{}: {why}", record.run.id)),
            None => kept.push(record),
        }
    }
    if kept.is_empty() {
        let why = left_out.first().map_or_else(String::new, |why| format!("; {why}"));
        return Err(BadArgument(format!("there is no run to show{why}")).into());
    }
    left_out.iter().for_each(|line| remark(&format!("left out: {line}")));
    let prices = prices(&arguments.prices, &kept)?;
    let own = arguments.own.is_some();
    let shown =
        gallery(&Hall { records: &kept, own, prices: &prices, left_out: &left_out }).map_err(unfit)?;
    let page = shown.write(&arguments.out).map_err(unfit)?;
    let table = match arguments.format {
        Output::Table | Output::Md => &shown.rows,
        Output::Csv | Output::Json => &shown.figures,
    };
    let heads: Vec<&str> = table.columns.iter().map(String::as_str).collect();
    print(&super::rows(&heads, table.rows.clone(), arguments.format)?)?;
    shown.findings().for_each(|line| remark(line));
    remark(&format!("gallery: {}", page.display()));
    Ok(ExitCode::SUCCESS)
}

/// Why a run is not shown beside these.
fn refusal(record: &Record, kept: &[Record]) -> Option<String> {
    if record.tool.profile != "release" {
        return Some(format!(
            "a {} build, whose figures mean nothing; --anyway shows it",
            record.tool.profile
        ));
    }
    kept.iter().any(|other| other == record).then(|| "it was given twice".to_owned())
}

/// The runs in a folder of runs: folders with a record in them, and records. None in the folder of a run.
fn runs_in(path: &Path) -> Result<Vec<PathBuf>, StoreError> {
    if !path.is_dir() || path.join(store::RECORD).exists() {
        return Ok(Vec::new());
    }
    let failed = |source| StoreError::Read { path: path.to_owned(), source };
    let entries: Vec<PathBuf> = fs::read_dir(path)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
        .map_err(failed)?;
    let is_run = |path: &PathBuf| match path.is_dir() {
        // The link to the latest run leads to one that is there anyway.
        true => !path.is_symlink() && path.join(store::RECORD).exists(),
        false => path.extension().is_some_and(|extension| extension == "json"),
    };
    let runs: Vec<PathBuf> = entries.into_iter().filter(is_run).collect();
    if runs.is_empty() {
        let source = std::io::Error::other("there is neither a run nor a record in it");
        return Err(failed(source));
    }
    Ok(runs)
}
