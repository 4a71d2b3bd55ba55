//! `concbench list`: what would be measured.

use std::process::ExitCode;

use comfy_table::{ContentArrangement, Table, presets};

use super::args::{ListArgs, Output};
use crate::campaign::matrix;
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
    super::print(&render(&heads, rows, arguments.format)?);
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
    let spec =
        matrix(common.definitions(definitions)?, &C::infos(), common.all, arguments.filter.as_deref())?;
    let rows = spec.cells.iter().map(|cell| {
        let definition = &spec.workload_of(cell).definition;
        let purpose = match (cell.twin, cell.ranked) {
            (true, _) => "A/A twin",
            (false, true) => "ranking",
            (false, false) => "scaling",
        };
        let tasks = definition.tasks.to_string();
        vec![cell.id.clone(), purpose.to_owned(), tasks, definition.teaches.clone()]
    });
    Ok((vec!["cell", "for", "tasks", "what the workload teaches"], rows.collect()))
}

fn render(heads: &[&str], rows: Vec<Vec<String>>, output: Output) -> anyhow::Result<String> {
    match output {
        Output::Table | Output::Md => {
            let mut table = Table::new();
            let preset = if output == Output::Md { presets::ASCII_MARKDOWN } else { presets::NOTHING };
            table.load_preset(preset).set_content_arrangement(ContentArrangement::Dynamic);
            table.set_header(heads).add_rows(rows);
            Ok(format!("{table}\n"))
        }
        Output::Csv => {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(heads)?;
            rows.iter().try_for_each(|row| writer.write_record(row))?;
            Ok(String::from_utf8(writer.into_inner()?)?)
        }
        Output::Json => {
            let object = |row: Vec<String>| -> serde_json::Map<String, serde_json::Value> {
                heads.iter().map(|&head| head.to_owned()).zip(row.into_iter().map(Into::into)).collect()
            };
            let objects: Vec<_> = rows.into_iter().map(object).collect();
            Ok(serde_json::to_string_pretty(&objects)? + "\n")
        }
    }
}
