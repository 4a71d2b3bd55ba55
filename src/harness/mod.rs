//! What a bench file calls: workloads and models that belong to its author, measured like the built-in ones.

mod registry;

use std::process::ExitCode;

use concbench_workloads::Workload;

use crate::model::{BuiltIn, Catalogue, Model, With};
use crate::spec::{Definition, default_definitions};
pub(crate) use registry::Registry;

/// A benchmark of workloads under every model.
///
/// ```no_run
/// use concbench::{Harness, Io, Result, Workload};
///
/// struct Checkout;
///
/// impl Workload for Checkout {
///     async fn task<I: Io>(&self, io: &I, index: u64) -> Result<u64> {
///         io.sleep(std::time::Duration::from_millis(2)).await;
///         Ok(index)
///     }
/// }
///
/// fn main() -> std::process::ExitCode {
///     Harness::new().workload("checkout", Checkout).main()
/// }
/// ```
#[derive(Debug)]
pub struct Harness<C: Catalogue = BuiltIn> {
    registry: Registry<C>,
    definitions: Vec<Definition>,
    /// Read only once it is known that this process has no role: every process of a model would read it otherwise.
    default_matrix: bool,
}

/// How many tasks a batch of a user's workload has, unless it says so itself.
const TASKS: u64 = 64;

impl Harness {
    /// One with the built-in models and no workload.
    #[must_use]
    pub fn new() -> Self {
        Self::with_catalogue()
    }

    /// One with the built-in models and a model of the caller's; [`and_model`](Self::and_model) adds more.
    #[must_use]
    pub fn with_model<M: Model + 'static>() -> Harness<With<M, BuiltIn>> {
        Harness::with_catalogue()
    }
}

impl Default for Harness {
    fn default() -> Self {
        Self::new()
    }
}

impl<C: Catalogue> Harness<C> {
    /// One with the models of `C`.
    #[must_use]
    pub fn with_catalogue() -> Self {
        Self { registry: Registry::default(), definitions: Vec::new(), default_matrix: false }
    }

    /// Adds a model of the caller's.
    ///
    /// # Panics
    ///
    /// When a workload was added before: workloads are kept by the models that they run under, so models come first.
    #[must_use]
    pub fn and_model<M: Model + 'static>(self) -> Harness<With<M, C>> {
        assert!(self.registry.is_empty(), "models are added before workloads");
        Harness {
            registry: Registry::default(),
            definitions: self.definitions,
            default_matrix: self.default_matrix,
        }
    }

    /// Adds a workload under a name, with batches of 64 tasks.
    #[must_use]
    pub fn workload<W: Workload>(self, name: &str, workload: W) -> Self {
        self.workload_of(TASKS, name, workload)
    }

    /// Adds a workload under a name, with batches of `tasks` tasks.
    #[must_use]
    pub fn workload_of<W: Workload>(mut self, tasks: u64, name: &str, workload: W) -> Self {
        self.registry.register(name, workload);
        self.definitions.push(Definition::registered(name, tasks));
        self
    }

    /// Adds definitions, as [`crate::spec::Spec::read`] returns them.
    #[must_use]
    pub fn definitions(mut self, definitions: impl IntoIterator<Item = Definition>) -> Self {
        self.definitions.extend(definitions);
        self
    }

    /// Adds the default matrix, before all other definitions.
    #[must_use]
    pub fn default_matrix(mut self) -> Self {
        self.default_matrix = true;
        self
    }

    fn all_definitions(self) -> (Registry<C>, Vec<Definition>) {
        let mut definitions = if self.default_matrix { default_definitions() } else { Vec::new() };
        definitions.extend(self.definitions);
        (self.registry, definitions)
    }

    /// The `main` of a bench file: runs under `cargo bench`, as a criterion benchmark and in interleaved blocks.
    ///
    /// The same executable is started again for runners and worker processes, so nothing may come before this call.
    #[must_use]
    pub fn main(self) -> ExitCode {
        match self.registry.answer_role() {
            Some(code) => code,
            None => {
                let (registry, definitions) = self.all_definitions();
                crate::bench::main(&registry, definitions)
            }
        }
    }

    /// The `main` of the command line.
    #[must_use]
    pub fn cli(self) -> ExitCode {
        match self.registry.answer_role() {
            Some(code) => code,
            None => {
                let (registry, definitions) = self.all_definitions();
                crate::cmd::main(&registry, definitions)
            }
        }
    }
}
