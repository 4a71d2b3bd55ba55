//! What each model asks of the machine, as sentences and tables.

use std::collections::BTreeMap;

use concbench_charts::{Table, columns};
use concbench_text::figures as units;

use super::{Association, COUNTS, Cell, Counters, Observation, Why};
use crate::experiment::{Experiment, RecordOf};
use crate::record::{CellRecord, Status};
use crate::report::{Element, Section, TextTable, status, text};

/// What goes with time counts as found below this p-value: with eight counts for each workload, one of a thousand.
const SURE: f64 = 0.001;

/// The section.
pub(super) fn section(record: &RecordOf<Counters>) -> Section {
    let heading = "Why is one model faster: what does each ask of the processor and the kernel?";
    let mut section = Section::new(Counters::ID, "Why", heading);
    section.findings = record.findings.iter().map(sentence).collect();
    let missing = missing(&record.cells);
    section.findings.extend(missing);
    section.body.push(Element::Note(
        "For each task of a warm batch, of all threads and processes together, in runners of their own: counting slows \
         down what is counted, so the times beside the counts are no times of the ranking. That a count goes with time \
         does not prove that it is the cause; where it does not, it is none."
            .to_owned(),
    ));
    for found in &record.findings {
        let table = table(&found.workload, &record.cells);
        let title = format!("{}: for each task", text::name(&found.workload));
        section.body.push(Element::Folded(title.clone(), table.clone()));
        section.tables.push(TextTable { title, sentences: vec![sentence(found)], table });
    }
    section
}

/// What goes with the time of a workload, in one sentence.
fn sentence(found: &Why) -> String {
    let work = text::name(&found.workload);
    let sure: Vec<String> =
        found.associations.iter().filter(|one| one.p < SURE && one.tau > 0.0).map(part).collect();
    let models = found.associations.iter().map(|one| one.models).max().unwrap_or(0);
    match sure.is_empty() {
        true if models == 0 => format!("{work}: nothing was counted under three models or more."),
        true => format!("{work}: no count goes with time over its {models} models."),
        false => format!("{work}: what takes longer also has more {}.", text::list(&sure, sure.len())),
    }
}

fn part(found: &Association) -> String {
    let name = COUNTS.iter().find(|(name, ..)| *name == found.count).map_or("of it", |(_, word, _)| word);
    format!("{name} (Kendall's tau {:.2} over {} models)", found.tau, found.models)
}

/// Why some counts are nowhere, in one sentence each.
fn missing(cells: &[CellRecord<Cell, Observation>]) -> Vec<String> {
    let mut whys: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let nowhere = |of: fn(&Observation) -> Option<f64>| {
        let mut made = cells.iter().flat_map(|cell| &cell.observations).peekable();
        made.peek().is_some() && made.all(|made| of(&made.responses).is_none())
    };
    for (name, word, of) in COUNTS {
        let reason = || {
            cells.iter().flat_map(|cell| &cell.observations).find_map(|made| made.responses.reasons.get(name))
        };
        if let Some(reason) = nowhere(of).then(reason).flatten() {
            whys.entry(reason).or_default().push(word);
        }
    }
    let said = |(reason, words): (&str, Vec<&str>)| {
        let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
        format!("Not counted: {}: {}.", text::list(&words, words.len()), text::sentence(reason))
    };
    whys.into_iter().map(said).collect()
}

/// What was counted for each task under each model, the fastest first.
fn table(workload: &str, cells: &[CellRecord<Cell, Observation>]) -> Table {
    let mut of_work: Vec<_> = cells.iter().filter(|cell| cell.factors.workload == workload).collect();
    let time = |cell: &CellRecord<Cell, Observation>| cell.summary.get("counted_ns").map(|time| time.median);
    of_work.sort_by(|left, right| {
        time(left).unwrap_or(f64::INFINITY).total_cmp(&time(right).unwrap_or(f64::INFINITY))
    });
    let shown: Vec<_> = COUNTS
        .iter()
        .filter(|(name, ..)| of_work.iter().any(|cell| cell.summary.contains_key(*name)))
        .collect();
    let row = |cell: &&CellRecord<Cell, Observation>| {
        let tasks = cell.observations.first().map_or(1, |made| made.responses.tasks.max(1)) as f64;
        let first = format!("{}@{}", text::name(&cell.factors.model), cell.factors.workers);
        let counts = shown.iter().map(|(name, ..)| {
            cell.summary.get(*name).map_or("none".into(), |count| units::count(count.median / tasks))
        });
        let user_only = cell.observations.iter().any(|made| made.responses.user_only);
        let remark = match (cell.status, &cell.reason) {
            (Status::Ok, _) if user_only => "user mode only".to_owned(),
            (Status::Ok, _) => String::new(),
            (other, reason) => {
                format!("{}: {}", status(other), reason.as_deref().map_or_else(String::new, text::sentence))
            }
        };
        let time = time(cell).map_or("none".into(), |time| units::time(time / tasks));
        [first, time].into_iter().chain(counts).chain([remark]).collect()
    };
    let heads: Vec<&str> = ["model", "time"]
        .into_iter()
        .chain(shown.iter().map(|(_, word, _)| *word))
        .chain(["remark"])
        .collect();
    Table { columns: columns(&heads), rows: of_work.iter().map(row).collect() }
}
