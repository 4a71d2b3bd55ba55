//! From bytes to a record: nothing in them is trusted. A record that this version cannot have written is refused before
//! anything is computed from it, since what is computed can take more than the bytes themselves.

use std::collections::HashSet;

use serde::de::IgnoredAny;

use super::{CellRecord, Run, SCHEMA};
use crate::plan::MOST_BLOCKS;
use crate::quote::one_line;
use crate::spec::{MOST_CELLS, MOST_WORKLOADS};

/// The most batches that a run may have traced.
const MOST_TIMELINES: usize = 1000;
/// The most crowds of one model: every pair of them has a slope.
const MOST_CROWDS: usize = 100;
/// The most loads of a latency sweep, each with a histogram that takes a hundred times the memory of its text.
const MOST_LOADS: usize = 5000;
/// The most warm batches of one observation.
const MOST_WARM: usize = 1000;
/// The most notes of a run.
const MOST_NOTES: usize = 10_000;

/// Reads a record.
///
/// # Errors
///
/// When it is none, has another schema, or holds more than a run can; in one line.
pub fn parse(bytes: &[u8]) -> Result<Run, String> {
    // The version first: with another one, what else is wrong does not matter.
    #[derive(serde::Deserialize)]
    struct Version {
        schema: u32,
    }
    let version: Version =
        serde_json::from_slice(bytes).map_err(|error| format!("no record: {}", one_line(error)))?;
    if version.schema != SCHEMA {
        return Err(format!("schema {}, only {SCHEMA} is read by this version", version.schema));
    }
    at_most("latency loads", loads(bytes)?, MOST_LOADS)?;
    let run: Run =
        serde_json::from_slice(bytes).map_err(|error| format!("no record: {}", one_line(error)))?;
    check(&run)?;
    Ok(run)
}

/// How many loads a record holds, counted before any of them takes its memory.
fn loads(bytes: &[u8]) -> Result<usize, String> {
    #[derive(serde::Deserialize)]
    struct Outline {
        latency: Option<Latency>,
    }
    #[derive(serde::Deserialize)]
    struct Latency {
        cells: Vec<Cell>,
    }
    #[derive(serde::Deserialize)]
    struct Cell {
        closed: Load,
        open: Vec<Load>,
    }
    #[derive(serde::Deserialize)]
    struct Load {
        observations: Vec<IgnoredAny>,
    }
    let outline: Outline =
        serde_json::from_slice(bytes).map_err(|error| format!("no record: {}", one_line(error)))?;
    let cells = outline.latency.into_iter().flat_map(|latency| latency.cells);
    let loads = cells.flat_map(|cell| cell.open.into_iter().chain([cell.closed]));
    Ok(loads.map(|load| load.observations.len().max(1)).sum())
}

fn at_most(name: &str, found: usize, most: usize) -> Result<(), String> {
    match found <= most {
        true => Ok(()),
        false => Err(format!("{name}: {found} of them, at most {most} are allowed")),
    }
}

/// Whether there is no more of anything than a run can have.
fn check(run: &Run) -> Result<(), String> {
    at_most("run.notes", run.run.notes.len(), MOST_NOTES)?;
    at_most("run.blocks", run.run.blocks as usize, MOST_BLOCKS as usize)?;
    at_most("timelines", run.timelines.len(), MOST_TIMELINES)?;
    at_most("timers", run.timers.len(), MOST_CELLS)?;
    let models = run.memory.as_ref().map_or(&[][..], |memory| memory.models.as_slice());
    at_most("memory.models", models.len(), MOST_CELLS)?;
    for model in models {
        at_most("memory.models.points", model.points.len(), MOST_CROWDS)?;
    }
    let pairs = run.switches.as_ref().map_or(&[][..], |switches| switches.pairs.as_slice());
    at_most("switches.pairs", pairs.len(), MOST_CELLS)?;
    for pair in pairs {
        at_most("switches.pairs.observations", pair.observations.len(), MOST_BLOCKS as usize)?;
    }
    let sweep = run.granularity.as_ref();
    for (name, workloads) in
        [("workloads", Some(&run.workloads)), ("granularity.workloads", sweep.map(|sweep| &sweep.workloads))]
    {
        at_most(name, workloads.map_or(0, Vec::len), MOST_WORKLOADS)?;
    }
    for (name, cells) in [("cells", Some(&run.cells)), ("granularity.cells", sweep.map(|sweep| &sweep.cells))]
    {
        at_most(name, cells.map_or(0, Vec::len), MOST_CELLS)?;
        cells.into_iter().flatten().try_for_each(check_cell)?;
    }
    let all = (run.workloads.len(), run.cells.len(), run.comparisons.len(), run.verdicts.len());
    let grains = sweep.map(|sweep| {
        (sweep.workloads.len(), sweep.cells.len(), sweep.comparisons.len(), sweep.verdicts.len())
    });
    for (workloads, cells, comparisons, verdicts) in [Some(all), grains].into_iter().flatten() {
        at_most("verdicts", verdicts, workloads)?;
        // Each cell is held against the best of its workload, and its twin against it.
        at_most("comparisons", comparisons, 2 * cells)?;
    }
    let workloads = run.workloads.len() + sweep.map_or(0, |sweep| sweep.workloads.len());
    at_most("noise.blocks", run.noise.blocks.len(), workloads * MOST_BLOCKS as usize)
}

/// Whether each observation of a cell belongs to a block of its own, of which there are so many.
fn check_cell(cell: &CellRecord) -> Result<(), String> {
    let mut seen = HashSet::new();
    for observation in &cell.observations {
        let block = observation.block;
        if block >= MOST_BLOCKS {
            return Err(format!(
                "cell `{}`: block {block}, at most {} is allowed",
                id(cell),
                MOST_BLOCKS - 1
            ));
        }
        if !seen.insert(block) {
            return Err(format!("cell `{}`: two observations in block {block}", id(cell)));
        }
        at_most("observations.warm_ns", observation.warm_ns.len(), MOST_WARM)?;
    }
    Ok(())
}

/// The cell's id, as far as a line of text can hold it.
fn id(cell: &CellRecord) -> String {
    one_line(cell.id.chars().take(80).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// A record of one cell with these blocks.
    fn record(blocks: &[u32]) -> Value {
        let text = include_str!("../../fuzz/corpus/record/whole.json");
        let mut record: Value = serde_json::from_str(text).unwrap();
        let cell = &mut record["cells"][0];
        let one = cell["observations"][0].clone();
        let observation = |&block: &u32| {
            let mut one = one.clone();
            one["block"] = json!(block);
            one
        };
        cell["observations"] = blocks.iter().map(observation).collect();
        record
    }

    fn refusal(record: &Value) -> String {
        parse(record.to_string().as_bytes()).unwrap_err()
    }

    #[test]
    fn a_record_with_more_blocks_than_a_run_can_have_is_refused() {
        assert!(parse(record(&[0, 1, 999]).to_string().as_bytes()).is_ok());
        assert!(refusal(&record(&[0, 1000])).contains("block 1000, at most 999 is allowed"));
        assert!(refusal(&record(&[3, 4, 3])).contains("two observations in block 3"));
        let mut record = record(&[0]);
        record["run"]["blocks"] = json!(1001);
        assert!(refusal(&record).contains("run.blocks: 1001 of them, at most 1000 are allowed"));
    }

    #[test]
    fn a_record_with_more_crowds_than_a_sweep_has_is_refused() {
        let mut record = record(&[0]);
        let points = &mut record["memory"]["models"][0]["points"];
        *points = vec![points[0].clone(); MOST_CROWDS + 1].into();
        assert!(refusal(&record).contains("memory.models.points: 101 of them, at most 100 are allowed"));
    }

    #[test]
    fn what_would_take_far_more_than_its_bytes_is_refused_before_it_does() {
        let mut loads = record(&[0]);
        let open = &mut loads["latency"]["cells"][0]["open"];
        *open = vec![open[0].clone(); MOST_LOADS].into();
        assert!(refusal(&loads).starts_with("latency loads: "));
        let mut warm = record(&[0]);
        warm["cells"][0]["observations"][0]["warm_ns"] = vec![1; MOST_WARM + 1].into();
        assert!(refusal(&warm).starts_with("observations.warm_ns: 1001 of them"));
        let mut comparisons = record(&[0]);
        let made = &mut comparisons["comparisons"];
        *made = vec![made[0].clone(); 1000].into();
        assert!(refusal(&comparisons).starts_with("comparisons: 1000 of them"));
    }

    #[test]
    fn a_record_with_more_cells_than_a_matrix_can_have_is_refused_in_one_line() {
        let mut record = record(&[0]);
        record["cells"][0]["id"] = json!("a\nb");
        record["cells"][0]["observations"][0]["block"] = json!(1000);
        assert!(!refusal(&record).contains('\n'));
        let mut cell = record["cells"][0].clone();
        cell["observations"] = json!([]);
        record["cells"] = vec![cell; MOST_CELLS + 1].into();
        assert!(refusal(&record).contains("cells: 10001 of them, at most 10000 are allowed"));
    }
}
