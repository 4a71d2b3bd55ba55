use std::sync::Arc;

use concbench_workloads::{Io, Result, Shared, SharingWorkload, Workload};

/// A sharing workload with its objects: to a model it is a workload like any other, so one that shares nothing pays
/// nothing.
#[derive(Debug)]
pub struct With<W, S> {
    work: Arc<W>,
    objects: S,
}

impl<W, S> With<W, S> {
    /// These together.
    pub fn new(work: Arc<W>, objects: S) -> Self {
        Self { work, objects }
    }

    /// The workload.
    pub fn work(&self) -> &W {
        &self.work
    }

    /// Its objects.
    pub fn objects(&self) -> &S {
        &self.objects
    }
}

impl<W: SharingWorkload, S: Shared> Workload for With<W, S> {
    fn task<I: Io>(&self, io: &I, index: u64) -> impl Future<Output = Result<u64>> + Send {
        self.work.task(io, &self.objects, index)
    }
}
