//! Definitions as they stand in a file.

use concbench_workloads::Kernel;
use serde::Deserialize;
use serde::de::{Error, Unexpected};

use super::{BatchSize, Definition, Models, SpecError, Workers};
use concbench_text::one_line;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    workload: Vec<WireWorkload>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WireWorkload {
    name: String,
    task: Kernel,
    tasks: Option<u64>,
    tasks_per_core: Option<u64>,
    most_tasks: Option<u64>,
    quick_tasks: Option<u64>,
    quick_tasks_per_core: Option<u64>,
    #[serde(default)]
    teaches: String,
    #[serde(default)]
    why_this_size: String,
    #[serde(default)]
    models: WireModels,
    #[serde(default)]
    workers: Option<Vec<WireWorkers>>,
    #[serde(default)]
    pool_workers: Option<Vec<WireWorkers>>,
    #[serde(default)]
    twin: Option<String>,
    #[serde(default)]
    scaling: Vec<String>,
}

#[derive(Default)]
struct WireModels(Models);

impl<'de> Deserialize<'de> for WireModels {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "`models` is \"default\", \"all\" or a list of model ids")]
        enum Either {
            Word(String),
            List(Vec<String>),
        }
        match Either::deserialize(deserializer)? {
            Either::Word(word) if word == "default" => Ok(Self(Models::Default)),
            Either::Word(word) if word == "all" => Ok(Self(Models::All)),
            Either::Word(word) => Err(D::Error::invalid_value(
                Unexpected::Str(&word),
                &"\"default\", \"all\" or a list of model ids",
            )),
            Either::List(list) => Ok(Self(Models::Named(list))),
        }
    }
}

struct WireWorkers(Workers);

impl<'de> Deserialize<'de> for WireWorkers {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "workers are \"cores\", \"tasks\" or a number from 1")]
        enum Either {
            Number(u64),
            Word(String),
        }
        match Either::deserialize(deserializer)? {
            Either::Number(number) => Ok(Self(Workers::Number(number))),
            Either::Word(word) if word == "cores" => Ok(Self(Workers::Cores)),
            Either::Word(word) if word == "tasks" => Ok(Self(Workers::Tasks)),
            Either::Word(word) => Err(D::Error::invalid_value(
                Unexpected::Str(&word),
                &"\"cores\", \"tasks\" or a number from 1",
            )),
        }
    }
}

/// Reads definitions; `path` is for messages.
pub(super) fn parse(path: &str, text: &str) -> Result<Vec<Definition>, SpecError> {
    let file: File = toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start.min(text.len()));
        let line = text.as_bytes()[..start].iter().filter(|&&byte| byte == b'\n').count() + 1;
        // Not every message names the key, but the line does.
        let there: String = text.lines().nth(line - 1).unwrap_or_default().trim().chars().take(60).collect();
        let message = error.message().lines().collect::<Vec<_>>().join(", ");
        let message = format!("{}, in `{}`", one_line(message), one_line(there));
        SpecError::Parse { path: path.to_owned(), line, message }
    })?;
    if file.workload.is_empty() {
        let message = "there is no workload, one `[[workload]]` at least is needed".to_owned();
        return Err(SpecError::Parse { path: path.to_owned(), line: 1, message });
    }
    file.workload.into_iter().map(definition).collect()
}

/// The number of tasks that is named, of those that may be; one at most.
fn size(
    (tasks_key, tasks): (&'static str, Option<u64>),
    (per_core_key, per_core): (&str, Option<u64>),
    most: Option<u64>,
    name: &str,
) -> Result<Option<BatchSize>, SpecError> {
    match (tasks, per_core) {
        (Some(_), Some(_)) => Err(SpecError::Field {
            workload: one_line(name),
            field: tasks_key,
            what: format!("`{per_core_key}` stands beside it; one of the two is needed"),
        }),
        (tasks, per_core) => {
            Ok(tasks.map(BatchSize::Tasks).or(per_core.map(|tasks| BatchSize::PerCore { tasks, most })))
        }
    }
}

fn definition(wire: WireWorkload) -> Result<Definition, SpecError> {
    let (name, most) = (&wire.name, wire.most_tasks);
    let found = size(("tasks", wire.tasks), ("tasks-per-core", wire.tasks_per_core), most, name)?;
    let refused =
        |field, what: &str| SpecError::Field { workload: one_line(name), field, what: what.to_owned() };
    let Some(batch) = found else {
        return Err(refused("tasks", "it is missing; `tasks` or `tasks-per-core` is needed"));
    };
    let per_core = ("quick-tasks-per-core", wire.quick_tasks_per_core);
    let quick = size(("quick-tasks", wire.quick_tasks), per_core, most, name)?;
    let of_cores = |size: &BatchSize| matches!(size, BatchSize::PerCore { .. });
    if most.is_some() && !of_cores(&batch) && !quick.as_ref().is_some_and(of_cores) {
        return Err(refused("most-tasks", "it limits `tasks-per-core`, which is not there"));
    }
    let rules = |rules: Vec<WireWorkers>| rules.into_iter().map(|rule| rule.0).collect();
    Ok(Definition {
        name: wire.name,
        class: wire.task.class(),
        kernel: Some(wire.task),
        size: batch,
        quick_size: quick,
        teaches: wire.teaches,
        why_this_size: wire.why_this_size,
        models: wire.models.0,
        workers: wire.workers.map_or_else(|| vec![Workers::Cores], rules),
        pool_workers: wire.pool_workers.map(rules),
        twin: wire.twin,
        scaling: wire.scaling,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_file_line_and_key() {
        let text = "[[workload]]\nname = \"a\"\ntask = { kernel = \"count\", n = 1 }\ntasks = 3\nteaches = \"x\"\n\
                    why-this-size = \"y\"\nworkerz = [1]\n";
        let error = parse("own.toml", text).unwrap_err().to_string();
        assert!(error.starts_with("own.toml:7: "), "{error}");
        assert!(error.contains("workerz"), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }

    #[test]
    fn a_size_is_a_number_of_tasks_or_one_for_each_core_and_not_both() {
        let of = |sizes: &str| {
            let text = format!("[[workload]]\nname = \"a\"\ntask = {{ kernel = \"noop\" }}\n{sizes}\n");
            parse("own.toml", &text).map(|mut read| read.remove(0)).map_err(|error| error.to_string())
        };
        assert_eq!(of("tasks = 7").unwrap().size, BatchSize::Tasks(7));
        let read = of("tasks-per-core = 8\nmost-tasks = 64\nquick-tasks-per-core = 4").unwrap();
        assert_eq!(read.size, BatchSize::PerCore { tasks: 8, most: Some(64) });
        assert_eq!(read.quick_size, Some(BatchSize::PerCore { tasks: 4, most: Some(64) }));
        for (sizes, named) in [
            ("", "tasks: it is missing"),
            ("tasks = 7\ntasks-per-core = 8", "tasks: `tasks-per-core` stands beside it"),
            (
                "tasks = 7\nquick-tasks = 2\nquick-tasks-per-core = 8",
                "quick-tasks: `quick-tasks-per-core` stands beside it",
            ),
            ("tasks = 7\nmost-tasks = 9", "most-tasks: it limits `tasks-per-core`"),
        ] {
            let error = of(sizes).unwrap_err();
            assert!(error.contains("workload `a`") && error.contains(named), "{error}");
        }
    }
}
