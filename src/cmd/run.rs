//! `concbench run`: measures in interleaved blocks, without criterion.

use std::process::ExitCode;

use super::args::RunArgs;
use super::reproduce;
use crate::model::ModelInfo;
use crate::run::Run;
use crate::spec::Definition;

pub(super) fn run(
    models: &[ModelInfo],
    definitions: Vec<Definition>,
    arguments: &RunArgs,
) -> anyhow::Result<ExitCode> {
    let common = &arguments.common;
    let mut run = match &arguments.resume {
        Some(folder) => Run::resume(folder, models, None, common.quiet)?,
        None => {
            let command = reproduce::command("concbench", std::env::args_os().skip(1));
            let options = common.options(arguments.filter.clone(), command);
            Run::begin(common.definitions(definitions)?, models, options)?
        }
    };
    run.measure();
    super::present(run.finish(), arguments.format)
}
