//! The models that a harness knows, as a list of types: every model stays a static dispatch away from every workload.

use std::marker::PhantomData;

use concbench_model::{Model, ModelInfo};

/// Something to be done with a model whose type is known only by its id.
pub trait Visitor {
    /// What comes of it.
    type Output;

    /// Does it with `M`.
    fn visit<M: Model>(self) -> Self::Output;
}

/// A list of models.
pub trait Catalogue: 'static {
    /// What each of them is, in the order in which they are shown.
    fn infos() -> Vec<ModelInfo>;

    /// Shows `visitor` the model with this id; gives it back where there is none.
    ///
    /// # Errors
    ///
    /// The visitor, unused.
    fn visit<V: Visitor>(id: &str, visitor: V) -> Result<V::Output, V>;
}

/// The models that come with concbench.
#[derive(Debug)]
pub struct BuiltIn;

/// No models at all: the start of a list of a user's.
#[derive(Debug)]
pub struct NoModels;

impl Catalogue for NoModels {
    fn infos() -> Vec<ModelInfo> {
        Vec::new()
    }

    fn visit<V: Visitor>(_: &str, visitor: V) -> Result<V::Output, V> {
        Err(visitor)
    }
}

/// The built-in models, and those of `Own`, which are asked first.
#[derive(Debug)]
pub struct All<Own>(PhantomData<Own>);

impl<Own: Catalogue> Catalogue for All<Own> {
    fn infos() -> Vec<ModelInfo> {
        BuiltIn::infos().into_iter().chain(Own::infos()).collect()
    }

    fn visit<V: Visitor>(id: &str, visitor: V) -> Result<V::Output, V> {
        Own::visit(id, visitor).or_else(|visitor| BuiltIn::visit(id, visitor))
    }
}

/// The catalogue `C` and the model `M`.
#[derive(Debug)]
pub struct With<M, C>(PhantomData<(M, C)>);

impl<M: Model, C: Catalogue> Catalogue for With<M, C> {
    fn infos() -> Vec<ModelInfo> {
        let mut infos = C::infos();
        infos.push(M::INFO);
        infos
    }

    fn visit<V: Visitor>(id: &str, visitor: V) -> Result<V::Output, V> {
        if id == M::INFO.id { Ok(visitor.visit::<M>()) } else { C::visit(id, visitor) }
    }
}

macro_rules! built_in {
    ($($model:ty),* $(,)?) => {
        impl Catalogue for BuiltIn {
            fn infos() -> Vec<ModelInfo> {
                vec![$(<$model>::INFO),*]
            }

            fn visit<V: Visitor>(id: &str, visitor: V) -> Result<V::Output, V> {
                $(if id == <$model>::INFO.id {
                    return Ok(visitor.visit::<$model>());
                })*
                Err(visitor)
            }
        }
    };
}

built_in![
    crate::sequential::Sequential,
    crate::process::spawn::ProcessSpawn,
    crate::process::fork::ProcessFork,
    crate::process::forkserver::ProcessForkserver,
    crate::process::pool::ProcessPool,
    crate::process::pool::ProcessPoolChunked,
    crate::process::shm::ProcessPoolShm,
    crate::thread_spawn::ThreadSpawn,
    crate::thread_pool::ThreadPool,
    crate::thread_pool::ThreadPoolChunked,
    crate::thread_scoped::ThreadScoped,
    crate::rayon::Rayon,
    crate::rayon::RayonIter,
    crate::tokio::TokioCurrentThread,
    crate::tokio::TokioMultiThread,
    crate::tokio_per_core::TokioPerCore,
    crate::async_std::AsyncStd,
    crate::smol::Smol,
    crate::join_all::JoinAll,
    crate::tokio_blocking::TokioBlocking,
    crate::async_std_blocking::AsyncStdBlocking,
    crate::smol_blocking::SmolBlocking,
    crate::tokio_rayon::TokioRayon,
    crate::may::May,
    crate::compio::Compio,
    crate::process::coroutines::ProcessAsync,
    crate::process::threads::ProcessThreads,
];

#[cfg(test)]
mod tests {
    use super::*;

    struct Id;

    impl Visitor for Id {
        type Output = &'static str;

        fn visit<M: Model>(self) -> &'static str {
            M::INFO.id
        }
    }

    #[test]
    fn every_model_is_found_by_its_id_and_only_once() {
        let infos = BuiltIn::infos();
        for info in &infos {
            assert_eq!(BuiltIn::visit(info.id, Id).ok(), Some(info.id));
            assert_eq!(infos.iter().filter(|other| other.id == info.id).count(), 1, "{}", info.id);
        }
        assert!(BuiltIn::visit("no-such-model", Id).is_err());
    }
}
