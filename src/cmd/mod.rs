//! The command line: what each command does, and the exit code.

mod args;
mod bad;
mod check;
mod compare;
mod doctor;
pub(crate) mod exit;
mod external;
mod gallery;
mod list;
mod packaged;
mod report;
mod reproduce;
mod run;
mod selftest;
mod serve;
#[cfg(test)]
mod shown;
mod values;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use comfy_table::{ContentArrangement, Table, presets};
use signal_hook::consts::SIGXFSZ;

pub(crate) use args::{CommonArgs, FromEnvironment, RunOutput};
pub(crate) use reproduce::command;

use crate::experiment::{self, Export};
use crate::model::{ModelInfo, panic_message};
use crate::printing::{is_closed_output, print, remark};
use crate::record::{RawCell, Record, Status};
use crate::report::text::clean;
use crate::report::{Format, described, written};
use crate::run::Finished;
use crate::spec::Definition;
use args::{Cli, Command, Output};

/// The `main` of the command line.
pub(crate) fn main(models: &[ModelInfo], definitions: Vec<Definition>) -> ExitCode {
    guard(|| dispatch(models, definitions))
}

fn dispatch(models: &[ModelInfo], definitions: Vec<Definition>) -> ExitCode {
    let cli = match Cli::read(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => return args::refuse(&error),
    };
    let outcome = match cli.command {
        Command::Run(arguments) => run::run(models, definitions, &arguments),
        Command::List(arguments) => list::run(models, definitions, &arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Gallery(arguments) => gallery::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Selftest(arguments) => selftest::run(models, &arguments),
        Command::External(command) => external::run(&command),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Schema => schema(),
        Command::Completions { shell } => packaged::completions(shell),
        Command::Man { command } => packaged::man(command.as_deref()),
    };
    conclude(outcome, cli.verbose)
}

/// Says what went wrong, in one line and, if it should be verbose, a line for each cause; and how that is called in the
/// shell.
pub(crate) fn conclude(outcome: anyhow::Result<ExitCode>, verbose: bool) -> ExitCode {
    outcome.unwrap_or_else(|error| {
        // Typed errors name their causes themselves.
        remark(&format!("concbench: {error}"));
        for cause in error.chain().skip(1).filter(|_| verbose) {
            remark(&format!("  caused by: {cause}"));
        }
        ExitCode::from(exit::of(&error))
    })
}

/// Shows a finished run: the table as data, the rest as remarks.
pub(crate) fn present(finished: Finished, output: RunOutput) -> anyhow::Result<ExitCode> {
    let Finished { record, folder, interrupted_by, unsaved } = finished;
    print(&format_record(&record, output)?)?;
    let cells: Vec<&RawCell> = record.experiments.values().flat_map(|experiment| &experiment.cells).collect();
    let of = |wanted: fn(Status) -> bool| cells.iter().filter(move |cell| wanted(cell.status));
    let broken = experiment::broken(&record);
    let mut said: Vec<(Status, &str, Vec<&str>)> = Vec::new();
    for cell in of(Status::is_broken).chain(of(|status| status == Status::Unsupported)) {
        let reason = cell.reason.as_deref().unwrap_or("no reason");
        // What a machine has not concerns many cells, and is said once.
        let same =
            |(status, other, _): &&mut (Status, &str, Vec<&str>)| (*status, *other) == (cell.status, reason);
        match said.iter_mut().find(same).filter(|_| cell.status == Status::Unsupported) {
            Some((.., ids)) => ids.push(&cell.id),
            None => said.push((cell.status, reason, vec![&cell.id])),
        }
    }
    for (status, reason, ids) in said {
        let more = if ids.len() > 1 { format!(" and {} more", ids.len() - 1) } else { String::new() };
        remark(&format!("{}{more}: {status}: {reason}", ids[0]));
    }
    if broken > 0 {
        remark(&format!("{broken} of {} cells have failed", cells.len()));
    }
    if let Some(error) = unsaved {
        return Err(error.into());
    }
    remark(&format!("report: {}", folder.join("index.html").display()));
    Ok(match interrupted_by {
        Some(signal) => exit::by_signal(signal),
        None if broken == 0 => ExitCode::SUCCESS,
        None => ExitCode::from(exit::CELLS_FAILED),
    })
}

fn format_record(record: &Record, output: RunOutput) -> anyhow::Result<String> {
    Ok(match output {
        RunOutput::Table => experiment::text_tables(record, Format::Terminal)?,
        RunOutput::Md => experiment::text_tables(record, Format::Markdown)?,
        RunOutput::Csv => experiment::observations(record)?,
        RunOutput::Json => serde_json::to_string_pretty(record)? + "\n",
        RunOutput::Bmf => experiment::exported(record, Export::Bmf)?,
        RunOutput::GithubActionBenchmark => experiment::exported(record, Export::GithubActionBenchmark)?,
    })
}

/// `concbench schema`: the schema of the record.
fn schema() -> anyhow::Result<ExitCode> {
    print(&(serde_json::to_string_pretty(&experiment::schema())? + "\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// Rows below their heads.
fn rows(heads: &[&str], rows: Vec<Vec<String>>, output: Output) -> anyhow::Result<String> {
    match output {
        Output::Table => {
            let mut table = Table::new();
            table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
            table.set_header(heads);
            table.add_rows(rows.iter().map(|row| row.iter().map(|field| clean(field)).collect::<Vec<_>>()));
            Ok(format!("{table}\n"))
        }
        // Not by that library, which folds lines to the width of a terminal.
        Output::Md => Ok(described(heads, &rows)),
        Output::Csv => Ok(written(heads, rows)),
        Output::Json => {
            let object = |row: Vec<String>| -> serde_json::Map<String, serde_json::Value> {
                heads.iter().map(|&head| head.to_owned()).zip(row.into_iter().map(Into::into)).collect()
            };
            let objects: Vec<_> = rows.into_iter().map(object).collect();
            Ok(serde_json::to_string_pretty(&objects)? + "\n")
        }
    }
}

/// Runs a `main`. A panic in it is a defect of concbench: it is said in one line, and has the exit code of one.
pub(crate) fn guard(main: impl FnOnce() -> ExitCode) -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        let message = panic_message(panic.payload());
        if !is_closed_output(&message) {
            let place = panic.location().map(|place| format!(" at {place}")).unwrap_or_default();
            let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
            remark(&format!("concbench: internal error{place}: {message}; please report it"));
        }
    }));
    // A file that grows past its limit is an error of the write then, and not the end of this process. Should that be
    // refused, it ends.
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)));
    catch_unwind(AssertUnwindSafe(main)).unwrap_or(ExitCode::from(exit::INTERNAL))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_markdown_is_one_line_however_long_and_keeps_its_columns() {
        let row = vec!["a|b".to_owned(), "long ".repeat(100), "<b> | c".to_owned()];
        let text = rows(&["name", "what it is", "elsewhere"], vec![row], Output::Md).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        for line in lines {
            assert_eq!(line.replace("\\|", "").matches('|').count(), 4, "{line}");
        }
        assert!(!text.contains('<'), "{text}");
    }
}
