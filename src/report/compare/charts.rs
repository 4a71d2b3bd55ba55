//! The charts of a comparison.

use super::words;
use crate::analyse::{Across, CurveAcross, Throughput};
use crate::record::Verdict;
use crate::report::chart::{
    self, Axis, Chart, Curve, CurvePoint, End, Ink, Lines, Marker, STEPS, Slope, Table, Tile, Tiles,
    worker_axis,
};
use crate::report::page::columns;
use crate::report::view::{ModelView, looks};
use crate::report::{ReportError, text, units};

/// The look of every model that is compared.
pub(super) fn models(across: &Across) -> Vec<ModelView<'_>> {
    looks(across.cells.iter().map(|cell| (cell.model.as_str(), cell.family)))
}

/// The colour of a run.
fn ink(place: usize) -> Ink {
    const ORDER: [u8; 8] = [3, 1, 4, 5, 2, 6, 7, 0];
    Ink::Series(ORDER[place % ORDER.len()])
}

/// A map of each run after the first against the first.
pub(super) fn heat(across: &Across, place: usize) -> Result<Chart, ReportError> {
    let (mut rows, mut heads): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let mut tiles = Vec::new();
    let mut table = Table {
        columns: columns(&["cell", "time over the first", "its interval", "log2", "verdict"]),
        rows: Vec::new(),
    };
    let index = |list: &mut Vec<String>, name: String| {
        list.iter().position(|known| *known == name).unwrap_or_else(|| {
            list.push(name);
            list.len() - 1
        })
    };
    for cell in &across.cells {
        let contrast = &cell.contrasts[place - 1];
        let label = words::label(across, cell);
        let interval = Some((contrast.low, contrast.high));
        let (figure, range) =
            (units::ratio(contrast.ratio, interval), units::ratio_interval(contrast.ratio, interval));
        let verdict = words::verdict(contrast);
        let workload = text::name(&cell.workload);
        table.rows.push(vec![
            format!("{workload}/{label}"),
            figure.clone(),
            range.clone(),
            format!("{:+.2}", contrast.ratio.log2()),
            verdict.into(),
        ]);
        tiles.push(Tile {
            row: index(&mut rows, label.clone()),
            column: index(&mut heads, workload.clone()),
            ink: Ink::Step(step(contrast.ratio)),
            pale: false,
            key: None,
            hatched: !matches!(contrast.verdict, Verdict::Different),
            lines: vec![figure.clone()],
            tip: format!("{workload}/{label}: {figure} {range} the time, {verdict}"),
            model: None,
        });
    }
    let name = text::name(&across.places[place].name);
    let title = format!("{name} against {}", text::name(&across.places[0].name));
    let (size, body) =
        chart::tiles(&Tiles { name: title.clone(), rows, columns: heads, axis: String::new(), tiles })?;
    Ok(Chart {
        slug: format!("heat-{place}"),
        title,
        question: format!("Where is {name} faster or slower?"),
        reading: "Time over that of the first run. Green is faster, brown slower, a step of colour a factor of 1.4; \
                  hatched squares are no certain difference."
            .into(),
        size,
        body,
        table,
    })
}

/// The step of a ratio on the scale of colours: half a power of two each.
fn step(ratio: f64) -> u8 {
    let middle = f64::from(STEPS / 2);
    let step = (ratio.log2() * 2.0).round().clamp(-middle, middle);
    if step.is_nan() { STEPS / 2 } else { (middle + step) as u8 }
}

/// The places of the models in each run.
pub(super) fn ranks(across: &Across) -> Result<Chart, ReportError> {
    let models = models(across);
    let mut heads = columns(&["model"]);
    heads.extend(across.places.iter().map(|place| text::name(&place.name)));
    let mut table = Table { columns: heads, rows: Vec::new() };
    let mut slopes = Vec::new();
    for (index, model) in across.ranks.iter().enumerate() {
        let view = models.iter().position(|view| view.id == model.model);
        let label = text::name(&model.model);
        let shown: Vec<String> = model
            .ranks
            .iter()
            .zip(&model.means)
            .map(|(rank, mean)| format!("place {rank}, {} the best on average", units::ratio(*mean, None)))
            .collect();
        // Models that share a place are drawn below each other, in the order of the first run.
        let tied = |place: usize| {
            let earlier =
                across.ranks[..index].iter().filter(|other| other.ranks[place] == model.ranks[place]);
            earlier.count() as u64
        };
        slopes.push(Slope {
            label: label.clone(),
            model: None,
            ink: view.map_or(Ink::Muted, |view| models[view].ink),
            marker: view.map_or(Marker::nth(0), |view| models[view].marker),
            places: model.ranks.iter().enumerate().map(|(place, rank)| rank + tied(place)).collect(),
            tips: shown
                .iter()
                .zip(&across.places)
                .map(|(shown, place)| format!("{label} on {}: {shown}", text::name(&place.name)))
                .collect(),
        });
        table.rows.push([label].into_iter().chain(shown).collect());
    }
    let runs: Vec<String> = across.places.iter().map(|place| text::name(&place.name)).collect();
    let (size, body) = chart::slope("ranks", &runs, &slopes)?;
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
pub(super) fn scaling(across: &Across) -> Result<Vec<Chart>, ReportError> {
    let mut workloads: Vec<&str> = Vec::new();
    for curve in &across.curves {
        if !workloads.contains(&curve.workload.as_str()) {
            workloads.push(&curve.workload);
        }
    }
    let mut charts = Vec::new();
    for (index, workload) in workloads.iter().enumerate() {
        let of_workload = || across.curves.iter().filter(|curve| curve.workload == *workload);
        let most = |curve: &CurveAcross| {
            curve.places.iter().flatten().map(|point| point.per_second).fold(0.0, f64::max)
        };
        let Some(best) = of_workload().max_by(|a, b| most(a).total_cmp(&most(b))) else { continue };
        let curves: Vec<&CurveAcross> = of_workload().collect();
        charts.push(throughput(across, index, best, &curves, false)?);
        charts.push(throughput(across, index, best, &curves, true)?);
    }
    Ok(charts)
}

fn throughput(
    across: &Across,
    index: usize,
    best: &CurveAcross,
    all: &[&CurveAcross],
    per_core: bool,
) -> Result<Chart, ReportError> {
    let share = |place: usize, point: &Throughput| {
        let cores = if per_core { point.workers.min(across.places[place].cores).max(1) } else { 1 };
        [point.per_second, point.low, point.high].map(|rate| rate / cores as f64)
    };
    let runs: Vec<String> = across.places.iter().map(|place| text::name(&place.name)).collect();
    let curves: Vec<Curve> = best
        .places
        .iter()
        .enumerate()
        .filter(|(_, points)| !points.is_empty())
        .map(|(place, points)| Curve {
            model: None,
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
    let (size, body) = chart::lines(Lines {
        name: &name,
        curves: &curves,
        x: worker_axis(&curves, most.0),
        y: Axis::from_zero([most.1], 1.0, |rate| units::Measure::Count.tick(rate)),
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
