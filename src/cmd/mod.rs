//! The command line: what each command does, and the exit code.

mod again;
mod args;
mod compare;
mod doctor;
pub(crate) mod exit;
mod list;
mod report;
mod run;
mod selftest;
mod serve;
mod values;

use std::io::{ErrorKind, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use comfy_table::{ContentArrangement, Table, presets};
use signal_hook::consts::SIGXFSZ;

pub(crate) use again::command;
pub(crate) use args::{CommonArgs, FromEnvironment, RunOutput};

use crate::campaign::{CampaignError, Finished};
use crate::harness::Registry;
use crate::model::{Catalogue, panic_message};
use crate::record::store::StoreError;
use crate::record::{LatencyCell, Run, Status};
use crate::report::csv::written;
use crate::report::text::{clean, code, markdown};
use crate::report::{Export, Format};
use crate::spec::Definition;
use args::{Cli, Command, Output};

/// The `main` of the command line.
pub(crate) fn main<C: Catalogue>(_registry: &Registry<C>, definitions: Vec<Definition>) -> ExitCode {
    guard(|| dispatch::<C>(definitions))
}

fn dispatch<C: Catalogue>(definitions: Vec<Definition>) -> ExitCode {
    let cli = match Cli::read(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => return args::refuse(&error),
    };
    let outcome = match cli.command {
        Command::Run(arguments) => run::run::<C>(definitions, &arguments),
        Command::List(arguments) => list::run::<C>(definitions, &arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Selftest(arguments) => selftest::run::<C>(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
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
    let Finished { run, folder, interrupted_by } = finished;
    print(&format_run(&run, output)?)?;
    let not_ok = not_ok(&run);
    let (unsupported, broken): (Vec<_>, Vec<_>) =
        not_ok.iter().partition(|(_, status, _)| *status == Status::Unsupported);
    for (id, status, reason) in broken.iter().chain(&unsupported) {
        remark(&format!("{id}: {status}: {}", reason.unwrap_or("no reason")));
    }
    let unloaded = fail_under_load(&run);
    for cell in &unloaded {
        remark(&format!("{}, under load: {}", cell.cell, cell.reason.as_deref().unwrap_or("no reason")));
    }
    if !broken.is_empty() {
        let all = run.cells.len() + run.granularity.as_ref().map_or(0, |sweep| sweep.cells.len());
        remark(&format!("{} of {all} cells are not ok", broken.len() + unsupported.len()));
    }
    remark(&format!("report: {}", folder.join("index.html").display()));
    Ok(match interrupted_by {
        Some(signal) => exit::by_signal(signal),
        None if broken.is_empty() && unloaded.is_empty() => ExitCode::SUCCESS,
        None => ExitCode::from(exit::CELLS_FAILED),
    })
}

/// The cells that work in the matrix and have failed in the latency sweep.
fn fail_under_load(run: &Run) -> Vec<&LatencyCell> {
    let works = |id: &str| run.cells.iter().any(|cell| cell.id == id && cell.status == Status::Ok);
    let failed = |status| matches!(status, Status::Failed | Status::TimedOut | Status::Crashed);
    let cells = run.latency.iter().flat_map(|latency| &latency.cells);
    cells.filter(|cell| failed(cell.status) && works(&cell.cell)).collect()
}

/// What has no figure: its id, how it ended, and why. Crowds of waiting tasks that were left out on purpose are not
/// among them.
fn not_ok(run: &Run) -> Vec<(String, Status, Option<&str>)> {
    let grains = run.granularity.iter().flat_map(|sweep| &sweep.cells);
    let cells = run.cells.iter().chain(grains);
    let cells = cells.map(|cell| (cell.id.clone(), cell.status, cell.reason.as_deref()));
    let crowds = run.memory.iter().flat_map(|memory| &memory.models).flat_map(|model| {
        let kept = model.points.iter().filter(|point| point.status != Status::Skipped);
        kept.map(|point| {
            (format!("memory/{}@{}", model.model, point.tasks), point.status, point.reason.as_deref())
        })
    });
    let pairs = run.switches.iter().flat_map(|switches| &switches.pairs);
    let pairs = pairs.map(|pair| (pair.id.clone(), pair.status, pair.reason.as_deref()));
    cells.chain(crowds).chain(pairs).filter(|(_, status, _)| *status != Status::Ok).collect()
}

fn format_run(run: &Run, output: RunOutput) -> anyhow::Result<String> {
    Ok(match output {
        RunOutput::Table => crate::report::table(run, Format::Table),
        RunOutput::Md => crate::report::table(run, Format::Md),
        RunOutput::Csv => crate::report::table(run, Format::Csv),
        RunOutput::Json => serde_json::to_string_pretty(run)? + "\n",
        RunOutput::Bmf => crate::report::export(run, Export::Bmf)?,
        RunOutput::GithubActionBenchmark => crate::report::export(run, Export::GithubActionBenchmark)?,
    })
}

/// Rows below their heads.
fn rows(heads: &[&str], rows: Vec<Vec<String>>, output: Output) -> anyhow::Result<String> {
    match output {
        Output::Table | Output::Md => {
            let mut table = Table::new();
            let preset = if output == Output::Md { presets::ASCII_MARKDOWN } else { presets::NOTHING };
            table.load_preset(preset).set_content_arrangement(ContentArrangement::Dynamic);
            let shown = |(column, field): (usize, &String)| match (output, column) {
                (Output::Md, 0) => code(field),
                (Output::Md, _) => markdown(field),
                _ => clean(field),
            };
            table.set_header(heads);
            table.add_rows(rows.iter().map(|row| row.iter().enumerate().map(shown).collect::<Vec<_>>()));
            Ok(format!("{table}\n"))
        }
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

/// Writes data to standard output. A reader that has closed it (`head`, say) has seen enough: that is no error.
fn print(text: &str) -> Result<(), StoreError> {
    let mut output = std::io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(source) if source.kind() != ErrorKind::BrokenPipe => {
            Err(StoreError::Write { path: "standard output".into(), source })
        }
        _ => Ok(()),
    }
}

/// Writes a remark to standard error, in one line: what it quotes from a record must not act on the terminal. Where
/// standard error is closed, nobody wants to read it.
pub(crate) fn remark(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", clean(text));
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

/// Whether a panic comes from printing to where nobody reads: the standard library's macros, and so criterion, panic.
pub(crate) fn is_closed_output(message: &str) -> bool {
    message.starts_with("failed printing to std")
}

impl CampaignError {
    /// What this is called in the shell.
    fn exit_code(&self) -> u8 {
        match self {
            Self::Spec(_)
            | Self::Resume { .. }
            | Self::Store(StoreError::Read { .. } | StoreError::Bad { .. }) => exit::BAD_INPUT,
            Self::NothingMatches(_) => exit::NOTHING_MATCHES,
            Self::Store(_) | Self::Report(_) => exit::CANNOT_SAVE,
            Self::Supervise(_) | Self::Calibration(_) => exit::INTERNAL,
            Self::Interrupted(signal) => u8::try_from(128 + signal).unwrap_or(exit::INTERNAL),
        }
    }
}
