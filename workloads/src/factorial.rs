use num_bigint::BigUint;
use num_traits::One;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Io, Result, Workload};

/// Multiplies 1 to `n` into one big integer, factor by factor: computing that allocates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Factorial {
    /// The last factor.
    pub n: u64,
}

impl Workload for Factorial {
    async fn task<I: Io>(&self, io: &I, index: u64) -> Result<u64> {
        let n = self.n;
        Ok(index ^ io.compute(move || digits_of_factorial(n)).await)
    }
}

/// Never inlined, so that it is the same machine code under every model.
#[inline(never)]
fn digits_of_factorial(n: u64) -> u64 {
    fold_digits(&factorial(n))
}

fn factorial(n: u64) -> BigUint {
    let mut product = BigUint::one();
    for factor in 2..=n {
        product *= factor;
    }
    product
}

/// FNV-1a over the 64-bit digits, so that the value depends on every digit of the product.
fn fold_digits(number: &BigUint) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    number.iter_u64_digits().fold(OFFSET, |hash, digit| (hash ^ digit).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factorial_of_twenty_five_is_known() {
        assert_eq!(factorial(25).to_string(), "15511210043330985984000000");
    }

    #[test]
    fn the_fold_sees_every_digit() {
        let number = factorial(200);
        assert_ne!(fold_digits(&number), fold_digits(&(number.clone() + 1u32)));
        assert_ne!(fold_digits(&number), fold_digits(&(number + (BigUint::one() << 256))));
    }
}
