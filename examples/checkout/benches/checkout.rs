//! A checkout computes a bit and asks two services: which concurrency model suits that?

use std::time::Duration;

use concbench::{Harness, Io, Result, Workload};

struct Checkout {
    payment: Duration,
    stock: Duration,
}

impl Workload for Checkout {
    async fn task<I: Io>(&self, io: &I, index: u64) -> Result<u64> {
        let total = io.compute(move || checkout::total(index)).await;
        io.sleep(self.payment).await;
        io.sleep(self.stock).await;
        Ok(total)
    }
}

fn main() -> std::process::ExitCode {
    let checkout = Checkout { payment: Duration::from_millis(2), stock: Duration::from_millis(1) };
    Harness::new().workload("checkout", checkout).main()
}
