//! Where the ends of a channel run.

use concbench_model::{ModelError, allowed_cores, bind, confine};

use crate::plan::{Cores, Result};

/// The cores of the two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sides {
    pub(crate) producers: usize,
    pub(crate) consumers: usize,
}

/// Keeps the calling thread, and whatever it starts, on the cores that are asked for; which side has which.
///
/// # Errors
///
/// [`ModelError::Unsupported`] where two are asked for and one may be used; or what the kernel refuses.
pub(crate) fn keep_to(cores: Cores) -> Result<Sides> {
    let mut allowed = allowed_cores()?.into_iter();
    match (cores, allowed.next(), allowed.next()) {
        (Cores::One, Some(core), _) => {
            bind(core);
            Ok(Sides { producers: core, consumers: core })
        }
        (Cores::Two, Some(producers), Some(consumers)) => {
            confine(None, &[producers, consumers])?;
            Ok(Sides { producers, consumers })
        }
        _ => Err(ModelError::Unsupported("this run may use one core".to_owned()).into()),
    }
}
