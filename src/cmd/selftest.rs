//! `concbench selftest`: does the program find what is there, and nothing else, on this machine?

use std::process::ExitCode;

use super::args::{Output, SelftestArgs, clock_seed};
use super::exit;
use crate::model::ModelInfo;
use crate::printing::{print, remark};
use crate::record::Grade;
use crate::selftest::{self, Check, Ended, Judgement, Options, SelfTest};

pub(super) fn run(models: &[ModelInfo], arguments: &SelftestArgs) -> anyhow::Result<ExitCode> {
    let options = Options {
        quick: arguments.quick,
        blocks: arguments.blocks,
        seed: arguments.seed.unwrap_or_else(clock_seed),
        quiet: arguments.quiet,
    };
    let found = match selftest::run(models, &options)? {
        Ended::Whole(found) => found,
        Ended::Interrupted(signal) => return Ok(exit::by_signal(signal)),
    };
    print(&render(&found, arguments.format)?)?;
    remark(&summary(&found));
    Ok(code(&found.checks))
}

fn code(checks: &[Check]) -> ExitCode {
    match checks.iter().any(|check| check.verdict == Some(Judgement::Missed)) {
        true => ExitCode::from(exit::CELLS_FAILED),
        false => ExitCode::SUCCESS,
    }
}

fn render(found: &SelfTest, output: Output) -> anyhow::Result<String> {
    match output {
        Output::Json => Ok(serde_json::to_string_pretty(found)? + "\n"),
        other => super::rows(
            &["rule", "check", "figure", "bound", "verdict"],
            found.checks.iter().map(row).collect(),
            other,
        ),
    }
}

fn row(check: &Check) -> Vec<String> {
    let rule = check.rule.map_or_else(String::new, |rule| rule.to_string());
    let bound = check.bound.clone().unwrap_or_default();
    vec![rule, check.what.clone(), check.figure.clone(), bound, check.verdict.map_or("", word).to_owned()]
}

fn word(judgement: Judgement) -> &'static str {
    match judgement {
        Judgement::Held => "held",
        Judgement::Missed => "missed",
        Judgement::Unknown => "unknown",
    }
}

fn summary(found: &SelfTest) -> String {
    let count = |judgement| found.checks.iter().filter(|check| check.verdict == Some(judgement)).count();
    let counts = [Judgement::Held, Judgement::Missed, Judgement::Unknown]
        .map(|one| format!("{} {}", count(one), word(one)));
    let noise = match found.grade {
        Grade::Quiet | Grade::Fair => "",
        Grade::Noisy => "; the machine was noisy: what is small cannot be seen on it now",
        Grade::Unknown => "; how noisy the machine was is unknown",
    };
    format!("self-test with seed {}: {}{noise}", found.seed, counts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(verdict: Option<Judgement>) -> Check {
        Check {
            id: "x".to_owned(),
            rule: None,
            what: "something".to_owned(),
            figure: "1".to_owned(),
            value: Some(1.0),
            unit: "ns",
            bound: verdict.map(|_| "at most 1".to_owned()),
            verdict,
        }
    }

    #[test]
    fn only_a_miss_has_an_exit_code_of_its_own() {
        let of =
            |verdicts: &[Option<Judgement>]| code(&verdicts.iter().copied().map(check).collect::<Vec<_>>());
        assert_eq!(of(&[Some(Judgement::Held), Some(Judgement::Unknown), None]), ExitCode::SUCCESS);
        assert_eq!(of(&[Some(Judgement::Held), Some(Judgement::Missed)]), ExitCode::from(3));
    }

    #[test]
    fn a_row_without_a_bound_has_no_verdict() {
        assert_eq!(row(&check(None)), ["", "something", "1", "", ""]);
        assert_eq!(row(&check(Some(Judgement::Missed)))[3..], ["at most 1", "missed"]);
    }
}
