//! The charts of a comparison of matrices.

use concbench_charts::{
    Axis, Chart, Curve, CurvePoint, End, Ink, Lines, Marker, Slope, Table, columns, counts_axis, lines, slope,
};
use concbench_text::figures::{self as units, Measure};
use itertools::Itertools as _;

use super::rank::ModelRanks;
use super::scaling::{ComparedCurve, Throughput};
use crate::experiment::compare::Beside;
use crate::report::{ReportError, text};

/// The colour of a run.
fn ink(place: usize) -> Ink {
    const ORDER: [u8; 8] = [3, 1, 4, 5, 2, 6, 7, 0];
    Ink::Series(ORDER[place % ORDER.len()])
}

/// The places of the models in each run.
pub(super) fn ranks(ranks: &[ModelRanks], beside: &Beside<'_>) -> Result<Chart, ReportError> {
    let mut heads = columns(&["model"]);
    heads.extend(beside.places.iter().map(|place| text::name(&place.name)));
    let mut table = Table { columns: heads, rows: Vec::new() };
    let mut slopes = Vec::new();
    for (index, model) in ranks.iter().enumerate() {
        let look = beside.looks.of(&model.model);
        let label = text::name(&model.model);
        let shown: Vec<String> = model
            .ranks
            .iter()
            .zip(&model.means)
            .map(|(rank, mean)| format!("place {rank}, {} the best on average", units::ratio(*mean, None)))
            .collect();
        // Models that share a place are drawn below each other, in the order of the first run.
        let tied = |place: usize| {
            let earlier = ranks[..index].iter().filter(|other| other.ranks[place] == model.ranks[place]);
            earlier.count() as u64
        };
        slopes.push(Slope {
            label: label.clone(),
            series: None,
            ink: look.map_or(Ink::Muted, |look| look.ink),
            marker: look.map_or(Marker::nth(0), |look| look.marker),
            places: model.ranks.iter().enumerate().map(|(place, rank)| rank + tied(place)).collect(),
            tips: shown
                .iter()
                .zip(beside.places)
                .map(|(shown, place)| format!("{label} on {}: {shown}", text::name(&place.name)))
                .collect(),
        });
        table.rows.push([label].into_iter().chain(shown).collect());
    }
    let runs: Vec<String> = beside.places.iter().map(|place| text::name(&place.name)).collect();
    let (size, body) = slope("ranks", &runs, &slopes)?;
    Ok(Chart {
        slug: "ranks".into(),
        title: "ranking of the models".into(),
        question: "Does the ranking of the models change?".into(),
        reading: "Place by the geometric mean of steady times, over the workloads that all runs share; the best on top.".into(),
        size,
        body,
        table,
    })
}

/// Throughput over workers, absolute and for each core, of the model that gets most done in each workload.
pub(super) fn scaling(curves: &[ComparedCurve], beside: &Beside<'_>) -> Result<Vec<Chart>, ReportError> {
    let workloads: Vec<&str> = curves.iter().map(|curve| curve.workload.as_str()).unique().collect();
    let mut charts = Vec::new();
    for (index, workload) in workloads.iter().enumerate() {
        let of_workload = || curves.iter().filter(|curve| curve.workload == *workload);
        let most = |curve: &ComparedCurve| {
            curve.places.iter().flatten().map(|point| point.per_second).fold(0.0, f64::max)
        };
        let Some(best) = of_workload().max_by(|a, b| most(a).total_cmp(&most(b))) else { continue };
        let all: Vec<&ComparedCurve> = of_workload().collect();
        charts.push(throughput(beside, index, best, &all, false)?);
        charts.push(throughput(beside, index, best, &all, true)?);
    }
    Ok(charts)
}

fn throughput(
    beside: &Beside<'_>,
    index: usize,
    best: &ComparedCurve,
    all: &[&ComparedCurve],
    per_core: bool,
) -> Result<Chart, ReportError> {
    let share = |place: usize, point: &Throughput| {
        let cores = if per_core { point.workers.min(beside.places[place].cores).max(1) } else { 1 };
        [point.per_second, point.low, point.high].map(|rate| rate / cores as f64)
    };
    let runs: Vec<String> = beside.places.iter().map(|place| text::name(&place.name)).collect();
    let curves: Vec<Curve> = best
        .places
        .iter()
        .enumerate()
        .filter(|(_, points)| !points.is_empty())
        .map(|(place, points)| Curve {
            series: None,
            ink: ink(place),
            marker: Marker::nth(place),
            label: runs[place].clone(),
            points: points
                .iter()
                .map(|point| {
                    let [rate, low, high] = share(place, point);
                    let workers = text::plural(point.workers, "worker");
                    CurvePoint {
                        x: point.workers as f64,
                        y: rate,
                        interval: Some((low, high)),
                        tip: format!("{} with {workers}: {} tasks a second", runs[place], units::count(rate)),
                    }
                })
                .collect(),
        })
        .collect();
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let most = (
        points().map(|point| point.x).fold(1.0, f64::max),
        points().map(|point| point.interval.map_or(point.y, |(_, high)| high)).fold(0.0, f64::max),
    );
    let (workload, model) = (text::name(&best.workload), text::name(&best.model));
    let name = format!("{workload}: throughput{} of {model}", if per_core { " for each core" } else { "" });
    let (size, body) = lines(Lines {
        name: &name,
        curves: &curves,
        x: counts_axis("workers", &curves, most.0),
        y: Axis::from_zero([most.1], 1.0, |rate| Measure::Count.tick(rate)),
        reference: Vec::new(),
        marks: &[],
        apart: End::Last,
    })?;
    let mut table = Table {
        columns: columns(&["model", "run", "workers", "tasks a second", "at least", "at most"]),
        rows: Vec::new(),
    };
    for curve in all {
        for (place, points) in curve.places.iter().enumerate() {
            for point in points {
                let rates = share(place, point).map(units::count);
                let mut row = vec![text::name(&curve.model), runs[place].clone(), point.workers.to_string()];
                row.extend(rates);
                table.rows.push(row);
            }
        }
    }
    Ok(Chart {
        slug: format!("throughput-{}{}", index + 1, if per_core { "-core" } else { "" }),
        question: if per_core {
            format!("How much of {workload} does one core get done?")
        } else {
            format!("How much of {workload} gets done with more workers?")
        },
        title: name,
        reading: format!(
            "Tasks a second{} under {model}, which gets most done; the table has the others.",
            if per_core { " over the cores in use," } else { "" }
        ),
        size,
        body,
        table,
    })
}
