//! From a record to what a person reads. Nothing here measures.
//!
//! [`html`] makes the page, [`write_all`] puts it into a folder with its charts, every observation as CSV and a summary
//! to paste, and [`table`] makes the table that a terminal shows. The same record gives the same bytes.

mod chart;
mod compare;
pub(crate) mod csv;
mod error;
mod export;
mod figures;
mod files;
mod page;
mod summary;
mod table;
pub(crate) mod text;
mod units;
mod view;

pub use compare::{compare_html, compare_table, write_comparison};
pub use error::ReportError;
pub use export::{Export, export};
pub use files::write_all;
pub use table::{Format, table};

use crate::record::Run;

/// The report of a run: one HTML file that needs no network, no other file and no script to be read.
pub fn html(run: &Run) -> Result<String, ReportError> {
    page::make(run).map(|made| made.html)
}
