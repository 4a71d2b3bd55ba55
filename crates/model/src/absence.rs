use std::fmt;

/// Why the tasks of a model have no construct of their own for something that others can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    /// They would use the construct of this name, which is measured.
    As(&'static str),
    /// They cannot; why, as one lower-case line.
    Unable(&'static str),
}

impl fmt::Display for Absence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::As(construct) => write!(formatter, "as `{construct}`, which is measured"),
            Self::Unable(why) => formatter.write_str(why),
        }
    }
}
