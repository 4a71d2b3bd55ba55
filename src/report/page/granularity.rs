//! The decision map, and how small tasks may become.

use concbench_workloads::Class;

use super::workload::columns;
use crate::analyse::{HALF, wording};
use crate::record::{
    CellRecord, ComparisonKind, GrainPoint, Granularity, Metg, ModelGranularity, Region, Run, WorkloadVerdict,
};
use crate::report::chart::{self, Axis, Chart, Curve, CurvePoint, End, Key, Lines, Table, Tile, Tiles};
use crate::report::units::Measure;
use crate::report::view::View;
use crate::report::{ReportError, text, units};

/// Where the answer flips.
pub(crate) struct Map {
    pub(crate) chart: Chart,
    /// One sentence for each range of task sizes.
    pub(crate) regions: Vec<String>,
}

/// How small tasks may become.
pub(crate) struct Overhead {
    pub(crate) charts: Vec<Chart>,
    /// The smallest task size of each model at which half of the machine still works.
    pub(crate) metg: Table,
}

/// The decision map, if the run swept the size of tasks.
pub(crate) fn map(view: &View<'_>) -> Result<Option<Map>, ReportError> {
    match &view.run.granularity {
        Some(sweep) if sweep.workloads.len() > 1 => {
            Ok(Some(Map { chart: map_chart(view, sweep)?, regions: regions(sweep) }))
        }
        _ => Ok(None),
    }
}

/// What a sweep says about the overhead of each model, if there was one.
pub(crate) fn overhead(view: &View<'_>) -> Result<Option<Overhead>, ReportError> {
    let Some(sweep) = view.run.granularity.as_ref().filter(|sweep| !sweep.models.is_empty()) else {
        return Ok(None);
    };
    Ok(Some(Overhead { charts: vec![per_task(view, sweep)?, efficiency(view, sweep)?], metg: metg(sweep) }))
}

/// From which size on which models win, in words.
pub(super) fn regions(sweep: &Granularity) -> Vec<String> {
    let last = sweep.regions.len().saturating_sub(1);
    let range = |index: usize, from: f64, to: f64| match (index, last) {
        (0, 0) => "at every size".to_owned(),
        (0, _) => format!("up to {}", units::time(to)),
        (n, last) if n == last => format!("from {} on", units::time(from)),
        _ if from == to => format!("at {}", units::time(from)),
        _ => format!("from {} to {}", units::time(from), units::time(to)),
    };
    let sentence = |(index, region): (usize, &Region)| {
        let models: Vec<String> = region.models.iter().map(|model| text::name(model)).collect();
        format!("Tasks {}: {}.", range(index, region.from_ns, region.to_ns), wording::list(&models, 4))
    };
    let mut sentences: Vec<String> = sweep.regions.iter().enumerate().map(sentence).collect();
    sentences.extend(ties(sweep));
    sentences
}

/// From which size on several models tie, if they do up to the largest.
fn ties(sweep: &Granularity) -> Option<String> {
    let mut sizes: Vec<(f64, usize)> = sweep
        .verdicts
        .iter()
        .filter_map(|answer| Some((task_ns(&sweep.cells, &answer.workload)?, answer.winners.len())))
        .collect();
    sizes.sort_by(|left, right| right.0.total_cmp(&left.0));
    let tied: Vec<_> = sizes.into_iter().take_while(|(_, winners)| *winners > 1).collect();
    let (from, _) = tied.last()?;
    let fewest = tied.iter().map(|(_, winners)| *winners).min()?;
    Some(format!("From {} on, at least {fewest} models tie, and any of them will do.", units::time(*from)))
}

/// A row of the map: a kind of work, and its squares.
struct Row {
    label: String,
    /// The task's size, and the cells, comparisons and answer at that size.
    squares: Vec<(f64, Square)>,
}

/// A square of the map: who wins by how much.
struct Square {
    workload: String,
    winners: Vec<String>,
    /// The next behind the winners, and its ratio.
    next: Option<(String, f64)>,
}

fn map_chart(view: &View<'_>, sweep: &Granularity) -> Result<Chart, ReportError> {
    let rows = rows(view, sweep);
    // The columns are the sizes of the sweep; other workloads stand in the nearest.
    let sizes: Vec<f64> = rows[0].squares.iter().map(|(size, _)| *size).collect();
    let nearest = |size: f64| {
        let apart = |index: &usize| (sizes[*index].ln() - size.ln()).abs();
        (0..sizes.len()).min_by(|a, b| apart(a).total_cmp(&apart(b))).unwrap_or(0)
    };
    let mut tiles: Vec<Tile> = Vec::new();
    let mut table =
        Table { columns: columns(&["work", "task size", "winners", "next", "behind by"]), rows: Vec::new() };
    for (row, of) in rows.iter().enumerate() {
        for (size, square) in &of.squares {
            let next = square.next.as_ref();
            let margin = next.map_or("none left".into(), |(_, ratio)| units::ratio(*ratio, None));
            let winners: Vec<String> = square.winners.iter().map(|model| text::name(model)).collect();
            table.rows.push(vec![
                of.label.clone(),
                units::time(*size),
                wording::list(&winners, usize::MAX),
                next.map_or("none".into(), |(model, _)| text::name(model)),
                margin.clone(),
            ]);
            let Some(winner) = square.winners.first() else { continue };
            let index = view.index(winner);
            let look = &view.models[index];
            let tie = square.winners.len() > 1;
            tiles.push(Tile {
                row,
                column: nearest(*size),
                ink: look.ink,
                pale: true,
                hatched: tie,
                key: Some(Key { marker: look.marker, ink: look.ink, name: text::name(winner) }),
                lines: vec![if tie { format!("tie {}", square.winners.len()) } else { margin.clone() }],
                tip: format!(
                    "{}, tasks of {}: {}{}",
                    text::name(&square.workload),
                    units::time(*size),
                    wording::list(&winners, 4),
                    next.map_or(String::new(), |(model, _)| format!(
                        "; next {} at {margin}",
                        text::name(model)
                    ))
                ),
                model: Some(index),
            });
        }
    }
    let name = "decision map".to_owned();
    let (size, body) = chart::tiles(&Tiles {
        name: name.clone(),
        rows: rows.iter().map(|row| row.label.clone()).collect(),
        columns: sizes.iter().map(|size| units::time(*size)).collect(),
        axis: "size of a task".into(),
        tiles,
    })?;
    Ok(Chart {
        slug: "map".into(),
        title: name,
        question: "Which model wins, for which tasks?".into(),
        reading: "A square has the marker of its winner, and how far behind the next one is. Hatched squares are ties: \
                  any of the winners will do."
            .into(),
        size,
        body,
        table,
    })
}

/// The sweep first, then the other workloads by the share of a task that is waiting.
fn rows(view: &View<'_>, sweep: &Granularity) -> Vec<Row> {
    let of_sweep = sweep.workloads.iter().filter_map(|work| {
        let size = task_ns(&sweep.cells, &work.name)?;
        let answer = sweep.verdicts.iter().find(|verdict| verdict.workload == work.name)?;
        Some((size, square(&sweep.cells, &sweep.comparisons, answer)))
    });
    let mut squares: Vec<_> = of_sweep.collect();
    squares.sort_by(|left, right| left.0.total_cmp(&right.0));
    let mut rows = vec![Row { label: "sweep, no waiting".into(), squares }];
    let mut others: Vec<(f64, Row)> = Vec::new();
    for work in view.run.workloads.iter().filter(|work| work.class != Class::Creation) {
        let (Some(size), Some(answer)) = (task_ns(&view.run.cells, &work.name), view.verdict(&work.name))
        else {
            continue;
        };
        let share = (work.wait_ns as f64 / size).min(1.0);
        let waiting =
            if share == 0.0 { "no waiting".into() } else { format!("{} waiting", units::percent(share)) };
        let label = format!("{}, {waiting}", text::clip(&work.name, 14));
        let square = square(&view.run.cells, &view.run.comparisons, answer);
        others.push((share, Row { label, squares: vec![(size, square)] }));
    }
    others.sort_by(|left, right| left.0.total_cmp(&right.0));
    rows.extend(others.into_iter().map(|(_, row)| row));
    rows
}

/// The time of a task when it is all there is: its share of a sequential batch.
fn task_ns(cells: &[CellRecord], workload: &str) -> Option<f64> {
    let baseline = cells.iter().find(|cell| {
        cell.workload == workload && cell.family == crate::model::Family::Baseline && !cell.twin
    })?;
    let size = baseline.summary.as_ref()?.steady.median / baseline.tasks.max(1) as f64;
    (size.is_finite() && size > 0.0).then_some(size)
}

fn square(
    cells: &[CellRecord],
    comparisons: &[crate::record::Comparison],
    answer: &WorkloadVerdict,
) -> Square {
    let model = |id: &String| cells.iter().find(|cell| cell.id == *id).map(|cell| cell.model.clone());
    let mut winners: Vec<String> = answer.winners.iter().filter_map(model).collect();
    winners.dedup();
    let behind = comparisons.iter().filter(|found| {
        found.workload == answer.workload
            && found.kind == ComparisonKind::Steady
            && !answer.winners.contains(&found.a)
    });
    let next = behind
        .min_by(|left, right| left.ratio.total_cmp(&right.ratio))
        .and_then(|found| Some((model(&found.a)?, found.ratio)));
    Square { workload: answer.workload.clone(), winners, next }
}

/// The lines of all models over the size of a task.
fn curves(
    view: &View<'_>,
    sweep: &Granularity,
    of: impl Fn(&GrainPoint) -> (f64, Option<(f64, f64)>),
    shown: impl Fn(&GrainPoint) -> String,
) -> Vec<Curve> {
    let curve = |model: &ModelGranularity| {
        let index = view.models.iter().position(|view| view.id == model.model);
        let look = &view.models[index?];
        let point = |point: &GrainPoint| {
            let (y, interval) = of(point);
            let tip =
                format!("{}, tasks of {}: {}", text::name(look.id), units::time(point.task_ns), shown(point));
            CurvePoint { x: point.task_ns, y, interval, tip }
        };
        let points: Vec<_> = model.points.iter().map(point).collect();
        let label = text::name(look.id);
        Some(Curve { model: index, ink: look.ink, marker: look.marker, label, points })
    };
    sweep.models.iter().filter_map(curve).filter(|curve| !curve.points.is_empty()).collect()
}

fn size_axis(curves: &[Curve]) -> Option<Axis> {
    let sizes = curves.iter().flat_map(|curve| &curve.points).map(|point| point.x);
    Some(Axis::log(sizes, |ns| Measure::Time.tick(ns))?.titled("size of a task, logarithmic"))
}

fn per_task(view: &View<'_>, sweep: &Granularity) -> Result<Chart, ReportError> {
    let ends = |point: &GrainPoint| (point.per_task.median, Some((point.per_task.low, point.per_task.high)));
    let curves = curves(view, sweep, ends, |point| format!("{} each", units::median_time(&point.per_task)));
    let cores = view.run.machine.cores.max(1) as f64;
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let ideal: Vec<(f64, f64)> = {
        let mut sizes: Vec<f64> = points().map(|point| point.x).collect();
        sizes.sort_by(f64::total_cmp);
        sizes.dedup();
        sizes.into_iter().map(|size| (size, size / cores)).collect()
    };
    let times = points().map(|point| point.y).chain(ideal.iter().map(|(_, time)| *time));
    let y = Axis::log(times, |ns| Measure::Time.tick(ns));
    let (Some(x), Some(y)) = (size_axis(&curves), y) else { return Ok(nothing("overhead", "time per task")) };
    let name = "time per task".to_owned();
    let (size, body) = chart::lines(Lines {
        name: &name,
        curves: &curves,
        x,
        y,
        reference: ideal,
        marks: &[],
        apart: End::First,
    })?;
    let mut table = Table {
        columns: columns(&["model", "task size", "time per task", "its interval", "efficiency"]),
        rows: Vec::new(),
    };
    for model in &sweep.models {
        for point in &model.points {
            table.rows.push(vec![
                text::name(&model.model),
                units::time(point.task_ns),
                units::median_time(&point.per_task),
                units::time_interval(&point.per_task),
                units::percent(point.efficiency),
            ]);
        }
    }
    Ok(Chart {
        slug: "overhead".into(),
        title: name,
        question: "What does a task take, with all that goes with it?".into(),
        reading: "Time of a batch over its tasks, both axes logarithmic. The dashed line is the task itself, shared out \
                  over all cores without loss; names are in the order of the smallest tasks."
            .into(),
        size,
        body,
        table,
    })
}

fn efficiency(view: &View<'_>, sweep: &Granularity) -> Result<Chart, ReportError> {
    let curves =
        curves(view, sweep, |point| (point.efficiency, None), |point| units::percent(point.efficiency));
    let Some(x) = size_axis(&curves) else { return Ok(nothing("granularity", "efficiency")) };
    let most = curves.iter().flat_map(|curve| &curve.points).map(|point| point.y).fold(1.0, f64::max);
    let y = Axis::from_zero([most], 1.0, |share| format!("{} %", units::plain(share * 100.0)));
    let sizes = chart::extent(curves.iter().flat_map(|curve| &curve.points).map(|point| point.x));
    let half = sizes.map_or(Vec::new(), |(from, to)| vec![(from, 0.5), (to, 0.5)]);
    let name = "efficiency by task size".to_owned();
    let (size, body) = chart::lines(Lines {
        name: &name,
        curves: &curves,
        x,
        y,
        reference: half,
        marks: &[],
        apart: End::First,
    })?;
    let mut table = Table { columns: columns(&["model", "task size", "efficiency"]), rows: Vec::new() };
    for model in &sweep.models {
        for point in &model.points {
            let shown = [units::time(point.task_ns), units::percent(point.efficiency)];
            table.rows.push([text::name(&model.model)].into_iter().chain(shown).collect());
        }
    }
    Ok(Chart {
        slug: "granularity".into(),
        title: name,
        question: "How small may tasks become before the machine idles?".into(),
        reading: "The share of the calibrated peak: every core doing nothing but the task. Where a line crosses one half \
                  (dashed) is its METG."
            .into(),
        size,
        body,
        table,
    })
}

/// A chart of a sweep that measured nothing.
fn nothing(slug: &str, title: &str) -> Chart {
    let size = (chart::WIDTH, 120);
    Chart {
        slug: slug.into(),
        title: title.into(),
        question: "What does a task take, with all that goes with it?".into(),
        reading: "The sweep measured no model.".into(),
        size,
        body: chart::empty(size, "no cell was measured"),
        table: Table::default(),
    }
}

/// METG(50 %) of each model, the finest first: those whose limit lies below the sweep, those inside it, and those that
/// never reach one half.
fn metg(sweep: &Granularity) -> Table {
    let mut models: Vec<_> = sweep.models.iter().map(|model| (limit(model), model)).collect();
    models.sort_by(|left, right| left.0.rank().total_cmp(&right.0.rank()));
    let row = |(limit, model): &(Limit, &ModelGranularity)| {
        let end = |end: Option<f64>| end.map_or("beyond the sweep".into(), units::time);
        let (figure, interval) = match limit {
            Limit::Below(size) => (format!("below {}", units::time(*size)), "none".into()),
            Limit::At(metg) => {
                (units::time(metg.task_ns), format!("{} to {}", end(metg.low_ns), end(metg.high_ns)))
            }
            Limit::None => ("none".into(), "none".into()),
        };
        let note =
            model.refusal.as_deref().or(model.left_out.as_deref()).map_or(String::new(), text::sentence);
        vec![text::name(&model.model), figure, interval, note]
    };
    let heads = columns(&["model", "METG(50 %)", "its interval", "remark"]);
    Table { columns: heads, rows: models.iter().map(row).collect() }
}

/// Where the METG of a model lies.
enum Limit {
    /// Below the smallest size of the sweep, in nanoseconds.
    Below(f64),
    At(Metg),
    None,
}

impl Limit {
    fn rank(&self) -> f64 {
        match self {
            Self::Below(_) => 0.0,
            Self::At(metg) => metg.task_ns,
            Self::None => f64::INFINITY,
        }
    }
}

fn limit(model: &ModelGranularity) -> Limit {
    match (&model.metg, model.points.first()) {
        (Some(metg), _) => Limit::At(*metg),
        (None, Some(smallest)) if model.points.iter().all(|point| point.efficiency >= HALF) => {
            Limit::Below(smallest.task_ns)
        }
        (None, _) => Limit::None,
    }
}

/// The regions of the answer for computing, for the verdict.
pub(super) fn by_size(run: &Run) -> Option<String> {
    let sentences = regions(run.granularity.as_ref()?);
    (!sentences.is_empty()).then(|| sentences.join(" "))
}
