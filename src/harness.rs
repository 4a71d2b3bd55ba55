//! What a bench file calls: workloads and models that belong to its author, measured like the built-in ones.

use std::marker::PhantomData;
use std::process::ExitCode;

use concbench_workloads::{SharingWorkload, Workload};

use crate::model::Model;
use crate::models::{Catalogue, NoModels, With};
use crate::registry::Registry;
use crate::roles;
use crate::spec::{Definition, default_definitions};

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
pub struct Harness<Own: Catalogue = NoModels> {
    registry: Registry,
    definitions: Vec<Definition>,
    /// Read only once it is known that this process has no role: every process of a model would read it otherwise.
    default_matrix: bool,
    own: PhantomData<Own>,
}

impl Harness {
    /// One with the built-in models and no workload.
    #[must_use]
    pub fn new() -> Self {
        Self::of_models()
    }

    /// One with the built-in models and a model of the caller's; [`and_model`](Self::and_model) adds more.
    #[must_use]
    pub fn with_model<M: Model>() -> Harness<With<M, NoModels>> {
        Harness::of_models()
    }
}

impl Default for Harness {
    fn default() -> Self {
        Self::new()
    }
}

impl<Own: Catalogue> Harness<Own> {
    fn of_models() -> Self {
        let registry = Registry::new::<Own>();
        Self { registry, definitions: Vec::new(), default_matrix: false, own: PhantomData }
    }

    /// Adds a model of the caller's.
    ///
    /// # Panics
    ///
    /// When a workload was added before: workloads are kept by the models that they run under, so models come first.
    #[must_use]
    pub fn and_model<M: Model>(self) -> Harness<With<M, Own>> {
        assert!(!self.registry.has_workloads(), "models are added before workloads");
        let Self { definitions, default_matrix, .. } = self;
        Harness { definitions, default_matrix, ..Harness::of_models() }
    }

    /// Adds a workload under a name, as [`Definition::registered`] measures it.
    #[must_use]
    pub fn workload<W: Workload>(self, name: &str, workload: W) -> Self {
        self.workload_as(Definition::registered(name), workload)
    }

    /// Adds a workload with a definition: its name, sizes, models, workers, scaling and twin.
    #[must_use]
    pub fn workload_as<W: Workload>(mut self, definition: Definition, workload: W) -> Self {
        self.registry.register::<Own, W>(&definition.name, workload);
        self.definitions.push(definition);
        self
    }

    /// Adds a workload whose tasks share objects, under a name. Models that have not what it needs are `unsupported`, each with
    /// its reason, before anything starts; the batch fails if the workload's verdict on the objects does.
    #[must_use]
    pub fn sharing_workload<W: SharingWorkload>(mut self, name: &str, work: W) -> Self {
        let definition = Definition::registered(name);
        self.registry.register_sharing::<Own, W>(&definition.name, work);
        self.definitions.push(definition);
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

    fn all_definitions(self) -> (Registry, Vec<Definition>) {
        let mut definitions = if self.default_matrix { default_definitions() } else { Vec::new() };
        definitions.extend(self.definitions);
        (self.registry, definitions)
    }

    /// The `main` of a bench file: runs under `cargo bench`, as a criterion benchmark and in interleaved blocks.
    ///
    /// The same executable is started again for runners and worker processes, so nothing may come before this call.
    #[must_use]
    pub fn main(self) -> ExitCode {
        match roles::answer(&self.registry) {
            Some(code) => code,
            None => {
                let (registry, definitions) = self.all_definitions();
                crate::bench::main(registry.infos(), definitions)
            }
        }
    }

    /// The `main` of the command line.
    #[must_use]
    pub fn cli(self) -> ExitCode {
        match roles::answer(&self.registry) {
            Some(code) => code,
            None => {
                let (registry, definitions) = self.all_definitions();
                crate::cmd::main(registry.infos(), definitions)
            }
        }
    }
}
