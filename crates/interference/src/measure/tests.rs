//! Loads on sites that do their work, and on some that do not.

use concbench_model::attempt_blocking;
use concbench_workloads::Count;

use super::*;
use crate::SITES;

/// Fifty short tasks, a millisecond apart, beside computing ones of two stretches.
fn load() -> Load {
    Load {
        workers: 2,
        short_tasks: 50,
        interval_ns: 1_000_000,
        short_steps: 100,
        long_ns: 1_000_000,
        stretch_steps: 100,
        stretches: 2,
        busy_cores: 1.0,
        seed: 7,
        patience: Duration::from_secs(60),
    }
}

/// Those that do not fork: beside other tests there are other threads.
fn sites() -> impl Iterator<Item = &'static crate::Site> {
    SITES.iter().filter(|site| !site.forks)
}

#[test]
fn every_site_does_each_task_once_and_right() {
    for site in sites() {
        let name = format!("{}/{}", site.runtime, site.placement);
        let seen = site.measure(&load()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((seen.latencies_ns.len(), seen.computed), (50, 50), "{name}");
        assert_eq!(seen.handed_late_ns.len(), 50, "{name}");
        assert!(
            seen.latencies_ns.iter().all(|&took| took > 0),
            "{name}: it was done before it was handed over"
        );
    }
}

#[test]
fn a_chain_of_computing_tasks_is_done_to_its_end() {
    let load = Load { long_ns: 10_000, ..load() };
    assert_eq!(load.chain(), 10);
    for site in sites() {
        let seen = site.measure(&load).unwrap_or_else(|error| panic!("{}: {error}", site.words));
        assert_eq!(seen.computed, 5_000, "{}", site.words);
    }
}

#[test]
fn beside_other_threads_no_process_is_forked() {
    for site in SITES.iter().filter(|site| site.forks) {
        // The thread of this test is not the only one.
        let refused = site.measure(&load()).unwrap_err();
        assert!(matches!(refused, ModelError::Unsupported(_)), "{}: {refused}", site.words);
    }
}

#[test]
fn without_computing_tasks_none_is_done() {
    let seen = SITES[0].measure(&Load { long_ns: 0, ..load() }).unwrap();
    assert_eq!((seen.latencies_ns.len(), seen.computed), (50, 0));
}

/// What a site may do wrong.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// It loses a short task.
    Loses,
    /// It does one twice.
    Repeats,
    /// It does one twice, and another never.
    Replaces,
    /// It gives a computing task up half-way.
    GivesUp,
    /// It does a computing task twice.
    ComputesAgain,
}

/// A site that does its tasks at once, with a fault.
struct Faulty(Fault);

impl Takes for Faulty {
    fn start(_: usize) -> Result<Self> {
        unreachable!("it is made by hand")
    }

    fn short(&self, task: Short) {
        let again = |index| Short { index, ledger: Arc::clone(&task.ledger) };
        match (self.0, task.index) {
            (Fault::Loses, 10) => return,
            (Fault::Repeats, 10) => again(10).run(),
            (Fault::Replaces, 10) => return again(11).run(),
            _ => {}
        }
        task.run();
    }

    fn chain(&self, tasks: Vec<Long>) {
        for mut task in tasks {
            match (self.0, task.index) {
                (Fault::GivesUp, 0) => drop(task.stretch()),
                (Fault::ComputesAgain, 0) => {
                    Long::new(0, Arc::clone(&task.ledger)).run();
                    task.run();
                }
                _ => task.run(),
            }
        }
    }
}

#[test]
fn a_site_that_loses_repeats_or_gives_up_a_task_is_caught() {
    let outcome = |fault| {
        let load = Load { patience: Duration::from_millis(20), ..load() };
        let made = run(&load, || Ok(Faulty(fault)));
        made.map(|seen| seen.computed).map_err(|error| error.to_string())
    };
    assert_eq!(outcome(Fault::None), Ok(50));
    let wrong = |fault: Fault, said: &str| {
        let error = outcome(fault).unwrap_err();
        assert!(error.ends_with(said), "{error}");
    };
    wrong(Fault::Loses, "49 of 50 short tasks were done");
    wrong(Fault::Repeats, "51 of 50 short tasks were done");
    wrong(Fault::Replaces, "the short tasks returned something else than they have to");
    wrong(Fault::GivesUp, "49 of 50 computing tasks were done");
    wrong(Fault::ComputesAgain, "51 of 50 computing tasks were done");
}

#[test]
fn computing_that_never_yields_is_told_from_computing_that_does() {
    // As far as counting gets in a fifth of a second here, in a hundred stretches.
    let begun = Instant::now();
    let steps = 1_000_000;
    attempt_blocking(&Count { n: steps }, 1).unwrap();
    let step_ns = begun.elapsed().as_nanos() as f64 / steps as f64;
    let load = Load {
        workers: 1,
        short_tasks: 500,
        long_ns: 200_000_000,
        stretch_steps: (2e6 / step_ns) as u64,
        stretches: 100,
        busy_cores: 0.8,
        ..load()
    };
    let mean = |placement: &str| {
        let site = SITES.iter().find(|site| site.runtime == "tokio" && site.placement == placement).unwrap();
        let seen = site.measure(&load).unwrap();
        seen.latencies_ns.iter().sum::<u64>() / seen.latencies_ns.len() as u64
    };
    // One of several: another program may take the core at any time.
    let told = (0..5).any(|_| mean("inline") > 3 * mean("yielding"));
    assert!(told, "short tasks wait as long behind computing that yields");
}
