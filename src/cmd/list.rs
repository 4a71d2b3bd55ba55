//! `concbench list`: what would be measured.

use std::process::ExitCode;

use super::args::ListArgs;
use crate::campaign::work;
use crate::model::Catalogue;
use crate::spec::Definition;

pub(super) fn run<C: Catalogue>(
    definitions: Vec<Definition>,
    arguments: &ListArgs,
) -> anyhow::Result<ExitCode> {
    let (heads, rows) = match arguments.models {
        true => models::<C>(),
        false => cells::<C>(definitions, arguments)?,
    };
    super::print(&super::rows(&heads, rows, arguments.format)?)?;
    Ok(ExitCode::SUCCESS)
}

type Rows = (Vec<&'static str>, Vec<Vec<String>>);

fn models<C: Catalogue>() -> Rows {
    let rows = C::infos().into_iter().map(|info| {
        let when = if info.default { "default" } else { "--all" };
        [info.id, when, info.summary, info.right_when, info.elsewhere].map(str::to_owned).to_vec()
    });
    (vec!["model", "measured", "what it is", "right when", "elsewhere"], rows.collect())
}

fn cells<C: Catalogue>(definitions: Vec<Definition>, arguments: &ListArgs) -> anyhow::Result<Rows> {
    let common = &arguments.common;
    let choice = common.choice(arguments.filter.as_deref());
    let work = work(common.definitions(definitions)?, &C::infos(), choice)?;
    let spec = &work.spec;
    let cells = spec.cells.iter().map(|cell| {
        let definition = &spec.workload_of(cell).definition;
        let purpose = match (cell.twin, cell.ranked) {
            (true, _) => "A/A twin",
            (false, true) => "ranking",
            (false, false) => "scaling",
        };
        let tasks = definition.tasks.to_string();
        vec![cell.id.clone(), purpose.to_owned(), tasks, definition.teaches.clone()]
    });
    let costs = work.costs().map(|(id, what)| vec![id, "cost".to_owned(), String::new(), what.to_owned()]);
    Ok((vec!["cell", "for", "tasks", "what it teaches"], cells.chain(costs).collect()))
}
