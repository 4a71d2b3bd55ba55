//! Text for readers: figures with no more digits than they deserve, and strings that may come from anywhere, made
//! harmless for a page, a terminal, Markdown, CSV or a file name.
//!
//! This crate knows nothing of records, models or reports.

pub mod figures;
mod layout;
mod untrusted;
mod words;

pub use layout::{fit, width};
pub use untrusted::{clean, clip, code, escape, inert, markdown, one_line, slug};
pub use words::{list, plural};
