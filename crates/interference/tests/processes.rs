//! A site that forks, in a process with one thread: this test has no harness, which would start others.

use std::time::Duration;

use concbench_interference::{Load, SITES};

fn main() {
    let load = Load {
        workers: 2,
        short_tasks: 50,
        interval_ns: 1_000_000,
        short_steps: 100,
        long_ns: 10_000,
        stretch_steps: 100,
        stretches: 2,
        busy_cores: 1.5,
        seed: 7,
        patience: Duration::from_secs(60),
    };
    for site in SITES.iter().filter(|site| site.forks) {
        let seen = site.measure(&load).unwrap_or_else(|error| panic!("{}: {error}", site.words));
        assert_eq!(seen.latencies_ns.len(), 50, "{}", site.words);
        assert_eq!(seen.computed, 5_000, "{}", site.words);
        let children = std::fs::read_to_string("/proc/thread-self/children").unwrap_or_default();
        assert_eq!(children.trim(), "", "{}: processes are left", site.words);
    }
    println!("every process has done what it was asked to, and ended");
}
