//! What an experiment keeps, as JSON.

use std::convert::Infallible;

use serde::Serialize;
use serde_json::Value;

use crate::record::{CellRecord, RawCell};

/// A cell without its types.
pub(super) fn raw_cell<C: Serialize, O: Serialize>(cell: &CellRecord<C, O>) -> RawCell {
    let factors = to_value(&cell.factors);
    match cell.clone_as(factors, |seen| Ok::<_, Infallible>(to_value(seen))) {
        Ok(raw) => raw,
        Err(never) => match never {},
    }
}

/// Plain data as JSON.
pub(super) fn to_value<T: Serialize>(data: &T) -> Value {
    serde_json::to_value(data).expect("plain data has no map with keys other than strings")
}

/// A group of cells, by its name in the run.
pub(crate) fn full_group(experiment: &str, group: &str) -> String {
    match group {
        "" => experiment.to_owned(),
        group => format!("{experiment}/{group}"),
    }
}
