//! A sheet, indexed for the sections of a report: cells with their ratios.

use std::collections::BTreeMap;

use concbench_workloads::Class;

use crate::model::Family;

use crate::batch::analyse::{ClassRanking, Metric};
use crate::batch::{CellSummary, Comparison, ComparisonKind, Sheet, SheetCell, WorkloadVerdict};
use crate::record::{Machine, Status};
use crate::report::{Look, Looks, text};
pub(crate) use concbench_text::figures::Ratio;

/// A sheet with its indexes.
pub(crate) struct SheetView<'a> {
    /// The sheet.
    pub(crate) sheet: &'a Sheet,
    /// How models look.
    pub(crate) looks: &'a Looks,
    /// Where it was measured.
    pub(crate) machine: &'a Machine,
    /// How the models stand in each class of work.
    pub(crate) rankings: &'a [ClassRanking],
    cells: BTreeMap<&'a str, Vec<&'a SheetCell>>,
    comparisons: BTreeMap<(ComparisonKind, &'a str), &'a Comparison>,
}

impl<'a> SheetView<'a> {
    /// Indexes a sheet.
    pub(crate) fn new(sheet: &'a Sheet, looks: &'a Looks, machine: &'a Machine) -> Self {
        let mut cells: BTreeMap<&str, Vec<&SheetCell>> = BTreeMap::new();
        for cell in &sheet.cells {
            cells.entry(&cell.workload).or_default().push(cell);
        }
        let comparisons = sheet.comparisons.iter().map(|c| ((c.kind, c.a.as_str()), c)).collect();
        Self { sheet, looks, machine, rankings: &sheet.rankings, cells, comparisons }
    }

    /// The number of a model, by which charts and rows of one page find each other.
    pub(crate) fn index(&self, model: &str) -> Option<usize> {
        self.looks.index(model)
    }

    /// The look of a cell's model.
    pub(crate) fn look(&self, cell: &SheetCell) -> &'a Look {
        self.looks.of(&cell.model).expect("every model of a record has a look")
    }

    /// All cells of a workload, twins and scaling cells included.
    pub(crate) fn cells(&self, workload: &str) -> &[&'a SheetCell] {
        self.cells.get(workload).map_or(&[], Vec::as_slice)
    }

    /// The cells of a workload that stand in the ranking.
    pub(crate) fn ranked(&self, workload: &str) -> impl Iterator<Item = &'a SheetCell> {
        self.cells(workload).iter().copied().filter(|cell| cell.ranked && !cell.twin)
    }

    /// The ranked cells of a workload that were measured, the fastest first.
    pub(crate) fn measured(&self, workload: &str) -> Vec<(&'a SheetCell, &'a CellSummary)> {
        let mut cells: Vec<_> = self.ranked(workload).filter_map(measured).collect();
        cells.sort_by(|a, b| {
            a.1.steady.median.total_cmp(&b.1.steady.median).then_with(|| a.0.id.cmp(&b.0.id))
        });
        cells
    }

    /// The answer for a workload, if the analysis gave one.
    pub(crate) fn verdict(&self, workload: &str) -> Option<&'a WorkloadVerdict> {
        self.sheet.verdicts.iter().find(|verdict| verdict.workload == workload)
    }

    /// The comparison of this kind in which the cell stands above the line.
    pub(crate) fn comparison(&self, kind: ComparisonKind, cell: &str) -> Option<&'a Comparison> {
        self.comparisons.get(&(kind, cell)).copied()
    }

    /// The time of a cell over that of the best of its workload.
    pub(crate) fn ratio(&self, metric: Metric, cell: &SheetCell) -> Option<Ratio> {
        if let Some(c) = self.comparison(metric.contrast(), &cell.id) {
            return Some(Ratio { value: c.ratio, interval: Some((c.low, c.high)) });
        }
        let time = |cell| metric.estimate(cell).map(|time| time.median);
        let best = self.ranked(&cell.workload).filter_map(time).min_by(f64::total_cmp)?;
        Some(Ratio { value: time(cell)? / best, interval: None })
    }

    /// The name of a cell within its workload: the model, with its workers where several of its cells are ranked.
    pub(crate) fn label(&self, cell: &SheetCell) -> String {
        let several = self.ranked(&cell.workload).filter(|other| other.model == cell.model).count() > 1;
        let model = text::name(&cell.model);
        if several { format!("{model}@{}", cell.workers) } else { model }
    }

    /// The name of a cell, by its id.
    pub(crate) fn label_of(&self, id: &str) -> String {
        match self.sheet.cells.iter().find(|cell| cell.id == id) {
            Some(cell) => self.label(cell),
            None => text::name(id),
        }
    }
}

/// The cell with its summary, if it was measured.
pub(crate) fn measured(cell: &SheetCell) -> Option<(&SheetCell, &CellSummary)> {
    (cell.status == Status::Ok).then_some(())?;
    cell.summary.as_ref().map(|summary| (cell, summary))
}

/// Why a cell has no figure.
pub(crate) fn reason(cell: &SheetCell) -> String {
    match (&cell.reason, cell.status) {
        (Some(reason), _) => text::sentence(reason),
        (None, Status::Ok) => "it was measured, but nothing could be computed from its observations".into(),
        (None, _) => "no reason was recorded".into(),
    }
}

/// A family, as it is read.
pub(crate) fn family(family: Family) -> &'static str {
    match family {
        Family::Baseline => "baseline",
        Family::Processes => "processes",
        Family::Threads => "threads",
        Family::Pools => "pools",
        Family::Coroutines => "coroutines",
        Family::Hybrids => "hybrids",
    }
}

/// A class of work, as it is read.
pub(crate) fn class(class: Class) -> &'static str {
    match class {
        Class::Creation => "creating tasks",
        Class::Cpu => "computing",
        Class::Io => "waiting",
        Class::Mixed => "computing and waiting",
    }
}
