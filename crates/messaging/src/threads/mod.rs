//! A thread for each part, and the channels between threads.

pub(crate) mod channels;

use std::sync::{Arc, Barrier};

use concbench_model::{ModelError, bind};
use concbench_sys::cpu_time;

use crate::ends::gone;
use crate::lane::{Outcome, Part};
use crate::plan::Result;

/// Runs every part on a thread of its own.
///
/// # Errors
///
/// What the channel did wrong, or what the first to fail says.
pub(crate) fn run(parts: Vec<Part>) -> Result<Outcome> {
    let barrier = Arc::new(Barrier::new(parts.len() + 1));
    let start = |part: Part| {
        let barrier = Arc::clone(&barrier);
        std::thread::spawn(move || {
            part.core.into_iter().for_each(bind);
            barrier.wait();
            (part.work)()
        })
    };
    let threads: Vec<_> = parts.into_iter().map(start).collect();
    let clock = ModelError::system("read the clock of CPU time");
    let begun = cpu_time(0).map_err(clock)?;
    barrier.wait();
    let told: Vec<_> =
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err(gone().into()))).collect();
    let clock = ModelError::system("read the clock of CPU time");
    let cpu = cpu_time(0).map_err(clock)?.saturating_sub(begun);
    Ok(Outcome { told: whole(told)?, cpu })
}

/// What all have told; what the channel did wrong explains what else went wrong.
pub(crate) fn whole<T>(told: Vec<Result<T>>) -> Result<Vec<T>> {
    let (told, mut errors): (Vec<_>, Vec<_>) = told.into_iter().partition(Result::is_ok);
    errors.sort_by_key(|error| !matches!(error, Err(crate::plan::MessagingError::Wrong(_))));
    errors.into_iter().take(1).chain(told).collect()
}
