//! From observations to findings: nothing here measures or prints.

use super::{Context, Facts, find};
use crate::machine;
use crate::record::Record;

/// Fills in the summaries and findings of a record, from its observations alone.
///
/// What stood there before is replaced, and the same observations always give the same findings.
///
/// # Errors
///
/// When an experiment of the record is none that this version knows, in one line.
pub fn complete(record: &mut Record) -> Result<(), String> {
    let facts = facts(record)?;
    let Record { run, machine, noise, experiments, .. } = record;
    let context = Context { run, machine, blocks: &noise.blocks, facts: &facts };
    let mut floors = Vec::new();
    for (id, raw) in experiments {
        let kind = find(id).ok_or_else(|| unknown(id))?;
        kind.complete(raw, &context)?;
        floors.extend(kind.noise_floors(raw)?.into_iter().map(|(_, floor)| floor));
    }
    noise.grade = machine::grade(&floors, &noise.blocks, &noise.warnings);
    Ok(())
}

/// What the experiments of a record find for others to build on.
pub(super) fn facts(record: &Record) -> Result<Facts, String> {
    let mut facts = Facts::default();
    for (id, raw) in &record.experiments {
        let found = find(id).ok_or_else(|| unknown(id))?.facts(raw)?;
        facts.timers.extend(found.timers);
    }
    Ok(facts)
}

pub(super) fn unknown(id: &str) -> String {
    format!("there is no experiment `{}`", concbench_text::one_line(id))
}
