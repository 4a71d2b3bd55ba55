//! The definitions of the default matrix, compiled in.

use super::{Definition, wire};

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../workloads/definitions/", $name)))),*]
    };
}

/// A definition that comes with the program and is not in the default matrix, by its name.
pub(super) fn shipped(name: &str) -> Option<&'static str> {
    let shipped = [("files", include_str!("../../workloads/definitions/files.toml"))];
    shipped.into_iter().find_map(|(known, text)| (known == name).then_some(text))
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
