//! The statistics that the analysis is made of: pure functions of numbers, each with the source of its formula.

mod binomial;
mod bootstrap;
mod hodges_lehmann;
mod holm;
mod kendall;
mod mean;
mod normal;
mod order;
mod rank_sum;
mod signed_rank;
mod theil_sen;
mod usl;
mod variance;

pub use binomial::binomial_bound;
pub use bootstrap::{FEWEST_TO_RESAMPLE, RESAMPLES, Resampler, percentile_interval};
pub use hodges_lehmann::{Location, hodges_lehmann};
pub use holm::holm;
pub use kendall::{MonotoneTrend, monotone_trend};
pub use mean::geometric_mean;
pub use normal::{normal_cdf, normal_quantile, standard_error};
pub use order::{OrderInterval, median, median_interval, quantile, sorted};
pub use rank_sum::{RankSum, rank_sum, shift};
pub use signed_rank::{SignedRank, signed_rank};
pub use theil_sen::{Line, theil_sen};
pub use usl::{UslParameters, fit_amdahl, fit_usl, karp_flatt};
pub use variance::{Components, components};
