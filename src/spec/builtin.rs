//! The definitions of the default matrix, compiled in.

use super::{Definition, wire};

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../workloads/definitions/", $name)))),*]
    };
}

/// The default matrix.
///
/// # Panics
///
/// When a compiled-in definition is wrong; a test reads them all.
pub(crate) fn default_definitions() -> Vec<Definition> {
    files![
        "noop.toml",
        "noop-many.toml",
        "factorial.toml",
        "count.toml",
        "sleep.toml",
        "http.toml",
        "mixed.toml"
    ]
    .iter()
    .flat_map(|(name, text)| wire::parse(name, text).unwrap_or_else(|error| panic!("{error}")))
    .collect()
}
