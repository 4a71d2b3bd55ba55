use concbench_stats::geometric_mean;

use super::models::{also, dispatch};
use crate::batch::SheetCell;
use crate::batch::analyse::{ClassRanking, Metric, is_discontinued};
use crate::experiment::matrix::view::{Ratio, SheetView, class, family, measured, reason};
use crate::model::Dispatch;
use crate::report::text;
use crate::report::{Look, ink, key, key_of, status};
use concbench_charts::Marker;
use concbench_text::figures as units;

/// The table of models.
pub(crate) struct Ranking {
    /// The classes of work.
    pub(crate) classes: Vec<String>,
    pub(crate) workloads: Vec<String>,
    pub(crate) rows: Vec<RankRow>,
    pub(crate) families: Vec<&'static str>,
    /// The marker of each family, and its name.
    pub(crate) legend: Vec<(String, &'static str)>,
}

/// A model.
pub(crate) struct RankRow {
    /// Its index in the report.
    pub(crate) model: usize,
    pub(crate) name: String,
    /// The name in lower case, for filter and sort.
    pub(crate) key: String,
    /// What it is called elsewhere, for the filter.
    pub(crate) also: String,
    pub(crate) family: &'static str,
    /// What its figures must not be compared without knowing.
    pub(crate) mark: String,
    pub(crate) marker: String,
    pub(crate) cells: Vec<RankCell>,
    /// Classes of work without a rank, then the sum of the ranks: what the rows are ordered by.
    order: (usize, u64),
}

/// A square of the table.
pub(crate) enum RankCell {
    /// A figure.
    Figure { sort: String, figure: String, small: String, heat: &'static str, best: bool },
    /// Why there is none.
    Why { status: String, reason: String },
}

impl RankCell {
    /// Whether nothing is known to be faster.
    pub(crate) fn is_best(&self) -> bool {
        matches!(self, Self::Figure { best: true, .. })
    }
}

/// How a model did in one workload.
pub(crate) struct Standing<'a> {
    /// The fastest of its ranked cells; if none was measured, one that says why.
    pub(crate) cell: Option<&'a SheetCell>,
    pub(crate) steady: Option<Ratio>,
    pub(crate) one_off: Option<Ratio>,
    pub(crate) best: bool,
}

/// Forms the table.
pub(crate) fn ranking(view: &SheetView<'_>) -> Ranking {
    let mut rows: Vec<_> = view
        .looks
        .all()
        .iter()
        .enumerate()
        .filter(|(_, model)| {
            view.sheet.cells.iter().any(|cell| cell.ranked && !cell.twin && cell.model == model.id)
        })
        .map(|(index, model)| row(view, index, model))
        .collect();
    rows.sort_by(|a, b| a.order.cmp(&b.order).then(a.key.cmp(&b.key)));
    let mut families = Vec::new();
    let mut legend = Vec::new();
    for model in view.looks.all() {
        let name = family(model.family);
        if !families.contains(&name) {
            families.push(name);
            legend.push((key(ink(model.family), Marker::nth(0)), name));
        }
    }
    Ranking {
        classes: view.rankings.iter().map(|ranking| format!("All {}", class(ranking.class))).collect(),
        workloads: view.sheet.workloads.iter().map(|w| text::name(&w.name)).collect(),
        rows,
        families,
        legend,
    }
}

/// How a model did in a workload.
pub(crate) fn standing<'a>(view: &SheetView<'a>, workload: &str, model: &str) -> Standing<'a> {
    let cells = || view.ranked(workload).filter(|cell| cell.model == model);
    let fastest = cells()
        .filter_map(measured)
        .min_by(|a, b| a.1.steady.median.total_cmp(&b.1.steady.median))
        .map(|(cell, _)| cell);
    let cell = fastest.or_else(|| cells().next());
    let ratio = |kind| fastest.and_then(|cell| view.ratio(kind, cell));
    let best = fastest
        .is_some_and(|cell| view.verdict(workload).is_some_and(|verdict| verdict.winners.contains(&cell.id)));
    Standing { cell, steady: ratio(Metric::Steady), one_off: ratio(Metric::OneOff), best }
}

fn row(view: &SheetView<'_>, index: usize, model: &Look) -> RankRow {
    let standings: Vec<_> =
        view.sheet.workloads.iter().map(|work| standing(view, &work.name, &model.id)).collect();
    let rank = |ranking: &ClassRanking| Some(ranking.models.iter().find(|of| of.model == model.id)?.rank);
    let ranks: Vec<u64> = view.rankings.iter().filter_map(rank).collect();
    let mut cells: Vec<RankCell> = view.rankings.iter().map(|ranking| in_class(ranking, &model.id)).collect();
    cells.extend(standings.iter().map(|standing| square(view, standing)));
    cells.push(relative(view, &standings, "CPU", |cell| measured(cell)?.1.cpu.map(|cpu| cpu.median)));
    cells.push(memory(&standings));
    RankRow {
        model: index,
        name: text::name(&model.id),
        key: text::name(&model.id).to_lowercase(),
        also: also(&model.id),
        family: family(model.family),
        mark: mark(view, &model.id),
        marker: key_of(model),
        cells,
        order: (view.rankings.len() - ranks.len(), ranks.iter().sum()),
    }
}

/// That a model hands out several tasks at once, and that its library is discontinued, behind its family.
fn mark(view: &SheetView<'_>, model: &str) -> String {
    let chunked = match dispatch(view.sheet, model) {
        Dispatch::Single => "",
        Dispatch::Chunked => ", chunked",
    };
    format!("{chunked}{}", if is_discontinued(model) { ", discontinued" } else { "" })
}

/// How a model stands in a class of work: its rank, and the mean of its ratios to the model with the lowest mean.
fn in_class(ranking: &ClassRanking, model: &str) -> RankCell {
    match ranking.models.iter().find(|of| of.model == model) {
        Some(of) => RankCell::Figure {
            sort: format!("{}", of.rank as f64 + of.ratio.min(1e6) / 1e7),
            figure: Ratio { value: of.ratio, interval: Some((of.low, of.high)) }.figure(),
            small: format!("rank {} of {}", of.rank, ranking.models.len()),
            heat: heat(of.ratio),
            best: of.rank == 1,
        },
        None => {
            RankCell::Why { status: "no rank".into(), reason: "not measured in all of its workloads".into() }
        }
    }
}

fn square(view: &SheetView<'_>, standing: &Standing<'_>) -> RankCell {
    let Some(cell) = standing.cell else {
        return RankCell::Why { status: "not planned".into(), reason: String::new() };
    };
    match standing.steady {
        Some(ratio) => RankCell::Figure {
            sort: format!("{:.6}", ratio.value),
            figure: ratio.figure(),
            small: {
                let one_off = standing.one_off.map_or("no one-off".into(), |r| r.figure());
                let several = view.label(cell) != text::name(&cell.model);
                if several { format!("{one_off} @{}", cell.workers) } else { one_off }
            },
            heat: heat(ratio.value),
            best: standing.best,
        },
        None => RankCell::Why { status: status(cell.status).into(), reason: text::clip(&reason(cell), 120) },
    }
}

/// A cost as geometric mean of its ratio to the least of each workload.
fn relative(
    view: &SheetView<'_>,
    standings: &[Standing<'_>],
    what: &str,
    of: impl Fn(&SheetCell) -> Option<f64>,
) -> RankCell {
    let ratios: Vec<f64> = standings
        .iter()
        .filter_map(|standing| {
            let cell = standing.cell?;
            let least =
                view.ranked(&cell.workload).filter_map(&of).filter(|v| *v > 0.0).min_by(f64::total_cmp)?;
            Some(of(cell)? / least)
        })
        .collect();
    match geometric_mean(&ratios) {
        Some(mean) => RankCell::Figure {
            sort: format!("{mean:.6}"),
            figure: units::ratio(mean, None),
            small: format!("{} of {}", ratios.len(), standings.len()),
            heat: "",
            best: false,
        },
        None => RankCell::Why { status: "no figure".into(), reason: format!("{what} time was not recorded") },
    }
}

/// The most memory in any workload.
fn memory(standings: &[Standing<'_>]) -> RankCell {
    let peak = standings
        .iter()
        .filter_map(|standing| Some((measured(standing.cell?)?.1.peak_rss?.median, &standing.cell?.workload)))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match peak {
        Some((bytes, workload)) => RankCell::Figure {
            sort: format!("{bytes:.0}"),
            figure: units::bytes(bytes),
            small: format!("in {}", text::clip(workload, 16)),
            heat: "",
            best: false,
        },
        None => {
            let cells = standings.iter().filter_map(|standing| standing.cell);
            let why = cells.flat_map(|cell| &cell.observations).find_map(|o| o.peak_rss_reason.as_deref());
            let reason = why.map_or("memory was not recorded".into(), |why| text::clip(why, 120));
            RankCell::Why { status: "no figure".into(), reason }
        }
    }
}

/// The tint of a ratio: the nearer to the best, the stronger.
fn heat(ratio: f64) -> &'static str {
    match ratio {
        r if r < 1.02 => "h0",
        r if r < 1.15 => "h1",
        r if r < 1.5 => "h2",
        r if r < 2.5 => "h3",
        _ => "",
    }
}
