//! What every experiment says of its own: factors with an id, and responses with names.

use std::fmt::Debug;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Status;

/// Plain data that is written down and read again.
pub(crate) trait Data:
    Serialize + DeserializeOwned + JsonSchema + Clone + Debug + PartialEq + 'static
{
}

impl<T: Serialize + DeserializeOwned + JsonSchema + Clone + Debug + PartialEq + 'static> Data for T {}

/// A combination of levels. It serialises as a flat object of numbers and words: a column of the CSV for each.
pub(crate) trait Factors: Data {
    /// Its id, unique in the run and the same in every run with these levels.
    fn id(&self) -> String;

    /// The workload whose tasks it runs, if it runs those of a definition: its reference is made beforehand.
    fn workload(&self) -> Option<&str> {
        None
    }

    /// The cells that it shares its blocks with, by name: those of its workload, or all of its experiment.
    fn group(&self) -> &str {
        self.workload().unwrap_or_default()
    }

    /// What makes it the same cell in a run on another machine; `None` where it is compared with none.
    fn counterpart(&self) -> Option<String> {
        Some(self.id())
    }

    /// How it is meant to end: a demonstration of something that goes wrong has worked when that has.
    fn meant_to_end(&self) -> Status {
        Status::Ok
    }

    /// How many observations it has in a run of this many blocks.
    fn blocks(&self, of_run: u32) -> u32 {
        of_run
    }
}

/// What one fresh runner saw.
pub(crate) trait Responses: Data {
    /// Each measured quantity, those that follow from a single observation included.
    fn responses(&self) -> Vec<Response>;

    /// How many batches the runner ran, which share what it used from its start to its end: with more of them it uses
    /// more. One where it runs none.
    fn batches(&self) -> u64 {
        1
    }
}

/// A measured quantity.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Response {
    /// Its name, with the unit at its end where it has one: `cold_ns`.
    pub(crate) name: &'static str,
    /// What it was, as often as it was measured in this observation. For the cell its median counts.
    pub(crate) values: Vec<f64>,
}

impl Response {
    /// A quantity that was measured once.
    pub(crate) fn one(name: &'static str, value: f64) -> Self {
        Self { name, values: vec![value] }
    }

    /// One that could not be measured, perhaps.
    pub(crate) fn maybe(name: &'static str, value: Option<f64>) -> Self {
        Self { name, values: value.into_iter().collect() }
    }

    /// One that was measured several times.
    pub(crate) fn several(name: &'static str, values: impl IntoIterator<Item = f64>) -> Self {
        Self { name, values: values.into_iter().collect() }
    }

    /// The unit of the quantity with this name, by its ending; `1` for a count or a share.
    pub(crate) fn unit(name: &str) -> &'static str {
        [("_ns", "ns"), ("_bytes", "B"), ("_per_s", "1/s")]
            .into_iter()
            .find_map(|(ending, unit)| name.ends_with(ending).then_some(unit))
            .unwrap_or("1")
    }
}
