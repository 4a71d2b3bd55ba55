//! `concbench check`: can a run stand in a gallery that others read?

use std::process::ExitCode;

use super::args::{CheckArgs, Output};
use super::exit;
use crate::experiment::contribution::{Build, Concern, Known, concerns};
use crate::machine::identity;
use crate::printing::{print, remark};
use crate::record::{Record, StoreError, store};
use crate::report::text::{clean, plural};
use crate::run::tool;

/// What is found of a run, by the path that was given.
struct Checked {
    path: String,
    concern: Concern,
}

pub(super) fn run(arguments: &CheckArgs) -> anyhow::Result<ExitCode> {
    let known = known();
    let tool = tool();
    let build = Build { version: &tool.version, commit: tool.commit.as_deref() };
    let mut checked = Vec::new();
    for path in &arguments.runs {
        let found = match store::load(path) {
            Ok(record) => of_record(&record, build, &known),
            Err(error) => vec![unreadable(&error)],
        };
        let path = path.display().to_string();
        checked.extend(found.into_iter().map(|concern| Checked { path: path.clone(), concern }));
    }
    print(&format(&checked, arguments.format)?)?;
    let refused = checked.iter().filter(|found| found.concern.refused).count();
    let runs = plural(arguments.runs.len() as u64, "run");
    Ok(match (refused, checked.len()) {
        (0, flagged) => {
            remark(&format!("{runs} fit for a gallery, {} to weigh", plural(flagged as u64, "thing")));
            ExitCode::SUCCESS
        }
        (refused, _) => {
            remark(&format!("{runs} checked, refused for {}", plural(refused as u64, "reason")));
            ExitCode::from(exit::BAD_INPUT)
        }
    })
}

fn of_record(record: &Record, build: Build<'_>, known: &Known) -> Vec<Concern> {
    concerns(record, build, known).unwrap_or_else(|what| {
        vec![Concern { refused: true, what, remedy: "check it with the version that measured".to_owned() }]
    })
}

/// A file that is torn, of another schema, or no record at all.
fn unreadable(error: &StoreError) -> Concern {
    let what = match error {
        StoreError::Bad { what, .. } => what.clone(),
        other => other.to_string(),
    };
    Concern {
        refused: true,
        what,
        remedy: "hand in the results.json of a whole run of this version".to_owned(),
    }
}

fn known() -> Known {
    Known { hosts: identity::hosts(), users: identity::users() }
}

fn word(concern: &Concern) -> &'static str {
    if concern.refused { "refused" } else { "flagged" }
}

fn format(checked: &[Checked], output: Output) -> anyhow::Result<String> {
    let line = |Checked { path, concern }: &Checked| {
        format!("{}: {}: {}; {}\n", word(concern), clean(path), clean(&concern.what), clean(&concern.remedy))
    };
    match output {
        // A line for each, whatever the width of the terminal: they are read by other programs, too.
        Output::Table => Ok(checked.iter().map(line).collect()),
        other => {
            let row = |Checked { path, concern }: &Checked| {
                vec![path.clone(), word(concern).to_owned(), concern.what.clone(), concern.remedy.clone()]
            };
            super::rows(&["run", "verdict", "what", "what to do"], checked.iter().map(row).collect(), other)
        }
    }
}
