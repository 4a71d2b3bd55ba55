//! From bytes to a record: nothing in them is trusted. A record that this version cannot have written is refused before
//! anything is computed from it, since what is computed can take more than the bytes themselves.

use std::collections::HashSet;

use super::count::count;
use super::limits::{MOST_CALIBRATIONS, MOST_EXPERIMENTS, MOST_VALUES};
use super::{
    MOST_BLOCKS, MOST_CELLS, MOST_NOTES, MOST_OBSERVATIONS, RawCell, RawExperiment, Record, SCHEMA, Status,
};
use concbench_text::one_line;

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
    // Before any of them takes memory.
    match count(bytes, MOST_VALUES) {
        Ok(values) if values > MOST_VALUES => {
            return Err(format!("more than {MOST_VALUES} values, which no record has"));
        }
        Ok(_) => {}
        Err(error) => return Err(format!("no record: {}", one_line(error))),
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
    let (mut groups, mut observations) = (0, 0);
    for (id, experiment) in &record.experiments {
        check_experiment(id, experiment)?;
        groups += experiment.cells.len();
        observations += experiment.cells.iter().map(|cell| cell.observations.len()).sum::<usize>();
    }
    at_most("observations", observations, MOST_OBSERVATIONS)?;
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

/// Whether a cell that is not `ok` says why, and each of its observations belongs to a block of its own, of which there
/// are so many.
fn check_cell(cell: &RawCell) -> Result<(), String> {
    if cell.status != Status::Ok && cell.reason.is_none() {
        return Err(format!("cell `{}`: it is `{}` without a reason", short(&cell.id), cell.status));
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// A record of one cell with these blocks.
    fn record(blocks: &[u32]) -> Value {
        let observation =
            |&block: &u32| json!({ "block": block, "position": 0, "responses": {}, "usage": null });
        let cell = json!({
            "id": "work/rayon@2",
            "factors": {},
            "status": "ok",
            "reason": null,
            "observations": blocks.iter().map(observation).collect::<Vec<_>>(),
        });
        json!({
            "schema": SCHEMA,
            "tool": {
                "name": "concbench", "version": "0", "commit": null, "rustc": "", "target": "",
                "profile": "debug", "allocator": "",
            },
            "run": {
                "id": "x", "label": "local", "started_utc": "2026-01-01T00:00:00Z", "elapsed_ns": 1, "seed": 1,
                "blocks": 20, "mode": "default", "indicative": false, "complete": true, "track": "defaults", "margin": 0.02,
                "filter": null, "command": "concbench run", "notes": [],
            },
            "machine": serde_json::to_value(crate::record::Machine::default()).unwrap(),
            "noise": { "grade": "unknown", "warnings": [], "blocks": [] },
            "experiments": {
                "matrix": { "setup": null, "cells": [cell], "findings": null },
            },
        })
    }

    fn parsed(record: &Value) -> Result<Record, String> {
        parse(record.to_string().as_bytes())
    }

    fn refusal(record: &Value) -> String {
        let refusal = parsed(record).unwrap_err();
        assert!(!refusal.contains('\n'), "{refusal}");
        refusal
    }

    #[test]
    fn a_record_with_more_blocks_than_a_run_can_have_is_refused() {
        assert!(parsed(&record(&[0, 1, 999])).is_ok());
        assert!(refusal(&record(&[0, 1000])).contains("block 1000, at most 999 is allowed"));
        assert!(refusal(&record(&[3, 4, 3])).contains("two observations in block 3"));
        let mut record = record(&[0]);
        record["run"]["blocks"] = json!(1001);
        assert!(refusal(&record).contains("run.blocks: 1001 of them, at most 1000 are allowed"));
    }

    #[test]
    fn a_cell_that_failed_says_why() {
        let mut record = record(&[0]);
        record["experiments"]["matrix"]["cells"][0]["status"] = json!("crashed");
        assert_eq!(refusal(&record), "cell `work/rayon@2`: it is `crashed` without a reason");
        record["experiments"]["matrix"]["cells"][0]["reason"] = json!("signal 11");
        assert!(parsed(&record).is_ok());
    }

    #[test]
    fn a_record_with_more_of_anything_than_a_run_can_have_is_refused() {
        let cell = |number: usize| json!({ "id": format!("cell-{number}"), "factors": {}, "status": "skipped", "reason": "", "observations": [] });
        let mut cells = record(&[0]);
        cells["experiments"]["matrix"]["cells"] = (0..=MOST_CELLS).map(cell).collect();
        assert!(refusal(&cells).contains("cells: 10001 of them, at most 10000 are allowed"));
        let mut calibrations = record(&[0]);
        calibrations["experiments"]["matrix"]["calibrations"] =
            (0..=MOST_CALIBRATIONS).map(|number| (number.to_string(), Value::Null)).collect();
        assert!(refusal(&calibrations).contains("calibrations: 40001 of them, at most 40000 are allowed"));
        let mut experiments = record(&[0]);
        let matrix = experiments["experiments"]["matrix"].clone();
        experiments["experiments"] =
            (0..=MOST_EXPERIMENTS).map(|number| (number.to_string(), matrix.clone())).collect();
        assert!(refusal(&experiments).contains("experiments: 101 of them, at most 100 are allowed"));
        let mut notes = record(&[0]);
        notes["run"]["notes"] = vec![""; MOST_NOTES + 1].into();
        assert!(refusal(&notes).contains("run.notes: 10001 of them, at most 10000 are allowed"));
        let mut noise = record(&[0]);
        let block = json!({
            "block": 0, "experiment": "matrix", "group": "", "steal": null, "foreign": null, "throttled_ns": null,
            "pressure": null, "thermal_throttles": null, "repeats": 0, "breach": null,
        });
        noise["noise"]["blocks"] = vec![block; MOST_BLOCKS as usize + 1].into();
        assert!(refusal(&noise).contains("noise.blocks: 1001 of them, at most 1000 are allowed"));
    }

    #[test]
    fn a_refusal_is_one_short_line_whatever_the_record_holds() {
        let mut record = record(&[1000]);
        record["experiments"]["matrix"]["cells"][0]["id"] = json!(format!("a\nb{}", "c".repeat(1000)));
        assert!(refusal(&record).len() < 200);
        let cell = record["experiments"]["matrix"]["cells"][0].clone();
        record["experiments"]["matrix"]["cells"] = json!([cell, cell]);
        record["experiments"]["matrix"]["cells"][0]["observations"] = json!([]);
        assert!(refusal(&record).contains("stands there twice"));
    }

    #[test]
    fn another_version_is_refused_before_anything_else_is_read() {
        assert_eq!(refusal(&json!({ "schema": 1 })), "schema 1, only 2 is read by this version");
        assert_eq!(refusal(&json!({ "schema": 3, "run": 5 })), "schema 3, only 2 is read by this version");
        assert!(refusal(&json!({ "schema": SCHEMA })).starts_with("no record: "));
        assert!(refusal(&json!([])).starts_with("no record: "));
    }
}
