//! `concbench list`: what would be measured.

use std::path::Path;
use std::process::ExitCode;

use concbench_external::{Manifest, find_program};
use indicatif::HumanDuration;

use super::args::ListArgs;
use crate::experiment::experiments;
use crate::machine;
use crate::model::ModelInfo;
use crate::run::Plan;
use crate::spec::Definition;

pub(super) fn run(
    models: &[ModelInfo],
    definitions: Vec<Definition>,
    arguments: &ListArgs,
) -> anyhow::Result<ExitCode> {
    let (heads, rows) = match arguments {
        ListArgs { models: true, .. } => of_models(models),
        ListArgs { externals: true, .. } => of_externals(arguments),
        ListArgs { cells: true, .. } => of_cells(models, definitions, arguments)?,
        _ => of_experiments(models, definitions, arguments)?,
    };
    crate::printing::print(&super::rows(&heads, rows, arguments.format)?)?;
    Ok(ExitCode::SUCCESS)
}

type Rows = (Vec<&'static str>, Vec<Vec<String>>);

fn of_models(models: &[ModelInfo]) -> Rows {
    let rows = models.iter().map(|info| {
        let when = if info.default { "default" } else { "if asked: --all" };
        let crash = info.lost_in_a_crash();
        let tuned = info.tuned.map_or_else(String::new, |sets| format!("; the track tuned sets {sets}"));
        let (tasks, described) = (info.dispatch.word(), info.described() + &tuned);
        [info.id, when, tasks, &described, info.right_when, crash, info.elsewhere].map(str::to_owned).to_vec()
    });
    (
        vec!["model", "measured", "dispatch", "what it is", "right when", "a crash ends", "elsewhere"],
        rows.collect(),
    )
}

/// Only looked for: whether a runner can be started is known once it is.
fn of_externals(arguments: &ListArgs) -> Rows {
    let settings = arguments.common.settings();
    let row = |one: &Manifest| {
        // What a build step makes is there once that was done.
        let (program, remedy) = match &one.build {
            Some(build) if one.program.contains('/') => (&build.program, &build.remedy),
            _ => (&one.program, &one.remedy),
        };
        let folder = one.folder.as_deref().map_or(Path::new("."), Path::new);
        let found = match find_program(program, folder, remedy) {
            Ok(path) => path.display().to_string(),
            Err(trouble) => trouble.reason,
        };
        let models: Vec<&str> = one.models.iter().map(|model| model.id.as_str()).collect();
        vec![one.name.clone(), one.language.clone(), found, models.join(", ")]
    };
    (vec!["runner", "language", "program", "models"], settings.externals.manifests().map(row).collect())
}

fn of_experiments(
    models: &[ModelInfo],
    definitions: Vec<Definition>,
    arguments: &ListArgs,
) -> anyhow::Result<Rows> {
    let common = &arguments.common;
    let (definitions, filter) = (common.definitions(definitions)?, arguments.filter.as_deref());
    let all = experiments();
    let plan = Plan::new(definitions, models, &all, common.settings(), machine::facts(), filter)?;
    let chosen = common.choice().kinds();
    let rows = plan.experiments.iter().map(|(kind, listed)| {
        let measured = match chosen.iter().any(|other| other.id() == kind.id()) {
            true => "yes".to_owned(),
            false => format!("if asked: --with {}", kind.id()),
        };
        let (cells, time) = (listed.cells.len().to_string(), HumanDuration(listed.estimate).to_string());
        vec![kind.id().to_owned(), kind.question().to_owned(), cells, time, measured]
    });
    Ok((vec!["experiment", "question", "cells", "about", "measured"], rows.collect()))
}

fn of_cells(
    models: &[ModelInfo],
    definitions: Vec<Definition>,
    arguments: &ListArgs,
) -> anyhow::Result<Rows> {
    let common = &arguments.common;
    let (definitions, filter) = (common.definitions(definitions)?, arguments.filter.as_deref());
    let chosen = common.choice().kinds();
    let plan = Plan::new(definitions, models, &chosen, common.settings(), machine::facts(), filter)?;
    let rows = plan.experiments.iter().flat_map(|(kind, listed)| {
        listed.cells.iter().map(|(id, workload)| {
            let workload = workload.as_ref().and_then(|name| plan.scope.workload(name));
            let tasks = workload.map_or_else(String::new, |found| found.tasks.to_string());
            let teaches = workload.map_or_else(String::new, |found| found.definition.teaches.clone());
            vec![id.clone(), kind.id().to_owned(), tasks, teaches]
        })
    });
    Ok((vec!["cell", "experiment", "tasks", "what it teaches"], rows.collect()))
}
