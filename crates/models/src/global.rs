//! Libraries whose threads belong to the whole program, and whose number is read from the environment once.

use std::sync::OnceLock;

use concbench_model::{ModelError, Result, Settings};

use concbench_sys as sys;

/// The number of threads of such a library: it stays what the first model in this process has set.
#[derive(Debug)]
pub(super) struct GlobalThreads {
    variable: &'static str,
    number: OnceLock<usize>,
}

impl GlobalThreads {
    /// Those that a library counts by this variable.
    pub(super) const fn counted_by(variable: &'static str) -> Self {
        Self { variable, number: OnceLock::new() }
    }

    /// Sets their number, the first time.
    ///
    /// # Errors
    ///
    /// When it was set to another one before, or this process has other threads already, which may read the environment
    /// meanwhile.
    pub(super) fn set(&self, settings: &Settings) -> Result<()> {
        let Some(&number) = self.number.get() else {
            sys::set_before_threads(self.variable, settings.workers.to_string())
                .map_err(ModelError::system("say how many threads there are to be"))?;
            self.number.get_or_init(|| settings.workers);
            return Ok(());
        };
        if number == settings.workers {
            return Ok(());
        }
        Err(ModelError::Unsupported(format!(
            "{} workers: the library's threads are global, and this process has {number} of them already; start each \
             number of workers in a process of its own",
            settings.workers
        )))
    }
}
