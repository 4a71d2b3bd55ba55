macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../definitions/", $name)))),*]
    };
}

/// The definitions of the default matrix, in its order: the name of each file, and its text.
pub const DEFINITIONS: &[(&str, &str)] = files![
    "noop.toml",
    "noop-many.toml",
    "factorial.toml",
    "count.toml",
    "sleep.toml",
    "http.toml",
    "mixed.toml",
];

/// Definitions that come with the program and are in no default matrix: the name that each is asked for by, and its text.
pub const SHIPPED: &[(&str, &str)] = &[
    ("files", include_str!("../definitions/files.toml")),
    ("pages", include_str!("../definitions/pages.toml")),
];
