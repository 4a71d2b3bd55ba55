//! What the tasks of each model can share: a trial for each model and each kind of object, and holders that are killed.
//!
//! Each trial runs in a fresh process, which is started again for the processes of models.

mod kill;
mod own;
mod trial;

use std::process::ExitCode;

use concbench::model::process::Role;
use concbench::models::{BuiltIn, Catalogue, TaskSpec, built_in_tasks};

fn main() -> ExitCode {
    match Role::take() {
        Ok(None) => {}
        Ok(Some(Role::Manager)) => return ExitCode::from(concbench_sharing::manager::serve().unwrap()),
        Ok(Some(role)) => {
            let task_spec: TaskSpec = serde_json::from_str(role.task_spec().unwrap()).unwrap();
            let tasks = match own::Counter::named(&task_spec.name) {
                Some(counter) => counter.tasks(&task_spec),
                None => built_in_tasks(&task_spec).unwrap().unwrap(),
            };
            return ExitCode::from(u8::try_from(tasks.process(&role).unwrap()).unwrap());
        }
        Err(error) => panic!("{error}"),
    }
    if let Some(code) = trial::run_here() {
        return code;
    }
    let mut trials: Vec<_> = BuiltIn::infos().iter().flat_map(trial::of).collect();
    trials.extend(kill::trials());
    libtest_mimic::run(&libtest_mimic::Arguments::from_args(), trials).exit_code()
}
