//! Pools of threads.

use std::io;
use std::sync::mpsc;

use concbench_model::{ModelError, limits};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::{Form, InOrder, Running, Seen, TASKS, call, shared, taken, task};
use crate::Result;
use crate::workers::Threads;

/// Threads on one queue.
pub(super) struct ThreadPool(Threads);

impl ThreadPool {
    pub(super) fn start(workers: usize) -> Result<Self> {
        Threads::start(workers).map(Self)
    }

    /// Hands all tasks out; their results, as they come.
    fn hand_out(&self) -> Result<crossbeam_channel::Receiver<(u64, u64)>> {
        let (results, came) = crossbeam_channel::unbounded();
        for index in 0..TASKS {
            let results = results.clone();
            self.0.run(move || {
                // Nobody listens any more once a batch was given up.
                let _ = results.send((index, task(index)));
            })?;
        }
        Ok(came)
    }
}

impl Running for ThreadPool {
    fn batch(&mut self, form: Form) -> Result<Seen> {
        match form {
            Form::Ordered => {
                let (mut seen, mut in_order) = (Seen::begin(), InOrder::new());
                for (index, value) in self.hand_out()? {
                    in_order.see(index, value, &mut seen);
                }
                Ok(seen)
            }
            Form::AsCompleted => {
                let mut seen = Seen::begin();
                for (index, value) in self.hand_out()? {
                    seen.see(index, value);
                }
                Ok(seen)
            }
            Form::Callback => {
                let seen = shared();
                let (calls, ended) = crossbeam_channel::unbounded::<()>();
                for index in 0..TASKS {
                    let (seen, calls) = (seen.clone(), calls.clone());
                    self.0.run(move || {
                        call(&seen, index, task(index));
                        drop(seen);
                        drop(calls);
                    })?;
                }
                drop(calls);
                // Nothing is sent: it ends when the last of those that call has.
                ended.iter().for_each(drop);
                taken(seen)
            }
        }
    }
}

/// A rayon pool of its own.
pub(super) struct Rayon(rayon::ThreadPool);

impl Rayon {
    pub(super) fn start(workers: usize) -> Result<Self> {
        Ok(Self(rayon_pool(workers)?))
    }
}

/// A rayon pool that is not the global one.
pub(crate) fn rayon_pool(workers: usize) -> Result<rayon::ThreadPool> {
    limits::allow_threads(workers)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(workers).build();
    Ok(pool.map_err(io::Error::other).map_err(ModelError::system("start the rayon pool"))?)
}

impl Running for Rayon {
    fn batch(&mut self, form: Form) -> Result<Seen> {
        match form {
            Form::Ordered => {
                let mut seen = Seen::begin();
                let values: Vec<u64> = self.0.install(|| (0..TASKS).into_par_iter().map(task).collect());
                (0..).zip(values).for_each(|(index, value)| seen.see(index, value));
                Ok(seen)
            }
            Form::AsCompleted => {
                let (results, came) = mpsc::channel();
                let mut seen = Seen::begin();
                for index in 0..TASKS {
                    let results = results.clone();
                    self.0.spawn(move || {
                        // Nobody listens any more once a batch was given up.
                        let _ = results.send((index, task(index)));
                    });
                }
                drop(results);
                came.into_iter().for_each(|(index, value)| seen.see(index, value));
                Ok(seen)
            }
            Form::Callback => {
                let seen = shared();
                self.0.in_place_scope(|scope| {
                    for index in 0..TASKS {
                        let seen = seen.clone();
                        scope.spawn(move |_| call(&seen, index, task(index)));
                    }
                });
                taken(seen)
            }
        }
    }
}
