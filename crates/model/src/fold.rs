//! From the results of tasks, in whatever order they come, to the digest of the batch.

use std::ops::Range;

use crate::{Digest, ModelError, Result};

/// Takes every result of a batch, and keeps the first error: a failure must not leave tasks running behind it.
#[derive(Debug, Default)]
pub struct Fold {
    digest: Digest,
    error: Option<ModelError>,
}

impl Fold {
    /// Takes one result.
    pub fn push(&mut self, index: u64, result: Result<u64>) {
        match result {
            Ok(value) => self.digest.add(index, value),
            Err(error) => self.error = self.error.take().or(Some(error)),
        }
    }

    /// Joins what two workers have taken; the first error is that of `self`.
    pub fn merge(self, other: Self) -> Self {
        Self { digest: self.digest.merge(other.digest), error: self.error.or(other.error) }
    }

    /// The digest, or the first error.
    pub fn finish(self) -> Result<Digest> {
        self.error.map_or(Ok(self.digest), Err)
    }

    /// Takes all of them.
    pub fn over(results: impl Iterator<Item = (u64, Result<u64>)>) -> Result<Digest> {
        results.collect::<Self>().finish()
    }

    /// Waits for each of these tasks in turn: all of them run already. `result` says what a runtime's answer means.
    pub async fn join<H: IntoFuture>(
        tasks: Range<u64>,
        handles: Vec<H>,
        result: impl Fn(H::Output) -> Result<u64>,
    ) -> Result<Digest> {
        Self::of_handles(tasks, handles, result).await.finish()
    }

    /// The same of a share of a batch.
    pub async fn of_handles<H: IntoFuture>(
        tasks: impl Iterator<Item = u64>,
        handles: Vec<H>,
        result: impl Fn(H::Output) -> Result<u64>,
    ) -> Self {
        let mut fold = Self::default();
        for (index, handle) in tasks.zip(handles) {
            fold.push(index, result(handle.await));
        }
        fold
    }
}

impl FromIterator<(u64, Result<u64>)> for Fold {
    fn from_iter<T: IntoIterator<Item = (u64, Result<u64>)>>(results: T) -> Self {
        let mut fold = Self::default();
        results.into_iter().for_each(|(index, result)| fold.push(index, result));
        fold
    }
}
