//! Several runs beside each other, as a page and as a text.

mod comment;
mod facts;
mod page;
mod text;

use concbench_charts::Table;
pub(crate) use facts::differing;

use super::Section;
use crate::record::Record;

/// All that a comparison is shown from.
#[derive(Debug)]
pub(crate) struct Comparison<'a> {
    /// The records that are compared; everything is held against the first.
    pub(crate) records: &'a [Record],
    /// What they are called.
    pub(crate) names: Vec<String>,
    /// What speaks against comparing them.
    pub(crate) cautions: Vec<String>,
    /// What became worse.
    pub(crate) regressions: Vec<String>,
    /// By how much more than this.
    pub(crate) threshold: String,
    /// What broke where the first has a figure.
    pub(crate) broken: Vec<String>,
    /// What their experiments say.
    pub(crate) sections: Vec<Section>,
    /// The main figure of each cell.
    pub(crate) figures: Table,
    /// The cells that are not compared, each with the reason.
    pub(crate) missing: Vec<String>,
}
