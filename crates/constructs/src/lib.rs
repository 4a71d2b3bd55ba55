//! What programs are written with: ways to hand tasks out and to get their results back, and tasks that start tasks.
//!
//! - [`completion`]: a batch of uneven tasks whose results come in order, as they are completed, or by callback
//! - [`tree`]: tasks that start others, and add up what these return
//! - `workers`: threads and an executor that several of them stand on

pub mod completion;
pub mod tree;
mod workers;

use concbench_model::ModelError;

/// Why a construct has no figure.
#[derive(Debug, thiserror::Error)]
pub enum ConstructError {
    /// Something could not be started, or ended before its time.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The construct did not return what its tasks did.
    #[error("{0}")]
    Wrong(String),
}

/// What functions of this crate return.
pub type Result<T> = std::result::Result<T, ConstructError>;

/// Whoever was to send something has ended.
fn gone(who: &'static str) -> ConstructError {
    ModelError::Died { who, how: "ended before its work was done".to_owned() }.into()
}
