//! Which constructs of the languages correspond to each other.

use concbench_charts::Table;

use super::Found;
use crate::experiment::languages::own;
use crate::report::text;

/// What they do, and the models that do it, each by the id that it has in its language.
const SAME: [(&str, &[&str]); 14] = [
    ("one task after the other", &["sequential", "loop"]),
    ("a process a task, with a fresh program", &["process-spawn"]),
    ("a process a task, copied from this one", &["process-fork"]),
    ("a process a task, copied from a server", &["process-forkserver"]),
    ("a pool of processes", &["process-pool", "pool-map-1", "process-executor"]),
    ("a pool of processes, several tasks at once", &["process-pool-chunked", "pool-map", "pool-map-256"]),
    ("a thread a task", &["thread-spawn", "threads"]),
    ("a pool of threads", &["thread-pool", "fixed-pool", "worker-threads", "worker-pool"]),
    ("a pool that steals tasks", &["rayon", "fork-join"]),
    (
        "coroutines on one thread",
        &[
            "tokio-current-thread",
            "join-all",
            "asyncio-tasks",
            "asyncio-gather",
            "asyncio-taskgroup",
            "uvloop",
            "trio",
            "promises",
            "goroutines-one-core",
        ],
    ),
    ("coroutines on all cores", &["tokio-multi-thread", "goroutines", "virtual-threads"]),
    ("coroutines with stacks that switch where they wait", &["may", "gevent"]),
    (
        "an event loop that hands blocking calls to a pool",
        &["tokio-blocking", "asyncio-threads", "asyncio-processes"],
    ),
    ("processes with an event loop each", &["process-async", "process-asyncio", "aiomultiprocess"]),
];

/// What is called so in JavaScript starts a fresh program: nothing there is copied.
const OTHERWISE: [(&str, &str, &str); 1] =
    [("node", "process-fork", "a process a task, with a fresh program")];

impl Found<'_> {
    /// A row for each thing that is done, a column for each language.
    pub(super) fn constructs(&self) -> Table {
        let runners = self.runners();
        let heads = runners.iter().map(|runner| self.label(&runner.name));
        let columns = std::iter::once("what is done".to_owned()).chain(heads).collect();
        let row = |(what, ids): &(&str, &[&str])| {
            let of_runner = |runner: &concbench_external::Manifest| {
                let does = |model: &&concbench_external::Model| does(&runner.name, &model.id, what, ids);
                let names = runner.models.iter().filter(does).map(|model| match runner.name == own::NAME {
                    true => text::name(&model.id),
                    false => text::clip(&model.construct, 80),
                });
                names.collect::<Vec<_>>().join("; ")
            };
            std::iter::once((*what).to_owned()).chain(runners.iter().map(of_runner)).collect()
        };
        Table { columns, rows: SAME.iter().map(row).collect() }
    }
}

fn does(runner: &str, model: &str, what: &str, ids: &[&str]) -> bool {
    match OTHERWISE.iter().find(|(name, id, _)| (*name, *id) == (runner, model)) {
        Some((.., otherwise)) => *otherwise == what,
        None => ids.contains(&model),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_that_comes_with_concbench_corresponds_to_one_thing() {
        for one in concbench_external::built_ins() {
            for model in one.manifest().models {
                let rows = SAME.iter().filter(|(what, ids)| does(one.name, &model.id, what, ids));
                assert_eq!(rows.count(), 1, "{}: {}", one.name, model.id);
            }
        }
    }
}
