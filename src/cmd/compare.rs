//! `concbench compare`: several runs beside each other.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::args::{BadArgument, CompareArgs, Output};
use super::{exit, print, remark};
use crate::analyse::{Across, AcrossOptions, AcrossRefusal, across};
use crate::record::{Run, Status, store};
use crate::report::text::slug;
use crate::report::{Format, compare_table, write_comparison};

/// What counts as slower where nothing else is asked for.
const THRESHOLD: f64 = 0.05;
/// How many runs stand in the name of the page.
const NAMED: usize = 3;

pub(super) fn run(arguments: &CompareArgs) -> anyhow::Result<ExitCode> {
    let runs: Vec<Run> = arguments.runs.iter().map(|path| store::load(path)).collect::<Result<_, _>>()?;
    let options = AcrossOptions {
        anyway: arguments.anyway,
        prices: prices(&arguments.prices, &runs)?,
        threshold: arguments.fail_on_regression.unwrap_or(THRESHOLD),
    };
    let found = across(&runs, &options).map_err(refused)?;
    let page = write_comparison(&runs, &found, &page(arguments, &runs))?;
    print(&format(&found, arguments.format)?)?;
    remark(&format!("comparison: {}", page.display()));
    match arguments.fail_on_regression {
        Some(_) if is_worse(&found) => Ok(ExitCode::from(exit::REGRESSION)),
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn format(found: &Across, output: Output) -> anyhow::Result<String> {
    Ok(match output {
        Output::Table => compare_table(found, Format::Table),
        Output::Md => compare_table(found, Format::Md),
        Output::Csv => compare_table(found, Format::Csv),
        Output::Json => serde_json::to_string_pretty(found)? + "\n",
    })
}

/// What each run's machine costs an hour. A label that no run has is a slip of the pen, and said so.
fn prices(given: &[(String, f64)], runs: &[Run]) -> Result<Vec<Option<f64>>, BadArgument> {
    let has = |label: &String| runs.iter().any(|run| run.run.label == *label);
    if let Some((label, _)) = given.iter().find(|(label, _)| !has(label)) {
        let labels: Vec<_> = runs.iter().map(|run| format!("`{}`", run.run.label)).collect();
        let labels = labels.join(", ");
        return Err(BadArgument(format!("no run has the label `{label}` of a --price; they have {labels}")));
    }
    let price = |run: &Run| given.iter().rfind(|(label, _)| run.run.label == *label).map(|(_, price)| *price);
    Ok(runs.iter().map(price).collect())
}

fn refused(refusal: AcrossRefusal) -> BadArgument {
    match refusal {
        AcrossRefusal::Unlike(_) => {
            BadArgument(format!("not compared: {refusal}; --anyway compares them all the same"))
        }
        refusal => BadArgument(refusal.to_string()),
    }
}

/// Whether a run is worse than the first for certain: slower by more than the threshold, or broken where the first is not.
fn is_worse(found: &Across) -> bool {
    let broken = |status| matches!(status, Status::Failed | Status::TimedOut | Status::Crashed);
    !found.regressions.is_empty()
        || found.missing.iter().any(|cell| cell.place > 0 && cell.status.is_some_and(broken))
}

/// Where the page is written: where it was asked for, or beside the folder of the first run.
fn page(arguments: &CompareArgs, runs: &[Run]) -> PathBuf {
    match &arguments.out {
        Some(out) if out.extension().is_some_and(|extension| extension == "html") && !out.is_dir() => {
            out.clone()
        }
        Some(folder) => folder.join(name(runs)),
        None => beside(&arguments.runs[0]).join(name(runs)),
    }
}

/// The folder that holds the folder of a run.
fn beside(run: &Path) -> PathBuf {
    // `latest` is a link, and `.` has no parent by name.
    let real = run.canonicalize().unwrap_or_else(|_| run.to_owned());
    // A record that lies in no folder of its own has its page beside itself.
    let folder = match real.file_name() {
        Some(name) if name == store::RECORD && !real.is_dir() => real.parent(),
        _ => Some(real.as_path()),
    };
    folder.and_then(Path::parent).unwrap_or(Path::new(".")).to_owned()
}

/// `compare-<run>-<run>.html`. The ids come out of records, which may come from anywhere.
fn name(runs: &[Run]) -> String {
    let mut parts: Vec<_> = runs.iter().take(NAMED).map(|run| slug(&run.run.id)).collect();
    if runs.len() > NAMED {
        parts.push(format!("and-{}-more", runs.len() - NAMED));
    }
    format!("compare-{}.html", parts.join("-"))
}
