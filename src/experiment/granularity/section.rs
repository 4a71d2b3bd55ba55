//! How small tasks may become under each model.

use concbench_charts::{self as charts, Axis, Chart, Curve, CurvePoint, End, Lines, Table, columns};
use concbench_text::figures::{self as units, Measure};

use super::findings::{Findings, Metg, ModelGranularity, Peak, Point};
use super::metg::HALF;
use super::{Granularity, analyse, map};
use crate::experiment::{Experiment, RecordOf, View};
use crate::record::Status;
use crate::report::{Element, ReportError, Section, TextTable, Unmeasured, text};

/// The section.
pub(super) fn section(record: &RecordOf<Granularity>, view: &View<'_>) -> Result<Section, ReportError> {
    let sheet = analyse::sheet(record, view);
    let found = &record.findings;
    let metg = metg(found);
    let charts = vec![per_task(view, found)?, efficiency(view, found)?];
    let title = "How small a task may be under each model".to_owned();
    let mut section = Section::new(Granularity::ID, "Granularity", "How small may tasks become?");
    section.findings.extend(map::finding(&sheet, found));
    section.body = vec![
        Element::Note(
            "Tasks that only count, of many sizes. METG(50 %) is what a task takes a core, with all that goes with it, where \
             a model still reaches half of the peak: half of that is the task. Smaller tasks are better put together \
             before they are handed over."
                .to_owned(),
        ),
        Element::Note(
            peak_note(found),
        ),
        Element::Charts(charts),
        Element::Table(title, metg.clone()),
        Element::Charts(map::chart(&sheet, view)?.into_iter().collect()),
        Element::Without(record.cells.iter().filter(|cell| cell.status != Status::Ok).map(Unmeasured::of).collect()),
    ];
    let title = Granularity::ID.to_owned();
    section.tables.push(TextTable { title, sentences: Vec::new(), table: metg });
    Ok(section)
}

/// What efficiencies are shares of.
fn peak_note(found: &Findings) -> String {
    let one_core = found
        .models
        .iter()
        .filter(|model| is_of_one_core(found, model))
        .map(|model| text::name(&model.model));
    let one_core: Vec<String> = one_core.collect();
    let alone = match one_core.as_slice() {
        [] => String::new(),
        models => format!(" Of one core only, and so labelled: {}.", text::list(models, usize::MAX)),
    };
    match &found.peak {
        Some(Peak { model, size, .. }) => format!(
            "The peak is the most that any model reached on all cores: {} with tasks of {}.{alone}",
            text::name(model),
            text::name(size)
        ),
        None => format!("No model that uses all cores was measured, so that their peak is not known.{alone}"),
    }
}

/// Whether a model uses one core where others use more.
fn is_of_one_core(found: &Findings, model: &ModelGranularity) -> bool {
    model.cores == 1 && found.models.iter().any(|other| other.cores > 1)
}

/// The name of a model, and that it uses one core only.
fn label(found: &Findings, model: &ModelGranularity) -> String {
    let only = if is_of_one_core(found, model) { " (one core)" } else { "" };
    format!("{}{only}", text::name(&model.model))
}

/// The lines of all models over the size of a task.
fn curves(
    view: &View<'_>,
    found: &Findings,
    of: impl Fn(&Point) -> Option<(f64, Option<(f64, f64)>)>,
    shown: impl Fn(&Point) -> String,
) -> Vec<Curve> {
    let curve = |model: &ModelGranularity| {
        let look = view.looks.of(&model.model)?;
        let point = |point: &Point| {
            let (y, interval) = of(point)?;
            let tip = format!(
                "{}, tasks of {}: {}",
                text::name(&look.id),
                units::time(point.task_ns),
                shown(point)
            );
            Some(CurvePoint { x: point.task_ns, y, interval, tip })
        };
        let points: Vec<_> = model.points.iter().filter_map(point).collect();
        let label = label(found, model);
        Some(Curve { series: view.looks.index(&look.id), ink: look.ink, marker: look.marker, label, points })
    };
    found.models.iter().filter_map(curve).filter(|curve| !curve.points.is_empty()).collect()
}

fn size_axis(curves: &[Curve]) -> Option<Axis> {
    let sizes = curves.iter().flat_map(|curve| &curve.points).map(|point| point.x);
    Some(Axis::log(sizes, |ns| Measure::Time.tick(ns))?.titled("size of a task, logarithmic"))
}

fn per_task(view: &View<'_>, found: &Findings) -> Result<Chart, ReportError> {
    let ends = |point: &Point| Some((point.per_task.median, Some((point.per_task.low, point.per_task.high))));
    let curves = curves(view, found, ends, |point| format!("{} each", units::median_time(&point.per_task)));
    let cores = view.record.machine.cores.max(1) as f64;
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
    let (size, body) = charts::lines(Lines {
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
    for model in &found.models {
        for point in &model.points {
            table.rows.push(vec![
                label(found, model),
                units::time(point.task_ns),
                units::median_time(&point.per_task),
                units::time_interval(&point.per_task),
                share(point),
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

fn efficiency(view: &View<'_>, found: &Findings) -> Result<Chart, ReportError> {
    let curves = curves(view, found, |point| Some((point.efficiency?, None)), share);
    let Some(x) = size_axis(&curves) else { return Ok(nothing("granularity", "efficiency")) };
    let most = curves.iter().flat_map(|curve| &curve.points).map(|point| point.y).fold(1.0, f64::max);
    let y = Axis::from_zero([most], 1.0, |share| format!("{} %", units::plain(share * 100.0)));
    let sizes = charts::extent(curves.iter().flat_map(|curve| &curve.points).map(|point| point.x));
    let half = sizes.map_or(Vec::new(), |(from, to)| vec![(from, 0.5), (to, 0.5)]);
    let name = "efficiency by task size".to_owned();
    let (size, body) = charts::lines(Lines {
        name: &name,
        curves: &curves,
        x,
        y,
        reference: half,
        marks: &[],
        apart: End::First,
    })?;
    let mut table =
        Table { columns: columns(&["model", "task size", "granularity", "efficiency"]), rows: Vec::new() };
    for model in &found.models {
        for point in &model.points {
            let shown = [units::time(point.task_ns), units::time(point.granularity_ns), share(point)];
            table.rows.push([label(found, model)].into_iter().chain(shown).collect());
        }
    }
    Ok(Chart {
        slug: "granularity".into(),
        title: name,
        question: "How small may tasks become before the machine idles?".into(),
        reading: "The share of the peak of the cores that a model uses. Where a line crosses one half (dashed), what a \
                  task takes, with all that goes with it, is its METG: twice the size there."
            .into(),
        size,
        body,
        table,
    })
}

fn share(point: &Point) -> String {
    point.efficiency.map_or("unknown".into(), units::percent)
}

/// A chart of a sweep that measured nothing.
fn nothing(slug: &str, title: &str) -> Chart {
    let (size, body) = charts::nothing("no cell was measured");
    Chart {
        slug: slug.into(),
        title: title.into(),
        question: "What does a task take, with all that goes with it?".into(),
        reading: "The sweep measured no model.".into(),
        size,
        body,
        table: Table::default(),
    }
}

/// METG(50 %) of each model, the finest first: those whose limit lies below the sweep, those inside it, and those that
/// never reach one half.
fn metg(found: &Findings) -> Table {
    let mut models: Vec<_> = found.models.iter().map(|model| (limit(model), model)).collect();
    models.sort_by(|left, right| left.0.rank().total_cmp(&right.0.rank()));
    let row = |(limit, model): &(Limit, &ModelGranularity)| {
        let end = |end: Option<f64>| end.map_or("beyond the sweep".into(), units::time);
        let (figure, interval) = match limit {
            Limit::Below(size) => (format!("below {}", units::time(*size)), "none".into()),
            Limit::At(metg) => {
                (units::time(metg.granularity_ns), format!("{} to {}", end(metg.low_ns), end(metg.high_ns)))
            }
            Limit::None => ("none".into(), "none".into()),
        };
        let note =
            model.refusal.as_deref().or(model.left_out.as_deref()).map_or(String::new(), text::sentence);
        vec![label(found, model), figure, interval, note]
    };
    let heads = columns(&["model", "METG(50 %)", "its interval", "remark"]);
    Table { columns: heads, rows: models.iter().map(row).collect() }
}

/// Where the METG of a model lies.
enum Limit {
    /// Below what the smallest tasks of the sweep take, in nanoseconds.
    Below(f64),
    At(Metg),
    None,
}

impl Limit {
    fn rank(&self) -> f64 {
        match self {
            Self::Below(_) => 0.0,
            Self::At(metg) => metg.granularity_ns,
            Self::None => f64::INFINITY,
        }
    }
}

fn limit(model: &ModelGranularity) -> Limit {
    match (&model.metg, model.points.first()) {
        (Some(metg), _) => Limit::At(*metg),
        (None, Some(smallest)) if model.points.iter().all(|point| point.efficiency >= Some(HALF)) => {
            Limit::Below(smallest.granularity_ns)
        }
        (None, _) => Limit::None,
    }
}
