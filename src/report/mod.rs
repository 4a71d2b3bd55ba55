//! From what was found to what a person or a program reads. Nothing here measures, and nothing here knows an experiment.
//!
//! - `section`: what a part of a report says, before it is laid out
//! - `page`: the page, with what every report has
//! - `compare`: the page and the text of several runs beside each other
//! - `gallery`: the page of runs of many machines
//! - `table`, `summary`: the same for a terminal and in Markdown
//! - `rows`: every observation as CSV, and figures for services that follow them over time
//! - `look`: how models look
//! - `files`: a report in its folder

pub(crate) mod compare;
mod error;
mod files;
pub(crate) mod gallery;
mod look;
pub(crate) mod page;
pub(crate) mod rows;
mod section;
mod summary;
mod table;
pub(crate) mod text;

use concbench_text::figures as units;
pub use error::ReportError;
pub(crate) use files::{Report, make_folder};
pub(crate) use look::{Look, Looks, ink, key, key_of};
pub(crate) use section::{Attachment, Element, Section, Summarised, TextTable, Unmeasured};
pub(crate) use summary::summary;
pub use table::Format;
pub(crate) use table::{aligned, described, listing, piped, titled, written};
pub(crate) use text::status;
