//! `cargo bench`: criterion's flags, criterion's pass, and the interleaved pass behind it.

mod pass;

use std::path::Path;
use std::process::ExitCode;

use crate::campaign::{Campaign, CampaignError, matrix, work};
use crate::cmd::{self, CommonArgs, FromEnvironment};
use crate::harness::Registry;
use crate::model::Catalogue;
use crate::spec::Definition;
use pass::Pass;

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
pub(crate) fn main<C: Catalogue>(_registry: &Registry<C>, definitions: Vec<Definition>) -> ExitCode {
    let arguments = Arguments::of_this_process();
    cmd::guard(|| match CommonArgs::from_environment() {
        Ok(FromEnvironment { common, resume, verbose }) => {
            cmd::conclude(run::<C>(definitions, &arguments, &common, resume.as_deref()), verbose)
        }
        Err(error) => cmd::conclude(Err(error), false),
    })
}

fn run<C: Catalogue>(
    definitions: Vec<Definition>,
    arguments: &Arguments,
    common: &CommonArgs,
    resume: Option<&Path>,
) -> anyhow::Result<ExitCode> {
    end_with_cargo()?;
    pass::settle_folder();
    let filter = arguments.filter.as_deref();
    if let Some(folder) = resume.filter(|_| arguments.mode == Mode::Measure) {
        return measure(Campaign::resume(folder, &C::infos(), Some(filter), common.quiet)?);
    }
    let mut definitions = common.definitions(definitions)?;
    if arguments.mode != Mode::Measure {
        let spec = matrix(definitions, &C::infos(), common.all, filter)?;
        let cells = (0..spec.cells.len()).collect();
        let mut pass = Pass::without_record(&spec, common.track(), common.deadline())?;
        pass.run(cells);
        return Ok(pass.exit_code());
    }
    definitions.extend(common.grains::<C>()?);
    let work = work(definitions, &C::infos(), common.choice(filter))?;
    let words = filter.into_iter().flat_map(|filter| ["--".to_owned(), filter.to_owned()]);
    let options = common.options(arguments.filter.clone(), cmd::command("cargo bench", words));
    measure(Campaign::begin(work, options)?)
}

fn measure(mut campaign: Campaign) -> anyhow::Result<ExitCode> {
    if campaign.wants_criterion() {
        let medians = Pass::criterion(&mut campaign);
        campaign.keep_criterion(medians);
    }
    campaign.measure();
    cmd::present(campaign.finish()?, cmd::RunOutput::Table)
}

/// Has the kernel end this process when `cargo` is ended: nobody would be left to see what it does.
fn end_with_cargo() -> Result<(), CampaignError> {
    if std::env::var_os("CARGO").is_none() {
        return Ok(());
    }
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM))
        .map_err(|error| CampaignError::Supervise(error.into()))
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
