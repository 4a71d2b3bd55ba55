//! The definitions that come with the program, which the crate of the workloads brings.

use concbench_workloads::{DEFINITIONS, SHIPPED};

use super::{Definition, wire};

/// A definition that comes with the program and is not in the default matrix, by its name.
pub(super) fn shipped(name: &str) -> Option<&'static str> {
    SHIPPED.iter().find_map(|(known, text)| (*known == name).then_some(*text))
}

/// The default matrix.
///
/// # Panics
///
/// When a definition of the crate of the workloads is wrong; a test reads them all.
pub(crate) fn default_definitions() -> Vec<Definition> {
    let read =
        |(name, text): &(&str, &str)| wire::parse(name, text).unwrap_or_else(|error| panic!("{error}"));
    DEFINITIONS.iter().flat_map(read).collect()
}
