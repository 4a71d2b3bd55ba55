//! Figures for programs: every observation as a row, and medians for services that follow them over time.

use itertools::Itertools as _;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::table::written;
use crate::record::{RawCell, Record};

/// A measured value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row<'a> {
    /// The experiment.
    pub(crate) experiment: &'a str,
    /// The cell.
    pub(crate) cell: &'a RawCell,
    /// The block and the position in it; `None` for a cell without observations.
    pub(crate) place: Option<(u32, u32)>,
    /// What was measured, and its unit.
    pub(crate) response: &'a str,
    pub(crate) unit: &'static str,
    /// How much; `None` where it could not be measured.
    pub(crate) value: Option<f64>,
}

/// One row for each value: run, experiment, cell, how it ended, a column for each factor of any experiment, block,
/// position, response, value, unit. A cell without observations has one row without a value.
pub(crate) fn tidy<'a>(record: &'a Record, rows: impl IntoIterator<Item = Row<'a>>) -> String {
    let factors = factors(record);
    let before = ["run", "experiment", "cell", "status", "reason"];
    let after = ["block", "position", "response", "value", "unit"];
    let columns: Vec<&str> = before.into_iter().chain(factors.iter().copied()).chain(after).collect();
    let row = |Row { experiment, cell, place, response, unit, value }: Row<'a>| {
        let number = |number: Option<u32>| number.map_or_else(String::new, |number| number.to_string());
        let mut fields = vec![
            record.run.id.clone(),
            experiment.to_owned(),
            cell.id.clone(),
            cell.status.to_string(),
            cell.reason.clone().unwrap_or_default(),
        ];
        fields.extend(factors.iter().map(|name| plain(cell.factors.get(name))));
        fields.extend([
            number(place.map(|place| place.0)),
            number(place.map(|place| place.1)),
            response.to_owned(),
            value.map_or_else(String::new, |value| value.to_string()),
            unit.to_owned(),
        ]);
        fields
    };
    written(&columns, rows.into_iter().map(row))
}

/// The names of the factors of all experiments, in the order in which they come.
fn factors(record: &Record) -> Vec<&str> {
    let cells = record.experiments.values().flat_map(|experiment| &experiment.cells);
    let names = cells.filter_map(|cell| cell.factors.as_object()).flat_map(serde_json::Map::keys);
    names.map(String::as_str).unique().collect()
}

/// A level as a field.
fn plain(level: Option<&Value>) -> String {
    match level {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// A format of a service that follows figures over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Export {
    /// Bencher Metric Format: benchmarks, their measures, each with its interval.
    Bmf,
    /// The `customSmallerIsBetter` array of github-action-benchmark.
    GithubActionBenchmark,
}

/// A figure with the ends of its interval, as Bencher wants it.
#[derive(Serialize)]
struct Metric {
    value: f64,
    lower_value: f64,
    upper_value: f64,
}

/// A figure, as github-action-benchmark wants it.
#[derive(Serialize)]
struct Entry {
    name: String,
    unit: &'static str,
    value: f64,
    range: String,
}

/// The medians of these responses of each cell, each with its unit.
pub(crate) fn export<'a>(
    cells: impl Iterator<Item = (&'a RawCell, Vec<(&'a str, &'static str)>)>,
    export: Export,
) -> String {
    let mut bmf: BTreeMap<&str, BTreeMap<&str, Metric>> = BTreeMap::new();
    let mut entries = Vec::new();
    for (cell, responses) in cells {
        for (name, unit) in responses {
            let Some(found) = cell.summary.get(name) else { continue };
            if ![found.median, found.low, found.high].into_iter().all(f64::is_finite) {
                continue;
            }
            let metric = Metric { value: found.median, lower_value: found.low, upper_value: found.high };
            bmf.entry(&cell.id).or_default().insert(name, metric);
            entries.push(Entry {
                name: format!("{} {name}", cell.id),
                unit,
                value: found.median,
                range: format!("{:.0} to {:.0}", found.low, found.high),
            });
        }
    }
    let json = match export {
        Export::Bmf => serde_json::to_string_pretty(&bmf),
        Export::GithubActionBenchmark => serde_json::to_string_pretty(&entries),
    };
    json.expect("figures have no map with keys other than strings") + "\n"
}
