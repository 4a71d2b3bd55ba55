//! Several runs beside each other, as a page and as a table.

mod charts;
mod page;
mod table;
mod words;

pub use page::{compare_html, write_comparison};
pub use table::compare_table;
