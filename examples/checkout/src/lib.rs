//! A shop, of which concbench measures one thing: see `benches/checkout.rs`.

/// What a basket of 20,000 articles costs, in cents, discounts included.
#[inline(never)]
pub fn total(basket: u64) -> u64 {
    (0..20_000)
        .map(|article| price(basket ^ article))
        .fold(0, |sum: u64, price| sum + price - price / (7 + sum % 5))
}

/// What an article costs, in cents: from 1 to 100,000.
fn price(article: u64) -> u64 {
    article.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 100_000 + 1
}
