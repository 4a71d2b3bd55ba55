use concbench_charts::ChartError;

use crate::record::StoreError;

/// Why a report could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A chart could not be drawn.
    #[error(transparent)]
    Chart(#[from] ChartError),
    /// The record holds what this version cannot show.
    #[error("{0}")]
    Record(String),
    /// The page could not be put together.
    #[error("page: {0}")]
    Page(#[from] askama::Error),
    /// A file could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}
