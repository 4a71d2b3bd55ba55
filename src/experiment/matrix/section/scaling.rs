use crate::batch::WorkloadRecord;
use crate::batch::analyse::{FEWEST_POINTS, Ranged, Scaling as Laws, ScalingPoint, scaling_of};
use crate::experiment::matrix::view::{SheetView, measured};
use crate::report::Look;
use crate::report::{ReportError, text};
use concbench_charts::{self, Axis, Chart, Curve, CurvePoint, End, Lines, Table, columns, counts_axis};
use concbench_text::figures as units;

/// How models grow with their workers.
pub(crate) struct Scaling {
    pub(crate) charts: Vec<Chart>,
    /// What is known of models with fewer numbers of workers than make a curve.
    pub(crate) sentences: Vec<String>,
    /// A table of laws for each workload, with its title.
    pub(crate) laws: Vec<(String, Table)>,
}

/// A workload whose models were measured with several numbers of workers.
struct Work<'a> {
    index: usize,
    record: &'a WorkloadRecord,
    /// Those whose numbers of workers make a curve.
    models: Vec<(usize, Laws)>,
    /// The others.
    few: Vec<(usize, Laws)>,
}

impl Work<'_> {
    fn points(&self) -> impl Iterator<Item = (&ScalingPoint, Ranged)> {
        self.models
            .iter()
            .flat_map(|(_, laws)| &laws.points)
            .filter_map(|point| Some((point, point.speedup?)))
    }
}

/// A pair of charts, and the laws, for each workload that has several numbers of workers.
pub(crate) fn scaling(view: &SheetView<'_>) -> Result<Scaling, ReportError> {
    let works: Vec<_> =
        view.sheet.workloads.iter().enumerate().filter_map(|(i, work)| of(view, i, work)).collect();
    let sentences = works.iter().flat_map(|work| sentences(view, work)).collect();
    let drawn = || works.iter().filter(|work| !work.models.is_empty());
    let mut charts = Vec::new();
    for work in drawn() {
        // Waiting scales far beyond the cores, so only workloads of one class share their axes.
        let class = works.iter().filter(|other| other.record.class == work.record.class);
        let start = (view.machine.cores as f64, 1.0);
        let most = class.flat_map(Work::points).fold(start, |(workers, speed), (point, speedup)| {
            let high = speedup.high.filter(|high| high.is_finite()).unwrap_or(speedup.estimate);
            (f64::max(workers, point.workers as f64), f64::max(speed, high))
        });
        charts.push(speed_up(view, work, most)?);
        charts.push(efficiency(view, work, most.0)?);
    }
    let laws = drawn().map(|work| laws(view, work)).collect();
    Ok(Scaling { charts, sentences, laws })
}

fn of<'a>(view: &SheetView<'a>, index: usize, record: &'a WorkloadRecord) -> Option<Work<'a>> {
    let workers = |model: &Look| {
        let cells = view.cells(&record.name).iter().filter(|cell| cell.model == model.id && !cell.twin);
        let mut workers: Vec<u64> =
            cells.filter_map(|cell| measured(cell)).map(|(cell, _)| cell.workers).collect();
        workers.sort_unstable();
        workers.dedup();
        workers.len()
    };
    let several = view.looks.all().iter().enumerate().filter(|(_, model)| workers(model) > 1);
    let (models, few): (Vec<_>, Vec<_>) = several
        .map(|(index, model)| (index, scaling_of(view.sheet, &record.name, &model.id)))
        .filter(|(_, laws)| laws.points.iter().any(|point| point.speedup.is_some()))
        .partition(|(_, laws)| laws.points.len() >= FEWEST_POINTS);
    (!models.is_empty() || !few.is_empty()).then_some(Work { index, record, models, few })
}

/// A sentence for each model of which too few numbers of workers were measured to draw a curve.
fn sentences(view: &SheetView<'_>, work: &Work<'_>) -> Vec<String> {
    let sentence = |(model, laws): &(usize, Laws)| {
        let point = |point: &ScalingPoint| {
            let workers = text::plural(point.workers, "worker");
            Some(format!("{} with {workers}", units::ratio(point.speedup?.estimate, None)))
        };
        let points: Vec<String> = laws.points.iter().filter_map(point).collect();
        format!(
            "{}: against sequential, {} is at {}; too few numbers of workers for a curve.",
            text::name(&work.record.name),
            text::name(&view.looks.all()[*model].id),
            points.join(", and ")
        )
    };
    work.few.iter().map(sentence).collect()
}

/// The numbers of workers from which more cannot help computing.
fn limits(view: &SheetView<'_>) -> Vec<(f64, String)> {
    let machine = view.machine;
    let mut limits = vec![(machine.cores as f64, text::plural(machine.cores, "core"))];
    if machine.smt == Some(true)
        && let Some(physical) = machine.physical_cores
        && physical < machine.cores
    {
        limits.push((physical as f64, format!("{physical} physical")));
    }
    if let Some(quota) = machine.quota_cores
        && quota < machine.cores as f64
    {
        limits.push((quota, format!("quota {quota}")));
    }
    limits
}

/// What perfect scaling would give, as a line that ends where the plot does.
fn ideal((workers, most): (f64, f64), of: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
    let steps = (0..=64).map(|step| workers * f64::from(step) / 64.0);
    steps.map(|n| (n, of(n))).filter(|(_, value)| *value <= most * 1.04).collect()
}

fn speed_up(view: &SheetView<'_>, work: &Work<'_>, most: (f64, f64)) -> Result<Chart, ReportError> {
    let name = format!("{}: speed-up", text::name(&work.record.name));
    let value = |point: &ScalingPoint| point.speedup;
    let curves = curves(view, work, value);
    let (size, body) = concbench_charts::lines(Lines {
        name: &name,
        x: counts_axis("workers", &curves, most.0),
        curves: &curves,
        y: Axis::from_zero([most.1], 1.0, |value| format!("{}x", units::plain(value))),
        reference: ideal(most, |workers| workers),
        marks: &limits(view),
        apart: End::Last,
    })?;
    Ok(Chart {
        slug: format!("{}-{}-speedup", work.index + 1, text::slug(&work.record.name)),
        question: format!("How much faster does {} get with more workers?", text::name(&work.record.name)),
        title: name,
        reading: "Speed-up against sequential over the number of workers, both linear.".into(),
        size,
        body,
        table: table(view, work, "speed-up", value, |value| units::ratio(value, None)),
    })
}

fn efficiency(view: &SheetView<'_>, work: &Work<'_>, workers: f64) -> Result<Chart, ReportError> {
    let name = format!("{}: efficiency", text::name(&work.record.name));
    let value = |point: &ScalingPoint| {
        let workers = point.workers as f64;
        let part = |end: Option<f64>| end.map(|end| end / workers);
        point.speedup.map(|s| Ranged { estimate: s.estimate / workers, low: part(s.low), high: part(s.high) })
    };
    let curves = curves(view, work, value);
    let most = curves.iter().flat_map(|curve| &curve.points).map(|point| point.y).fold(1.0, f64::max);
    let (size, body) = concbench_charts::lines(Lines {
        name: &name,
        x: counts_axis("workers", &curves, workers),
        curves: &curves,
        y: Axis::from_zero([most], 1.0, |value| format!("{} %", units::plain(value * 100.0))),
        reference: ideal((workers, 1.0), |_| 1.0),
        marks: &limits(view),
        apart: End::Last,
    })?;
    Ok(Chart {
        slug: format!("{}-{}-efficiency", work.index + 1, text::slug(&work.record.name)),
        question: format!("How much of each worker does {} use?", text::name(&work.record.name)),
        title: name,
        reading: "Speed-up over workers: at 100 % no worker is wasted.".into(),
        size,
        body,
        table: table(view, work, "efficiency", value, units::percent),
    })
}

fn curves(view: &SheetView<'_>, work: &Work<'_>, of: impl Fn(&ScalingPoint) -> Option<Ranged>) -> Vec<Curve> {
    let curve = |(model, laws): &(usize, Laws)| {
        let look = &view.looks.all()[*model];
        let label = text::name(&look.id);
        let point = |point: &ScalingPoint| {
            let (value, speedup) = (of(point)?, point.speedup?);
            let workers = text::plural(point.workers, "worker");
            Some(CurvePoint {
                x: point.workers as f64,
                y: value.estimate,
                interval: value.low.zip(value.high),
                tip: format!(
                    "{label} with {workers}: {} as fast as sequential",
                    units::ratio(speedup.estimate, None)
                ),
            })
        };
        let points = laws.points.iter().filter_map(point).collect();
        Curve { series: Some(*model), ink: look.ink, marker: look.marker, label: label.clone(), points }
    };
    work.models.iter().map(curve).collect()
}

fn table(
    view: &SheetView<'_>,
    work: &Work<'_>,
    what: &str,
    of: impl Fn(&ScalingPoint) -> Option<Ranged>,
    show: impl Fn(f64) -> String,
) -> Table {
    let mut rows = Vec::new();
    for (model, laws) in &work.models {
        for point in &laws.points {
            let shown = |value: Option<f64>| value.map_or("none".into(), &show);
            let value = of(point);
            rows.push(vec![
                text::name(&view.looks.all()[*model].id),
                point.workers.to_string(),
                shown(value.map(|value| value.estimate)),
                shown(value.and_then(|value| value.low)),
                shown(value.and_then(|value| value.high)),
                point
                    .own_speedup
                    .map_or("none".into(), |own| units::ratio(own.estimate, own.low.zip(own.high))),
                point.karp_flatt.map_or("none".into(), units::percent),
            ]);
        }
    }
    let heads =
        ["model", "workers", what, "at least", "at most", "against its own single worker", "Karp-Flatt"];
    Table { columns: columns(&heads), rows }
}

/// What the laws of scaling say about each model, or why none was fitted.
fn laws(view: &SheetView<'_>, work: &Work<'_>) -> (String, Table) {
    let ranged = |value: &Ranged, show: &dyn Fn(f64) -> String| match value.low.zip(value.high) {
        Some((low, high)) => format!("{} [{}, {}]", show(value.estimate), show(low), show(high)),
        None => show(value.estimate),
    };
    let row = |(model, laws): &(usize, Laws)| {
        let percent = |value: &Ranged| ranged(value, &units::percent);
        let amdahl = laws.amdahl.as_ref().map_or_else(|refusal| format!("none: {refusal}"), percent);
        let usl = match &laws.usl {
            Ok(usl) => format!(
                "contention {}, coherence {}, {}",
                percent(&usl.sigma),
                percent(&usl.kappa),
                usl.peak_workers.map_or("no peak".into(), |n| format!("peak at {n:.0} workers"))
            ),
            Err(refusal) => format!("none: {refusal}"),
        };
        vec![text::name(&view.looks.all()[*model].id), amdahl, usl]
    };
    let columns = columns(&["model", "serial share (Amdahl)", "universal scalability law"]);
    let title = format!("{}: laws of scaling", text::name(&work.record.name));
    (title, Table { columns, rows: work.models.iter().map(row).collect() })
}
