//! Statistics for benchmarks: pure functions of numbers, each with the source of its formula.
//!
//! This crate knows nothing of records, models or reports, and draws no random numbers but those of [`Resampler`], which
//! are the same every time.

mod binomial;
mod bootstrap;
mod estimate;
mod hodges_lehmann;
mod holm;
mod isotonic;
mod joint;
mod kendall;
mod location;
mod mean;
mod memo;
mod normal;
mod one_sided;
mod order;
mod range;
mod rank_sum;
mod signed_rank;
mod splitmix;
mod theil_sen;
mod usl;
mod variance;

pub use binomial::binomial_bound;
pub use bootstrap::{FEWEST_TO_RESAMPLE, RESAMPLES, Resampler, percentile_interval};
pub use estimate::Estimate;
pub use hodges_lehmann::{WalshMeans, hodges_lehmann};
pub use holm::holm;
pub use isotonic::falling;
pub use joint::{JointConfidence, joint_confidence};
pub use kendall::{MonotoneTrend, monotone_trend};
pub use location::Location;
pub use mean::geometric_mean;
pub use normal::{normal_cdf, normal_quantile, standard_error};
pub use one_sided::{OneSided, p_beyond};
pub use order::{
    FEWEST_FOR_P99, FEWEST_FOR_P999, OrderInterval, median, median_interval, quantile, sorted, upper_rank,
};
pub use rank_sum::{rank_sum, shift};
pub use signed_rank::signed_rank;
pub use splitmix::SplitMix64;
pub use theil_sen::{Line, theil_sen};
pub use usl::{UslParameters, fit_amdahl, fit_usl, karp_flatt};
pub use variance::{Components, components};
