//! Input that nobody would write. Whatever the bytes, nothing may panic, hang, or take memory beyond a bound.
//!
//! - `read`: what is done with them
//! - `drive`, `mutate`: mutations of what lies in `fuzz/corpus`, thousands of them in every test run and as many as one likes
//!   with `make fuzz`; each follows from a seed and its number alone, so that a report of one is all it takes to have it again
//! - [`one`]: what a fuzzer calls that watches which code an input reaches (`make cover`)

#[cfg(test)]
mod drive;
#[cfg(test)]
mod mutate;
mod read;
mod server;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

use crate::model::ModelInfo;
use crate::models::{BuiltIn, Catalogue};
use crate::record::Record;

static MODELS: LazyLock<Vec<ModelInfo>> = LazyLock::new(BuiltIn::infos);
/// What records are compared with.
static BASE: LazyLock<Record> = LazyLock::new(read::whole);

/// Reads one input as the reader of this name does; whether there is one.
pub fn one(target: &str, bytes: &[u8]) -> bool {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    let number = hasher.finish();
    match target {
        "definitions" => read::definition(&MODELS, bytes),
        "record" => read::record(&BASE, number, bytes),
        "journal" => read::journal(&MODELS, number, bytes),
        "histogram" => read::histogram(number, bytes),
        "frames" => read::frames(bytes),
        "protocol" => read::protocol(bytes),
        "externals" => read::externals(bytes),
        "http" => read::http(bytes),
        _ => return false,
    };
    true
}

#[cfg(test)]
mod tests;
