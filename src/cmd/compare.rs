//! `concbench compare`: several runs beside each other.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::args::{CompareArgs, Output};
use super::bad::BadArgument;
use super::exit;
use crate::batch::analyse::FEWEST_PAIRS;
use crate::experiment::compare::{CompareOptions, CompareRefusal, Compared, compare, comparison_csv, shown};
use crate::printing::{print, remark};
use crate::record::{Record, store};
use crate::report::compare::Comparison;
use crate::report::text::{clip, plural, slug};
use crate::report::{Format, ReportError};

/// What counts as slower where nothing else is asked for.
const THRESHOLD: f64 = 0.05;
/// How many runs stand in the name of the page.
const NAMED: usize = 3;

pub(super) fn run(arguments: &CompareArgs) -> anyhow::Result<ExitCode> {
    let records: Vec<Record> =
        arguments.runs.iter().map(|path| store::load(path)).collect::<Result<_, _>>()?;
    if arguments.fail_on_regression.is_some() {
        require_blocks(&records)?;
    }
    let options = CompareOptions {
        anyway: arguments.anyway,
        prices: prices(&arguments.prices, &records)?,
        threshold: arguments.fail_on_regression.unwrap_or(THRESHOLD),
    };
    let found = compare(&records, &options).map_err(refused)?;
    let shown = shown(&records, &found).map_err(unfit)?;
    let page = shown.write(&page(arguments, &records)).map_err(unfit)?;
    print(&format(&shown, &found, arguments.format)?)?;
    remark(&format!("comparison: {}", page.display()));
    match arguments.fail_on_regression {
        Some(_) if found.is_worse() => Ok(ExitCode::from(exit::REGRESSION)),
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn format(shown: &Comparison<'_>, found: &Compared, output: Output) -> anyhow::Result<String> {
    Ok(match output {
        Output::Table => shown.text(Format::Terminal),
        Output::Md => shown.text(Format::Markdown),
        Output::Csv => comparison_csv(found),
        Output::Json => serde_json::to_string_pretty(found)? + "\n",
    })
}

/// A record that cannot be shown was not to be given.
pub(super) fn unfit(error: ReportError) -> anyhow::Error {
    match error {
        ReportError::Record(what) => BadArgument(what).into(),
        error => error.into(),
    }
}

/// A gate that no run could fail is none.
fn require_blocks(records: &[Record]) -> Result<(), BadArgument> {
    let short = records.iter().find(|record| u64::from(record.run.blocks) < FEWEST_PAIRS);
    short.map_or(Ok(()), |record| {
        let (id, blocks) = (clip(&record.run.id, 80), record.run.blocks);
        Err(BadArgument(format!(
            "--fail-on-regression: `{id}` has {}, and with fewer than {FEWEST_PAIRS} nothing is called slower",
            plural(blocks.into(), "block"),
        )))
    })
}

/// What each run's machine costs an hour. A label that no run has is a slip of the pen, and said so.
pub(super) fn prices(given: &[(String, f64)], records: &[Record]) -> Result<Vec<Option<f64>>, BadArgument> {
    let has = |label: &String| records.iter().any(|record| record.run.label == *label);
    if let Some((label, _)) = given.iter().find(|(label, _)| !has(label)) {
        let labels: Vec<_> = records.iter().map(|record| format!("`{}`", record.run.label)).collect();
        let labels = labels.join(", ");
        return Err(BadArgument(format!("no run has the label `{label}` of a --price; they have {labels}")));
    }
    let price = |record: &Record| {
        given.iter().rfind(|(label, _)| record.run.label == *label).map(|(_, price)| *price)
    };
    Ok(records.iter().map(price).collect())
}

fn refused(refusal: CompareRefusal) -> BadArgument {
    match refusal {
        CompareRefusal::Unlike(_) => {
            BadArgument(format!("not compared: {refusal}; --anyway compares them all the same"))
        }
        refusal => BadArgument(refusal.to_string()),
    }
}

/// Where the page is written: where it was asked for, or beside the folder of the first run.
fn page(arguments: &CompareArgs, records: &[Record]) -> PathBuf {
    match &arguments.out {
        Some(out) if out.extension().is_some_and(|extension| extension == "html") && !out.is_dir() => {
            out.clone()
        }
        Some(folder) => folder.join(name(records)),
        None => beside(&arguments.runs[0]).join(name(records)),
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
fn name(records: &[Record]) -> String {
    let mut parts: Vec<_> = records.iter().take(NAMED).map(|record| slug(&record.run.id)).collect();
    if records.len() > NAMED {
        parts.push(format!("and-{}-more", records.len() - NAMED));
    }
    format!("compare-{}.html", parts.join("-"))
}
