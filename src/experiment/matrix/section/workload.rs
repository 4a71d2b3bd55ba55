use concbench_stats::{median, sorted};
use concbench_workloads::{Class, Kernel};

use super::verdict::{listed, sentence};
use crate::batch::analyse::Metric;
use crate::batch::{ComparisonKind, Observation, SheetCell, WorkloadRecord};
use crate::experiment::matrix::view::{Ratio, SheetView};
use crate::record::Status;
use crate::report::{ReportError, Unmeasured, text};
use crate::runner::BUSY;
use concbench_charts::{Chart, Forest, ForestRow, Series, Table, columns, forest, order};
use concbench_text::figures as units;

/// A workload, with its charts.
pub(crate) struct Workload {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) does: String,
    /// What a task does, as it is written; `None` for one of its user's crate.
    pub(crate) source: Option<String>,
    pub(crate) expected: String,
    pub(crate) showed: String,
    pub(crate) charts: Vec<Chart>,
    /// Cells without a figure.
    pub(crate) without: Vec<Unmeasured>,
}

/// A section for each workload of the run.
pub(crate) fn workloads(view: &SheetView<'_>) -> Result<Vec<Workload>, ReportError> {
    view.sheet.workloads.iter().enumerate().map(|(index, work)| workload(view, index, work)).collect()
}

fn workload(view: &SheetView<'_>, index: usize, work: &WorkloadRecord) -> Result<Workload, ReportError> {
    let mut charts = vec![ratios(view, work)?];
    charts.extend(distance(view, work)?);
    charts.push(observations(view, work)?);
    for chart in &mut charts {
        // Names of workloads may differ only in what a file name cannot hold.
        chart.slug = format!("{}-{}-{}", index + 1, text::slug(&work.name), chart.slug);
    }
    Ok(Workload {
        id: format!("workload-{}", index + 1),
        name: text::name(&work.name),
        does: does(work),
        source: work.kernel.as_ref().map(Kernel::source),
        expected: expected(view, work),
        showed: showed(view, work),
        charts,
        without: without(view, work),
    })
}

fn without(view: &SheetView<'_>, work: &WorkloadRecord) -> Vec<Unmeasured> {
    let cells = view.cells(&work.name).iter().filter(|cell| cell.status != Status::Ok);
    let without = cells.map(|cell| {
        let (reason, tail) = (cell.reason.as_deref(), cell.stderr_tail.as_deref());
        Unmeasured::new(&cell_name(cell), cell.status, reason, tail)
    });
    without.collect()
}

fn cell_name(cell: &SheetCell) -> String {
    let twin = if cell.twin { " (twin)" } else { "" };
    format!("{} with {}{twin}", text::name(&cell.model), text::plural(cell.workers, "worker"))
}

/// What a task does, with its parameters.
fn does(work: &WorkloadRecord) -> String {
    let us = |us: u64| units::time(us as f64 * 1000.0);
    let task = match &work.kernel {
        None => "Defined in a crate of its user".to_owned(),
        Some(Kernel::Noop(_)) => "Returns its index".into(),
        Some(Kernel::Factorial(factorial)) => format!("Multiplies 1 to {} into one big integer", factorial.n),
        Some(Kernel::Count(count)) => format!("Counts to {} and allocates nothing", count.n),
        Some(Kernel::Sleep(sleep)) => format!("Waits for {}", us(sleep.wait_us)),
        Some(Kernel::Http(http)) => format!(
            "Sends {} over one connection to a server that answers after {}{}",
            text::plural(http.requests, "request"),
            us(http.delay_us),
            match http.delay_tail {
                None => String::new(),
                Some(shape) => format!(" in the mean, with a heavy tail (Pareto, shape {shape})"),
            }
        ),
        Some(Kernel::LogCount(log)) => {
            format!(
                "Reads an access log of {} and counts its requests and addresses",
                text::plural(log.lines, "line")
            )
        }
        Some(Kernel::Grayscale(picture)) => {
            format!("Reads a picture of {0} by {0} pixels, turns it grey and encodes it again", picture.side)
        }
        Some(Kernel::Mixed(mixed)) => format!("Computes, waits for {}, computes again", us(mixed.wait_us)),
    };
    format!(
        "{task}. A batch is {}. {}",
        text::plural(work.tasks, "task"),
        text::sentence(&work.why_this_size)
    )
}

/// What theory says, and the line of the definition.
fn expected(view: &SheetView<'_>, work: &WorkloadRecord) -> String {
    let cores = view.sheet.cores;
    let theory = match work.class {
        Class::Cpu => format!(
            "Work that only computes cannot take less than the sequential time over {}, whatever the model.",
            text::plural(cores, "core")
        ),
        Class::Io => "Tasks that only wait need no core: the batch can be as short as the longest wait, if all tasks wait at once.".into(),
        Class::Mixed => "Cores limit the computing, not the waiting: a model wins that keeps the cores busy while tasks wait.".into(),
        Class::Creation => "There is no work, so the time is what a model takes to create, run and collect a task.".into(),
    };
    format!("{} {theory}", text::sentence(&work.teaches))
}

fn showed(view: &SheetView<'_>, work: &WorkloadRecord) -> String {
    let mut showed = sentence(view, &work.name);
    if let Some(verdict) = view.verdict(&work.name)
        && !verdict.one_off_winners.is_empty()
        && verdict.one_off_winners != verdict.winners
    {
        let names: Vec<_> = verdict.one_off_winners.iter().map(|id| view.label_of(id)).collect();
        showed += &format!(" As a one-off job, start and stop included: {}.", listed(&names));
    }
    showed + &target(view, work).map_or_else(String::new, |said| format!(" {said}"))
}

/// How busy the target was that the tasks asked, and what it limited; `None` where they asked none of concbench's.
fn target(view: &SheetView<'_>, work: &WorkloadRecord) -> Option<String> {
    let busy = |cell: &&SheetCell| {
        let shares: Vec<f64> = cell.observations.iter().filter_map(Observation::target_busy).collect();
        Some((view.label(cell), median(&sorted(&shares))?))
    };
    busy_target(view.cells(&work.name).iter().filter_map(busy).collect())
}

/// The same of cells with the share of the time in which their target computed.
fn busy_target(cells: Vec<(String, f64)>) -> Option<String> {
    let shares = sorted(&cells.iter().map(|(_, share)| *share).collect::<Vec<_>>());
    let range = format!("{} to {}", units::percent(*shares.first()?), units::percent(*shares.last()?));
    let limited: Vec<String> =
        cells.into_iter().filter(|(_, share)| *share > BUSY).map(|(label, _)| label).collect();
    let limits = match limited.is_empty() {
        true => String::new(),
        false => format!("; beside {} it is the target that limits, and not the model", listed(&limited)),
    };
    Some(format!("The target that they ask computed {range} of the time{limits}."))
}

fn ratios(view: &SheetView<'_>, work: &WorkloadRecord) -> Result<Chart, ReportError> {
    let winners = view.verdict(&work.name).map_or(&[][..], |verdict| &verdict.winners);
    let margin = view.sheet.comparisons.iter().find(|c| c.workload == work.name).map(|c| c.margin);
    let mut rows = Vec::new();
    let mut table = Table {
        columns: columns(&[
            "cell",
            "steady time of a batch",
            "its interval",
            "ratio to the best",
            "its interval",
            "ratio to sequential",
            "its interval",
            "one-off",
            "blocks",
            "could have seen",
            "verdict",
        ]),
        rows: Vec::new(),
    };
    for (cell, summary) in view.measured(&work.name) {
        let Some(ratio) = view.ratio(Metric::Steady, cell) else {
            continue;
        };
        let look = view.look(cell);
        let steady = summary.steady;
        let figure = ratio.figure();
        let interval = ratio.range();
        let time = units::median_time(&steady);
        let comparison = view.comparison(ComparisonKind::Steady, &cell.id);
        let verdict = comparison
            .map_or(if winners.contains(&cell.id) { "best" } else { "not compared" }, |c| word(c.verdict));
        rows.push(ForestRow {
            label: view.label(cell),
            series: view.index(&cell.model),
            ink: look.ink,
            marker: look.marker,
            ratio,
            figure: if ratio.interval.is_some() { format!("{figure} {interval}") } else { figure.clone() },
            tip: format!("{}: {figure} the best ({interval}), {time} a batch", view.label(cell)),
            best: winners.contains(&cell.id),
        });
        let gain = view
            .comparison(ComparisonKind::Baseline, &cell.id)
            .map(|of| Ratio { value: of.ratio, interval: Some((of.low, of.high)) });
        table.rows.push(vec![
            view.label(cell),
            time,
            units::time_interval(&steady),
            figure,
            interval,
            gain.map_or_else(String::new, |ratio| ratio.figure()),
            gain.map_or_else(String::new, |ratio| ratio.range()),
            units::median_time(&summary.one_off),
            steady.count.to_string(),
            comparison.and_then(|of| of.smallest_effect).map_or_else(String::new, units::percent),
            verdict.into(),
        ]);
    }
    let name = format!("{}: time relative to the best", text::name(&work.name));
    let (size, body) = forest(&Forest {
        name: name.clone(),
        axis: "time over that of the best, logarithmic".into(),
        margin,
        rows,
    })?;
    Ok(Chart {
        slug: "ratio".into(),
        title: name,
        question: format!("How far behind the best is each model in {}?", text::name(&work.name)),
        reading: format!(
            "Ratio of steady times with its {}interval; further right is slower. Inside the band, differences do not count.",
            confidence(view, work)
        ),
        size,
        body,
        table,
    })
}

/// The confidence of the intervals of a workload: `95 % `, or nothing if there is none.
fn confidence(view: &SheetView<'_>, work: &WorkloadRecord) -> String {
    let of =
        view.sheet.comparisons.iter().find(|c| c.workload == work.name && c.kind == ComparisonKind::Steady);
    // A single block gives no interval, and nothing to be confident of.
    let known = of.filter(|c| c.confidence > 0.0);
    known.map_or_else(String::new, |c| format!("{:.0} % ", c.confidence * 100.0))
}

/// A verdict, as it is read.
pub(crate) fn word(verdict: crate::batch::Verdict) -> &'static str {
    use crate::batch::Verdict::{Different, Equivalent, Indicative, Slight, Timers, Unresolved};
    match verdict {
        Different => "slower",
        Slight => "slightly slower",
        Timers => "as far behind as its timer",
        Equivalent => "equivalent to the best",
        Unresolved => "unresolved",
        Indicative => "seems slower",
    }
}

fn distance(view: &SheetView<'_>, work: &WorkloadRecord) -> Result<Option<Chart>, ReportError> {
    let mut rows = Vec::new();
    let mut table = Table {
        columns: columns(&["cell", "steady time of a batch", "least possible", "distance"]),
        rows: Vec::new(),
    };
    for (cell, summary) in view.measured(&work.name) {
        let (Some(distance), Some(ideal)) = (summary.distance, cell.ideal_ns) else {
            continue;
        };
        let look = view.look(cell);
        let steady = summary.steady;
        let ideal = ideal as f64;
        let interval = (ideal > 0.0).then(|| (steady.low / ideal, steady.high / ideal));
        let ratio = Ratio { value: distance, interval };
        let figure = ratio.figure();
        let (time, least) = (units::median_time(&steady), units::time(ideal));
        rows.push(ForestRow {
            label: view.label(cell),
            series: view.index(&cell.model),
            ink: look.ink,
            marker: look.marker,
            ratio,
            figure: format!("{figure} of {least}"),
            tip: format!("{}: {time}, {figure} the least possible ({least})", view.label(cell)),
            best: false,
        });
        table.rows.push(vec![view.label(cell), time, least, figure]);
    }
    if rows.is_empty() {
        return Ok(None);
    }
    let name = format!("{}: distance from ideal", text::name(&work.name));
    let (size, body) = forest(&Forest {
        name: name.clone(),
        axis: "time over the least possible, logarithmic".into(),
        margin: None,
        rows,
    })?;
    Ok(Some(Chart {
        slug: "ideal".into(),
        title: name,
        question: "How close does each come to what is possible?".into(),
        reading: "Steady time over the least that this work can take with these workers on these cores; 1x is perfect.".into(),
        size,
        body,
        table,
    }))
}

fn observations(view: &SheetView<'_>, work: &WorkloadRecord) -> Result<Chart, ReportError> {
    let widest = view.cells(&work.name).iter().flat_map(|c| &c.observations).map(|o| o.position).max();
    let positions = f64::from(widest.unwrap_or(0)) + 1.0;
    let mut series = Vec::new();
    let mut blocks: Vec<u32> = Vec::new();
    let mut per_cell = Vec::new();
    for cell in view.ranked(&work.name) {
        let times: Vec<_> =
            cell.observations.iter().filter_map(|o| Some((o, Metric::Steady.of(o)?))).collect();
        let Some(centre) = median(&sorted(&times.iter().map(|(_, time)| *time).collect::<Vec<_>>())) else {
            continue;
        };
        let look = view.look(cell);
        series.push(Series {
            series: view.index(&cell.model),
            ink: look.ink,
            marker: look.marker,
            points: times
                .iter()
                .map(|(o, time)| {
                    // A block fills the room around its number.
                    let within = (f64::from(o.position) + 0.5) / positions - 0.5;
                    let when = f64::from(text::block(o.block)) + within;
                    let tip = format!(
                        "{}, block {}: {}",
                        text::clip(&view.label(cell), 24),
                        text::block(o.block),
                        units::time(*time)
                    );
                    (when, time / centre, tip)
                })
                .collect(),
        });
        blocks.extend(times.iter().map(|(o, _)| o.block));
        per_cell.push((view.label(cell), times));
    }
    blocks.sort_unstable();
    blocks.dedup();
    let heads = blocks.iter().map(|block| format!("block {}", text::block(*block)));
    let table = Table {
        columns: ["cell".to_owned()].into_iter().chain(heads).collect(),
        rows: per_cell
            .into_iter()
            .map(|(label, times)| {
                let of = |block: &u32| times.iter().find(|(o, _)| o.block == *block);
                let times =
                    blocks.iter().map(|b| of(b).map_or("none".into(), |(_, time)| units::time(*time)));
                [label].into_iter().chain(times).collect()
            })
            .collect(),
    };
    let name = format!("{}: observations in run order", text::name(&work.name));
    let (size, body) = order(&name, view.sheet.blocks, &series)?;
    Ok(Chart {
        slug: "order".into(),
        title: name,
        question: "Did the figures drift while they were taken?".into(),
        reading: "Every observation against the median of its cell, in the order of measuring. Arrows mark points beyond the edge.".into(),
        size,
        body,
        table,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_that_computes_most_of_the_time_is_named_as_the_limit() {
        let of = |cells: &[(&str, f64)]| {
            busy_target(cells.iter().map(|&(label, share)| (label.to_owned(), share)).collect())
        };
        assert_eq!(of(&[]), None, "nobody asked one of ours");
        let idle = of(&[("a", 0.7), ("b", 0.12)]).unwrap();
        assert_eq!(idle, "The target that they ask computed 12 % to 70 % of the time.");
        let busy = of(&[("a", 0.71), ("b", 0.12)]).unwrap();
        assert!(busy.contains("beside a it is the target that limits"), "{busy}");
    }
}
