//! What the texts show by example, as tables of this run: each way of doing the same, a row for each language.

use concbench_charts::Table;
use concbench_text::figures as units;

use super::tables::time;
use super::{Found, Record, summary};
use crate::experiment::languages::Sized;

/// A system of the texts.
struct Told {
    /// What is shown.
    title: &'static str,
    /// Its figures there.
    says: &'static str,
    kernel: &'static str,
    /// Each way of doing it: what it is called, the models of which each language has one, and with how many workers.
    ways: &'static [(&'static str, &'static [&'static str], Option<u64>)],
}

/// In the order of the texts.
const TOLD: [Told; 7] = [
    Told {
        title: "Creating tasks that do nothing",
        says: "creating 100 processes takes far longer than creating 100 threads",
        kernel: "noop",
        ways: &[
            ("a process each, fresh", &["process-spawn"], None),
            ("a process each, copied", &["process-fork"], None),
            ("a process each, by a server", &["process-forkserver"], None),
            ("a thread each", &["threads", "thread-spawn"], None),
            (
                "a coroutine each",
                &["asyncio-gather", "tokio-current-thread", "promises", "goroutines", "virtual-threads"],
                None,
            ),
        ],
    },
    Told {
        title: "Counting in a pool, by how tasks are handed out",
        says: "ten counts in a pool of 5 processes",
        kernel: "count",
        ways: &[
            ("one after the other", &["sequential"], None),
            ("process pool, one at a time", &["pool-map-1", "process-pool"], None),
            ("process pool, the library's chunks", &["pool-map"], None),
            ("process pool, chunks of 256", &["pool-map-256"], None),
            ("thread pool", &["thread-pool", "fixed-pool", "worker-threads", "worker-pool"], None),
        ],
    },
    Told {
        title: "Sleeping by threads and by processes",
        says: "100 sleeps by threads take one sleep, and by processes what starting these takes",
        kernel: "sleep",
        ways: &[
            ("one after the other", &["sequential"], None),
            ("a thread each", &["threads", "thread-spawn"], None),
            ("a process each, copied", &["process-fork"], None),
            ("a process each, fresh", &["process-spawn"], None),
        ],
    },
    Told {
        title: "Green threads that switch where they wait",
        says: "gevent: 8.01 s one after the other, 5.02 s together",
        kernel: "sleep",
        ways: &[
            ("one after the other", &["sequential"], None),
            ("gevent, or may", &["gevent", "may"], None),
            ("an event loop", &["asyncio-gather", "tokio-current-thread", "promises"], None),
            ("goroutines, or virtual threads", &["goroutines", "virtual-threads"], None),
        ],
    },
    Told {
        title: "Requests one after the other and by coroutines",
        says: "10 and 30 requests: 3.9 s and 13.34 s one after the other, 2.01 s by coroutines",
        kernel: "http",
        ways: &[
            ("one after the other", &["sequential"], None),
            (
                "by coroutines",
                &["asyncio-gather", "tokio-current-thread", "promises", "goroutines", "virtual-threads"],
                None,
            ),
            ("on uvloop", &["uvloop"], None),
            ("a thread each", &["threads", "thread-spawn"], None),
        ],
    },
    Told {
        title: "Blocking calls handed from an event loop to a pool of threads",
        says: "a pool of 3, of 5 and of 10",
        kernel: "sleep",
        ways: &[
            ("of 3", &["asyncio-threads", "tokio-blocking"], Some(3)),
            ("of 5", &["asyncio-threads", "tokio-blocking"], Some(5)),
            ("of 10", &["asyncio-threads", "tokio-blocking"], Some(10)),
        ],
    },
    Told {
        title: "Processes that each run an event loop",
        says: "8 processes with 16 coroutines each",
        kernel: "http",
        ways: &[
            ("one event loop", &["asyncio-gather", "tokio-current-thread"], None),
            ("two processes with one each", &["process-asyncio", "process-async"], Some(2)),
            ("aiomultiprocess", &["aiomultiprocess"], Some(2)),
        ],
    },
];

impl Found<'_> {
    /// A table for each of which two ways were measured in some language; with its title.
    pub(super) fn texts(&self) -> Vec<(String, Table)> {
        TOLD.iter().filter_map(|told| self.told(told)).collect()
    }

    fn told(&self, told: &Told) -> Option<(String, Table)> {
        let kernel = self.record.setup.kernels.iter().find(|kernel| kernel.name == told.kernel)?;
        let rows: Vec<Vec<String>> =
            self.runners().iter().filter_map(|runner| self.row(&runner.name, told)).collect();
        let ways = told.ways.iter().map(|(way, ..)| (*way).to_owned());
        let columns = std::iter::once("language".to_owned()).chain(ways).collect();
        (!rows.is_empty()).then(|| (title(told, kernel), Table { columns, rows }))
    }

    /// The times of a language; `None` where it has fewer than two ways.
    fn row(&self, runner: &str, told: &Told) -> Option<Vec<String>> {
        let cells: Vec<Option<&Record>> = told
            .ways
            .iter()
            .map(|(_, models, workers)| {
                self.of(runner, told.kernel).find(|cell| {
                    models.contains(&cell.factors.id_there())
                        && workers.is_none_or(|workers| workers == cell.factors.workers)
                })
            })
            .collect();
        if cells.iter().flatten().count() < 2 {
            return None;
        }
        let shown =
            |cell: &Option<&Record>| cell.map_or("none".to_owned(), |cell| time(summary(cell, "steady_ns")));
        Some(std::iter::once(self.label(runner)).chain(cells.iter().map(shown)).collect())
    }
}

fn title(told: &Told, kernel: &Sized) -> String {
    let wait = match kernel.kernel.wait_ns() {
        0 => String::new(),
        wait => format!(" that wait {}", units::exact_time(wait)),
    };
    format!("{}: {} tasks{wait} (the texts: {})", told.title, kernel.tasks, told.says)
}
