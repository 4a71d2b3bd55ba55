//! Results for services that follow them over time.

use std::collections::BTreeMap;

use serde::Serialize;

use super::view::{View, measured};
use crate::record::{CellSummary, Estimate, Run};

/// A format of such a service.
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

/// The measures of a cell: name, unit, and estimate.
fn measures(summary: &CellSummary) -> Vec<(&'static str, &'static str, Estimate)> {
    let mut measures = vec![("latency", "ns", summary.steady), ("one-off", "ns", summary.one_off)];
    measures.extend(summary.cpu.map(|cpu| ("cpu-time", "ns", cpu)));
    measures.extend(summary.peak_rss.map(|peak| ("peak-memory", "B", peak)));
    measures.retain(|(_, _, estimate)| {
        [estimate.median, estimate.low, estimate.high].iter().all(|n| n.is_finite())
    });
    measures
}

/// The ranked cells of a run that were measured, as JSON. Cells without a figure are left out: neither format has a
/// place for a reason.
pub fn export(run: &Run, format: Export) -> serde_json::Result<String> {
    let view = View::new(run);
    let cells = run.workloads.iter().flat_map(|work| view.ranked(&work.name)).filter_map(measured);
    let json = match format {
        Export::Bmf => {
            let benchmarks: BTreeMap<&str, BTreeMap<&str, Metric>> = cells
                .map(|(cell, summary)| {
                    let metric =
                        |e: Estimate| Metric { value: e.median, lower_value: e.low, upper_value: e.high };
                    let of_cell =
                        measures(summary).into_iter().map(|(name, _, e)| (name, metric(e))).collect();
                    (cell.id.as_str(), of_cell)
                })
                .collect();
            serde_json::to_string_pretty(&benchmarks)?
        }
        Export::GithubActionBenchmark => {
            let entries: Vec<Entry> = cells
                .flat_map(|(cell, summary)| {
                    measures(summary).into_iter().map(|(name, unit, e)| Entry {
                        name: format!("{} {name}", cell.id),
                        unit,
                        value: e.median,
                        range: format!("{:.0} to {:.0}", e.low, e.high),
                    })
                })
                .collect();
            serde_json::to_string_pretty(&entries)?
        }
    };
    Ok(json + "\n")
}
