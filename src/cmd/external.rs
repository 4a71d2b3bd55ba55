//! `concbench external`: runners in other languages.

use std::cell::RefCell;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use concbench_external::{Bench, Outcome, check, kernel_name};

use super::args::{ExternalCheckArgs, ExternalCommand};
use super::exit;
use crate::model::Digest;
use crate::models::{TaskSpec, built_in_tasks};
use crate::printing::{print, remark};
use crate::runner::{Orphans, Target, require_place};
use concbench_workloads::Kernel;

/// How long what a runner has started may take to end behind it.
const GRACE: Duration = Duration::from_secs(2);

pub(super) fn run(command: &ExternalCommand) -> anyhow::Result<ExitCode> {
    match command {
        ExternalCommand::Check(arguments) => try_all(arguments),
    }
}

fn try_all(arguments: &ExternalCheckArgs) -> anyhow::Result<ExitCode> {
    require_place()?;
    let orphans = Orphans::of_this_process().context("cannot adopt what a runner leaves behind")?;
    let orphans = RefCell::new(orphans);
    let target = Target::start_alone()?;
    let folder = tempfile::tempdir().context("cannot make a folder to build in")?;
    let pid = u32::try_from(target.pid()).ok();
    let left = || orphans.borrow_mut().sweep_after(GRACE, pid).map_err(|error| error.to_string());
    let bench = Bench {
        folder: folder.path(),
        target: target.address().socket,
        reference: &reference,
        left: &left,
        deadline: Duration::from_secs(arguments.deadline),
    };
    let found = check(&arguments.external.manifest, &bench);
    let broken = found.iter().filter(|one| matches!(one.outcome, Outcome::Broken(_))).count();
    let all = found.len();
    let row = |one: concbench_external::Checked| match one.outcome {
        Outcome::Held => vec![one.what, "held".to_owned(), String::new()],
        Outcome::Unsupported(reason) => vec![one.what, "unsupported".to_owned(), reason],
        Outcome::Broken(reason) => vec![one.what, "broken".to_owned(), reason],
    };
    let rows = found.into_iter().map(row).collect();
    print(&super::rows(&["what was tried", "outcome", "why"], rows, arguments.format)?)?;
    Ok(match broken {
        0 => ExitCode::SUCCESS,
        broken => {
            remark(&format!("{broken} of {all} checks are broken"));
            ExitCode::from(exit::CELLS_FAILED)
        }
    })
}

/// What so many tasks of a kernel return.
fn reference(kernel: &Kernel, tasks: u64) -> Result<Digest, String> {
    let (name, kernel) = (kernel_name(kernel).to_owned(), Some(kernel.clone()));
    let task_spec = TaskSpec { name, kernel, ..TaskSpec::default() };
    let built = built_in_tasks(&task_spec).map_err(|error| error.to_string())?;
    let built = built.ok_or_else(|| "there are no such tasks".to_owned())?;
    built.reference(tasks).map(|(digest, _)| digest).map_err(|error| error.to_string())
}
