//! The models that a harness knows, as a list of types: every model stays a static dispatch away from every workload.

use std::marker::PhantomData;

use super::{Model, ModelInfo};

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

/// The catalogue `C` and the model `M`.
#[derive(Debug)]
pub struct With<M, C>(PhantomData<(M, C)>);

impl<M: Model + 'static, C: Catalogue> Catalogue for With<M, C> {
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
    super::sequential::Sequential,
    super::process::spawn::ProcessSpawn,
    super::process::fork::ProcessFork,
    super::process::forkserver::ProcessForkserver,
    super::process::pool::ProcessPool,
    super::process::shm::ProcessPoolShm,
    super::thread_spawn::ThreadSpawn,
    super::thread_pool::ThreadPool,
    super::rayon::Rayon,
    super::rayon::RayonIter,
    super::tokio::TokioCurrentThread,
    super::tokio::TokioMultiThread,
    super::async_std::AsyncStd,
    super::smol::Smol,
    super::join_all::JoinAll,
    super::tokio_blocking::TokioBlocking,
    super::async_std_blocking::AsyncStdBlocking,
    super::smol_blocking::SmolBlocking,
    super::tokio_rayon::TokioRayon,
    super::may::May,
    super::compio::Compio,
    super::process::coroutines::ProcessAsync,
    super::process::threads::ProcessThreads,
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
