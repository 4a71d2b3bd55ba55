//! From bytes to a record: nothing in them is trusted. A record that this version cannot have written is refused before
//! anything is computed from it, since what is computed can take more than the bytes themselves.

use std::collections::HashSet;

use super::limits::MOST_EXPERIMENTS;
use super::{MOST_BLOCKS, MOST_CELLS, MOST_NOTES, RawCell, RawExperiment, Record, SCHEMA};
use concbench_text::one_line;

/// The most calibrations of an experiment: a few for each cell.
const MOST_CALIBRATIONS: usize = 4 * MOST_CELLS;

/// Reads a record.
///
/// # Errors
///
/// When it is none, has another schema, or holds more than a run can; in one line.
pub fn parse(bytes: &[u8]) -> Result<Record, String> {
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
    let record: Record =
        serde_json::from_slice(bytes).map_err(|error| format!("no record: {}", one_line(error)))?;
    check(&record)?;
    Ok(record)
}

fn at_most(name: &str, found: usize, most: usize) -> Result<(), String> {
    match found <= most {
        true => Ok(()),
        false => Err(format!("{name}: {found} of them, at most {most} are allowed")),
    }
}

/// Whether there is no more of anything than a run can have.
fn check(record: &Record) -> Result<(), String> {
    at_most("run.notes", record.run.notes.len(), MOST_NOTES)?;
    at_most("run.blocks", record.run.blocks as usize, MOST_BLOCKS as usize)?;
    at_most("experiments", record.experiments.len(), MOST_EXPERIMENTS)?;
    let mut groups = 0;
    for (id, experiment) in &record.experiments {
        check_experiment(id, experiment)?;
        groups += experiment.cells.len();
    }
    at_most("noise.blocks", record.noise.blocks.len(), groups.saturating_mul(MOST_BLOCKS as usize))
}

fn check_experiment(id: &str, experiment: &RawExperiment) -> Result<(), String> {
    let id = short(id);
    at_most(&format!("experiment `{id}`: cells"), experiment.cells.len(), MOST_CELLS)?;
    at_most(&format!("experiment `{id}`: calibrations"), experiment.calibrations.len(), MOST_CALIBRATIONS)?;
    let mut ids = HashSet::new();
    for cell in &experiment.cells {
        if !ids.insert(cell.id.as_str()) {
            return Err(format!("cell `{}`: it stands there twice", short(&cell.id)));
        }
        check_cell(cell)?;
    }
    Ok(())
}

/// Whether each observation of a cell belongs to a block of its own, of which there are so many.
fn check_cell(cell: &RawCell) -> Result<(), String> {
    let mut seen = HashSet::new();
    for observation in &cell.observations {
        let block = observation.block;
        if block >= MOST_BLOCKS {
            let most = MOST_BLOCKS - 1;
            return Err(format!("cell `{}`: block {block}, at most {most} is allowed", short(&cell.id)));
        }
        if !seen.insert(block) {
            return Err(format!("cell `{}`: two observations in block {block}", short(&cell.id)));
        }
    }
    Ok(())
}

/// An id, as far as a line of text can hold it.
fn short(id: &str) -> String {
    one_line(id.chars().take(80).collect::<String>())
}
