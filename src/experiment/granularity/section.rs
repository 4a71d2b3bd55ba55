//! How small tasks may become under each model.

use crate::analyse::HALF;
use crate::record::{GrainPoint, Granularity, Metg, ModelGranularity};
use crate::report::chart::{self, Axis, Chart, Curve, CurvePoint, End, Lines, Table, columns};
use crate::report::units::Measure;
use crate::report::view::View;
use crate::report::{ReportError, text, units};

/// How small tasks may become.
pub(crate) struct Overhead {
    pub(crate) charts: Vec<Chart>,
    /// The smallest task size of each model at which half of the machine still works.
    pub(crate) metg: Table,
}

/// What a sweep says about the overhead of each model, if there was one.
pub(crate) fn overhead(view: &View<'_>) -> Result<Option<Overhead>, ReportError> {
    let Some(sweep) = view.run.granularity.as_ref().filter(|sweep| !sweep.models.is_empty()) else {
        return Ok(None);
    };
    Ok(Some(Overhead { charts: vec![per_task(view, sweep)?, efficiency(view, sweep)?], metg: metg(sweep) }))
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
        Some(Curve { series: index, ink: look.ink, marker: look.marker, label, points })
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
