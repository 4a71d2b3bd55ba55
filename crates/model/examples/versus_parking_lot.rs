//! What a lock of parking_lot takes that nobody else wants, from the loop of its authors' benchmark step by step to what the
//! experiment `sharing` does in it: which step costs what. `scripts/versus/crates.sh` runs it.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use concbench_model::clock_ns;
use parking_lot::Mutex;

/// For how long each step is taken, again and again.
const TIME: Duration = Duration::from_secs(1);
/// After how many visits the experiment looks at the clock.
const VISITS: u64 = 64;

/// Nanoseconds a visit: so many are made between two looks at the flag that ends them.
fn visits(per_look: u64, look: impl Fn() + Sync, visit: impl Fn() + Sync) -> f64 {
    let going = AtomicBool::new(true);
    std::thread::scope(|scope| {
        let visitor = scope.spawn(|| {
            let (mut visits, from) = (0, Instant::now());
            while going.load(Relaxed) {
                look();
                (0..per_look).for_each(|_| visit());
                visits += per_look;
            }
            from.elapsed().as_nanos() as f64 / visits as f64
        });
        std::thread::sleep(TIME);
        going.store(false, Relaxed);
        visitor.join().expect("it only counts")
    })
}

fn main() {
    let (lock, number) = (Mutex::new(()), AtomicU64::new(0));
    let empty = || drop(black_box(lock.lock()));
    let update = || {
        let _held = lock.lock();
        let read = number.load(Relaxed);
        number.store(black_box(read) + 1, Relaxed);
    };
    let look = || {
        black_box((clock_ns(), clock_ns()));
    };
    println!("| what | ns a visit |");
    println!("| --- | ---: |");
    let row = |what: &str, took: f64| println!("| {what} | {took:.1} |");
    row(
        "the loop of parking_lot's `mutex 1 0 0`: nothing inside, a flag behind each visit",
        visits(1, || {}, empty),
    );
    row("a number read and written inside", visits(1, || {}, update));
    row("the flag, and the clock twice, once in 64 visits", visits(VISITS, look, update));
}
