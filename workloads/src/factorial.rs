use num_bigint::BigUint;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Io, Result, Workload};

/// Multiplies 1 to `n` into one big integer that starts as the number of the task, factor by factor: computing that
/// allocates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Factorial {
    /// The last factor.
    pub n: u64,
}

impl Workload for Factorial {
    async fn task<I: Io>(&self, io: &I, index: u64) -> Result<u64> {
        let n = self.n;
        Ok(io.compute(move || digits_of_product(start(index), n)).await)
    }
}

/// What a task multiplies from: no other task starts there, and all of them with one whole digit, so that their products
/// are equally long.
fn start(index: u64) -> u64 {
    index | 1 << 63
}

/// Never inlined, so that it is the same machine code under every model.
#[inline(never)]
fn digits_of_product(start: u64, n: u64) -> u64 {
    fold_digits(&product(start, n))
}

/// `start` times the factorial of `n`.
fn product(start: u64, n: u64) -> BigUint {
    let mut product = BigUint::from(start);
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
    use num_traits::One;

    use super::*;

    #[test]
    fn factorial_of_twenty_five_is_known() {
        assert_eq!(product(1, 25).to_string(), "15511210043330985984000000");
    }

    #[test]
    fn the_fold_sees_every_digit() {
        let number = product(1, 200);
        assert_ne!(fold_digits(&number), fold_digits(&(number.clone() + 1u32)));
        assert_ne!(fold_digits(&number), fold_digits(&(number + (BigUint::one() << 256))));
    }

    #[test]
    fn every_task_has_a_product_of_its_own_and_all_are_equally_long() {
        let products: Vec<BigUint> = (0..48).map(|index| product(start(index), 200)).collect();
        let factorial = product(1, 200);
        for (index, product) in products.iter().enumerate() {
            assert_eq!(*product, (BigUint::one() * start(index as u64)) * &factorial);
            assert_eq!(product.iter_u64_digits().len(), products[0].iter_u64_digits().len());
        }
        let folded: std::collections::HashSet<u64> = products.iter().map(fold_digits).collect();
        assert_eq!(folded.len(), products.len());
    }
}
