//! Every construct in every form, each in a process of its own, as a runner starts it; and processes that are killed.

use std::io::Read;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use concbench_constructs::{completion, tree};
use libtest_mimic::{Arguments, Failed, Trial};
use rustix::process::{Pid, Signal, kill_process};

/// What the process is to run: the variable is set for it alone.
const RUN: &str = "CONCBENCH_CONSTRUCTS_TEST";
const WORKERS: usize = 2;
/// What hangs is given up after far longer than it may take.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    if let Ok(order) = std::env::var(RUN) {
        println!("{}", run(&order).unwrap_or_else(|error| error.to_string()));
        return ExitCode::SUCCESS;
    }
    let mut trials = Vec::new();
    for construct in &completion::CONSTRUCTS {
        for form in completion::FORMS.iter().filter(|form| construct.form(**form).is_ok()) {
            let order = format!("completion {} {}", construct.id, *form as usize);
            trials.push(Trial::test(order.replace(' ', "::"), move || expect(&order, "ok")));
        }
    }
    for form in completion::FORMS {
        let order = format!("killed process-pool {}", form as usize);
        let died = "a worker process was ended by SIGKILL (signal 9), possibly out of memory";
        trials.push(Trial::test(order.replace(' ', "::"), move || expect(&order, died)));
    }
    for construct in &tree::CONSTRUCTS {
        for growth in [tree::Growth { children: 10, depth: 2 }, tree::Growth { children: 2, depth: 6 }] {
            for form in tree::FORMS.iter().filter(|form| construct.can(growth, **form).is_ok()) {
                let tree::Growth { children, depth } = growth;
                let order = format!("tree {} {} {children} {depth}", construct.id, *form as usize);
                trials.push(Trial::test(order.replace(' ', "::"), move || expect(&order, "ok")));
            }
        }
    }
    trials.push(Trial::test("killed::process-fork", killed_in_a_tree));
    let arguments = Arguments { test_threads: Some(1), ..Arguments::from_args() };
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn run(order: &str) -> concbench_constructs::Result<String> {
    let words: Vec<&str> = order.split(' ').collect();
    let number = |place: usize| words[place].parse::<usize>().unwrap();
    match words[0] {
        what @ ("completion" | "killed") => {
            let form = completion::FORMS[number(2)];
            let construct = completion::CONSTRUCTS.iter().find(|construct| construct.id == words[1]).unwrap();
            let mut running = construct.start(WORKERS)?;
            let batches = match what {
                "killed" => {
                    std::thread::spawn(kill_a_child);
                    // Until the batch in which it dies, or the next.
                    usize::MAX
                }
                _ => 2,
            };
            for _ in 0..batches {
                let times = running.batch(form)?.checked(form)?;
                assert!(times.first <= times.half && times.half <= times.last, "{times:?}");
            }
        }
        "standing" => {
            let mut running = tree_of(words[1]).start(WORKERS)?;
            // It stands until whoever kills one of its processes has done so.
            let mut look = || drop(std::io::stdin().read(&mut [0]));
            running.stand(tree::Growth { children: 10, depth: 2 }, &mut look)?;
        }
        _ => {
            let form = tree::FORMS[number(2)];
            let growth = tree::Growth { children: number(3) as u64, depth: number(4) as u32 };
            let mut running = tree_of(words[1]).start(WORKERS)?;
            for _ in 0..2 {
                running.grow(growth, form)?.checked(growth)?;
            }
            let mut looks = 0;
            if let Some(grown) = running.stand(growth, &mut || looks += 1)? {
                grown.checked(growth)?;
                assert_eq!(looks, 1);
            }
        }
    }
    Ok("ok".to_owned())
}

fn tree_of(id: &str) -> &'static tree::Construct {
    tree::CONSTRUCTS.iter().find(|construct| construct.id == id).unwrap()
}

/// Kills a process that this one has started, most likely in the middle of a batch.
fn kill_a_child() {
    std::thread::sleep(Duration::from_millis(2));
    kill(children(std::process::id())[0]);
}

/// Kills a process of a tree as soon as it is there, before its leaves are.
fn killed_in_a_tree() -> Result<(), Failed> {
    let mut tree = start("standing process-fork")?;
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        if let Some(inner) = children(tree.id()).into_iter().flat_map(children).next() {
            kill(inner);
            break;
        }
    }
    drop(tree.stdin.take());
    says(tree, "the process of a task exited with code 1 before its work was done")
}

fn children(process: u32) -> Vec<u32> {
    let children = std::fs::read_to_string(format!("/proc/{process}/task/{process}/children"));
    children.unwrap_or_default().split_whitespace().map(|child| child.parse().unwrap()).collect()
}

fn kill(process: u32) {
    kill_process(Pid::from_raw(process.cast_signed()).unwrap(), Signal::KILL).unwrap();
}

/// Has another process run it, and compares what that says.
fn expect(order: &str, wanted: &str) -> Result<(), Failed> {
    says(start(order)?, wanted)
}

fn start(order: &str) -> std::io::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.env(RUN, order).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
}

fn says(mut child: Child, wanted: &str) -> Result<(), Failed> {
    let until = Instant::now() + PATIENCE;
    while child.try_wait()?.is_none() {
        if Instant::now() > until {
            child.kill()?;
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let output = child.wait_with_output()?;
    let (said, errors) =
        (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr));
    match output.status.success() && said.trim() == wanted {
        true => Ok(()),
        false => Err(format!("{}, {said}{errors}", output.status).into()),
    }
}
