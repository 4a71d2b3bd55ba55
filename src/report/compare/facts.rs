//! What differs between the machines and the builds.

use concbench_charts::{Table, columns};

use crate::record::Record;
use crate::report::page::{build_facts, machine_facts};
use crate::report::text;

/// The facts that are not alike.
pub(crate) fn differing(records: &[&Record], names: &[String]) -> Table {
    let facts: Vec<Vec<(&'static str, String)>> = records.iter().map(|record| facts(record)).collect();
    let rows = facts[0].iter().enumerate().filter_map(|(index, (name, first))| {
        let values: Vec<String> = facts.iter().map(|of_run| of_run[index].1.clone()).collect();
        let differs = values.iter().any(|value| value != first);
        differs.then(|| [(*name).to_owned()].into_iter().chain(values).collect())
    });
    let mut heads = columns(&["fact"]);
    heads.extend(names.iter().cloned());
    Table { columns: heads, rows: rows.collect() }
}

fn facts(record: &Record) -> Vec<(&'static str, String)> {
    let known = machine_facts(&record.machine, &record.noise.warnings);
    let all = known.into_iter().chain(build_facts(&record.tool));
    let mut shown: Vec<_> =
        all.map(|fact| (fact.name, fact.value.unwrap_or_else(|why| format!("unknown: {why}")))).collect();
    shown.push(("blocks", record.run.blocks.to_string()));
    shown.push(("started", text::name(&record.run.started_utc)));
    shown.push(("noise", format!("{:?}", record.noise.grade).to_lowercase()));
    shown
}
