//! What is measured in every language, and how much of it.

use concbench_workloads::{Class, Count, Factorial, Http, Kernel, Mixed, Noop, Sleep};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A kernel with its size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Sized {
    /// Its name.
    pub(crate) name: String,
    /// What each task does.
    pub(crate) kernel: Kernel,
    /// How many tasks make a batch.
    pub(crate) tasks: u64,
    /// Why it has this size.
    pub(crate) why: String,
}

/// All of them, in the order in which they are shown. They are small: an interpreter computes some fifty times as long as a
/// compiled program, and both run the same.
pub(super) fn kernels(quick: bool) -> Vec<Sized> {
    let size = |usual: u64, few: u64| if quick { few } else { usual };
    let sized = |name: &str, kernel, tasks, why: &str| Sized {
        name: name.to_owned(),
        kernel,
        tasks,
        why: why.to_owned(),
    };
    let http =
        Http { requests: 1, delay_us: 10_000, body_bytes: 64, target: None, path: None, delay_tail: None };
    vec![
        sized(
            "noop",
            Kernel::Noop(Noop {}),
            size(100, 20),
            "100 processes against 100 threads, as the texts create them",
        ),
        sized(
            "count",
            Kernel::Count(Count { n: 100_000 }),
            size(10, 6),
            "10 counts, as in the texts, to a fiftieth of their 5,000,000: some 10 ms each in an interpreter",
        ),
        sized(
            "sleep",
            Kernel::Sleep(Sleep { wait_us: 5_000 }),
            size(100, 20),
            "100 sleeps, as in the texts, of 5 ms: one after the other they take half a second",
        ),
        sized(
            "http",
            Kernel::Http(http),
            size(30, 10),
            "30 requests, as in the texts, each answered after 10 ms: small bodies, since checking them computes",
        ),
        sized(
            "mixed",
            Kernel::Mixed(Mixed { n: 20_000, wait_us: 20_000 }),
            size(16, 6),
            "16 tasks that compute some 2 ms in an interpreter before and after they wait 20 ms",
        ),
        sized(
            "factorial",
            Kernel::Factorial(Factorial { n: 8_000 }),
            size(12, 4),
            "12 factorials, as in the texts, of 8,000 in the place of 100,000, which takes seconds: 15 to 20 ms each in \
             CPython, so that what starts a process does not hide what a lock costs",
        ),
    ]
}

impl Sized {
    /// Whether its tasks mostly compute, so that more workers than cores do not help.
    pub(super) fn computes(&self) -> bool {
        matches!(self.kernel.class(), Class::Cpu | Class::Creation)
    }

    /// Whether languages are compared by it: big integers are a library of each.
    pub(super) fn compares_languages(&self) -> bool {
        !matches!(self.kernel, Kernel::Factorial(_))
    }
}
