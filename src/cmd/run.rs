//! `concbench run`: the interleaved pass, without criterion.

use std::process::ExitCode;

use super::again;
use super::args::RunArgs;
use crate::campaign::{Campaign, work};
use crate::model::Catalogue;
use crate::spec::Definition;

pub(super) fn run<C: Catalogue>(
    definitions: Vec<Definition>,
    arguments: &RunArgs,
) -> anyhow::Result<ExitCode> {
    let common = &arguments.common;
    if let Some(folder) = &arguments.resume {
        return measure(Campaign::resume(folder, &C::infos(), None, common.quiet)?, arguments);
    }
    let mut definitions = common.definitions(definitions)?;
    definitions.extend(common.grains::<C>()?);
    let work = work(definitions, &C::infos(), common.choice(arguments.filter.as_deref()))?;
    let command = again::command("concbench", std::env::args_os().skip(1));
    measure(Campaign::begin(work, common.options(arguments.filter.clone(), command))?, arguments)
}

fn measure(mut campaign: Campaign, arguments: &RunArgs) -> anyhow::Result<ExitCode> {
    campaign.measure();
    super::present(campaign.finish()?, arguments.format)
}
