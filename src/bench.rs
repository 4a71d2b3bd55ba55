//! `cargo bench`: criterion's flags, criterion's pass, and the interleaved pass behind it.

use std::path::Path;
use std::process::ExitCode;

use crate::cmd::{self, CommonArgs, FromEnvironment, exit};
use crate::criterion_home;
use crate::model::ModelInfo;
use crate::run::{Run, RunStartError, Visited, visit};
use crate::spec::Definition;

/// What criterion has been asked to do, by its own command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Measure: the interleaved pass comes afterwards.
    Measure,
    /// Something that needs measuring but no record: one call of each cell, or a profile.
    Visit,
    /// Something for which criterion calls no cell at all.
    Look,
}

/// Criterion's command line, as far as it concerns which cells run.
#[derive(Debug)]
struct Arguments {
    mode: Mode,
    filter: Option<String>,
}

/// Criterion's flags that take no value: what follows any other flag is not a filter.
const BARE: &[&str] = &[
    "-v",
    "--verbose",
    "--quiet",
    "-n",
    "--noplot",
    "--discard-baseline",
    "--list",
    "--ignored",
    "--exact",
    "--quick",
    "--test",
    "--bench",
    "--nocapture",
    "--show-output",
    "--include-ignored",
    "-V",
    "--version",
    "-h",
    "--help",
];

impl Arguments {
    fn of_this_process() -> Self {
        let words = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
        Self::parse(&words.collect::<Vec<_>>())
    }

    fn parse(arguments: &[String]) -> Self {
        let has = |name: &str| arguments.iter().any(|argument| argument.split('=').next() == Some(name));
        let mode = if ["--list", "--load-baseline", "--help", "-h", "--version", "-V"].into_iter().any(has) {
            Mode::Look
        } else if has("--test") || has("--profile-time") || !has("--bench") {
            Mode::Visit
        } else {
            Mode::Measure
        };
        let mut filter = None;
        let mut takes_value = false;
        for argument in arguments {
            let flag = argument.starts_with('-');
            if !flag && !takes_value && filter.is_none() {
                filter = Some(argument.clone());
            }
            takes_value = flag && !argument.contains('=') && !BARE.contains(&argument.as_str());
        }
        if has("--exact") {
            filter = filter.map(|id| format!("^{}$", regex::escape(&id)));
        }
        Self { mode, filter }
    }
}

/// The `main` of a bench file.
pub(crate) fn main(models: &[ModelInfo], definitions: Vec<Definition>) -> ExitCode {
    let arguments = Arguments::of_this_process();
    cmd::guard(|| match CommonArgs::from_environment() {
        Ok(FromEnvironment { common, resume, verbose }) => {
            let outcome = run(models, definitions, &arguments, &common, resume.as_deref());
            cmd::conclude(outcome, verbose)
        }
        Err(error) => cmd::conclude(Err(error), false),
    })
}

fn run(
    models: &[ModelInfo],
    definitions: Vec<Definition>,
    arguments: &Arguments,
    common: &CommonArgs,
    resume: Option<&Path>,
) -> anyhow::Result<ExitCode> {
    end_with_cargo()?;
    criterion_home::settle();
    let filter = arguments.filter.as_deref();
    let mut run = match (arguments.mode, resume) {
        (Mode::Measure, Some(folder)) => Run::resume(folder, models, Some(filter), common.quiet)?,
        (mode, _) => {
            let definitions = common.definitions(definitions)?;
            let words = filter.into_iter().flat_map(|filter| ["--".to_owned(), filter.to_owned()]);
            let options = common.options(arguments.filter.clone(), cmd::command("cargo bench", words));
            match mode {
                Mode::Measure => Run::begin(definitions, models, options)?,
                Mode::Visit | Mode::Look => return Ok(code(&visit(definitions, models, options)?)),
            }
        }
    };
    run.cargo_bench();
    run.measure();
    cmd::present(run.finish(), cmd::RunOutput::Table)
}

/// 0, or that some cells failed, or the signal that ended it.
fn code(visited: &Visited) -> ExitCode {
    match (visited.interrupted_by, visited.failed) {
        (Some(signal), _) => exit::by_signal(signal),
        (None, 0) => ExitCode::SUCCESS,
        (None, _) => ExitCode::from(exit::CELLS_FAILED),
    }
}

/// Has the kernel end this process when `cargo` is ended: nobody would be left to see what it does.
fn end_with_cargo() -> Result<(), RunStartError> {
    if std::env::var_os("CARGO").is_none() {
        return Ok(());
    }
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM))
        .map_err(|error| RunStartError::Supervise(std::io::Error::from(error).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> (Mode, Option<String>) {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let Arguments { mode, filter } = Arguments::parse(&arguments);
        (mode, filter)
    }

    #[test]
    fn the_filter_is_what_criterion_takes_for_one() {
        assert_eq!(parse("--bench"), (Mode::Measure, None));
        assert_eq!(parse("factorial --bench"), (Mode::Measure, Some("factorial".into())));
        assert_eq!(parse("--save-baseline before sleep --bench"), (Mode::Measure, Some("sleep".into())));
        assert_eq!(
            parse("--save-baseline=before --noplot sleep --bench"),
            (Mode::Measure, Some("sleep".into()))
        );
        assert_eq!(parse("--exact a/b@1 --bench"), (Mode::Measure, Some("^a/b@1$".into())));
        assert_eq!(parse("--test --bench x"), (Mode::Visit, Some("x".into())));
        assert_eq!(parse("--list --bench"), (Mode::Look, None));
        assert_eq!(parse(""), (Mode::Visit, None));
    }
}
