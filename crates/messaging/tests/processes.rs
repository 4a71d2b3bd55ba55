//! Every channel, measured in a process of its own, as a runner does it: what it hands over, what it cannot, what happens
//! when a channel misbehaves or a process of it is killed.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use concbench_messaging::doubles::DOUBLES;
use concbench_messaging::{CHANNELS, Channel, Cores, Plan, Shape};
use concbench_stats::SplitMix64;
use libtest_mimic::{Arguments, Failed, Trial};
use rustix::process::{Pid, Signal, kill_process, set_child_subreaper};

/// What the process is to measure: the variable is set for it alone.
const MEASURE: &str = "CONCBENCH_MESSAGING_TEST";
/// What is killed may take so long to end, on a very busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    if let Ok(order) = std::env::var(MEASURE) {
        println!("{}", measure(&order));
        return ExitCode::SUCCESS;
    }
    let mut trials = Vec::new();
    for channel in &CHANNELS {
        trials.push(Trial::test(format!("{}::hands_over_in_every_shape", channel.id), || shapes(channel)));
        trials.push(Trial::test(format!("{}::hands_over_between_cores", channel.id), || two_cores(channel)));
        trials.push(Trial::test(format!("{}::answers", channel.id), || answers(channel)));
        trials.push(Trial::test(format!("{}::holds_what_it_is_told_to", channel.id), || capacities(channel)));
    }
    for double in &DOUBLES {
        trials.push(Trial::test(format!("{}::is_caught", double.id), || caught(double)));
    }
    for (channel, victim) in VICTIMS {
        let name = format!("{channel}::{}::killed", victim.replace(' ', "_"));
        trials.push(Trial::test(name, move || (0..2).try_for_each(|seed| killed(channel, victim, seed))));
        let name = format!("{channel}::{}::killed_100_times", victim.replace(' ', "_"));
        let often = move || (0..100).try_for_each(|seed| killed(channel, victim, seed));
        trials.push(Trial::test(name, often).with_ignored_flag(true));
    }
    let arguments = Arguments { test_threads: Some(1), ..Arguments::from_args() };
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Which process of which channel is killed.
const VICTIMS: [(&str, &str); 7] = [
    ("broker", "the broker process"),
    ("manager", "the manager process"),
    ("pipe", "a producer"),
    ("pipe", "a consumer"),
    ("tcp", "a consumer"),
    ("shared-ring", "a producer"),
    ("shared-ring", "a consumer"),
];

/// Channel, what, bytes, shape, capacity, milliseconds, cores.
fn measure(order: &str) -> String {
    let words: Vec<&str> = order.split(' ').collect();
    let [id, what, bytes, shape, capacity, millis, cores] = words[..] else { panic!("{order}") };
    let channel =
        CHANNELS.iter().chain(&DOUBLES).find(|channel| channel.id == id).expect("it is one of them");
    let plan = Plan {
        bytes: bytes.parse().unwrap(),
        shape: SHAPES[shape.parse::<usize>().unwrap()],
        capacity: serde_json::from_value(capacity.into()).unwrap(),
        cores: if cores == "two" { Cores::Two } else { Cores::One },
        time: Duration::from_millis(millis.parse().unwrap()),
    };
    let said = match what {
        "stream" => channel.stream(&plan).map(|streamed| {
            assert!(streamed.messages > 0 && !streamed.elapsed.is_zero(), "{streamed:?}");
            format!("ok {}", streamed.messages)
        }),
        _ => channel.round_trip(&plan).map(|trips| {
            assert!(trips.p50_ns > 0.0 && trips.p99_ns.is_none_or(|p99| p99 >= trips.p50_ns), "{trips:?}");
            format!("ok {}", trips.rounds)
        }),
    };
    said.unwrap_or_else(|error| error.to_string())
}

const SHAPES: [Shape; 4] = [Shape::OneToOne, Shape::ManyToOne, Shape::OneToMany, Shape::ManyToMany];

/// What a process of its own says that measures.
fn said(order: &str) -> Result<String, Failed> {
    let output = Command::new(std::env::current_exe()?).env(MEASURE, order).output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() || !errors.is_empty() {
        return Err(format!("{order}: {}, {errors}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

fn expect(order: &str, expected: impl Fn(&str) -> bool) -> Result<(), Failed> {
    match said(order)? {
        said if expected(&said) => Ok(()),
        said => Err(format!("{order}: {said}").into()),
    }
}

fn shapes(channel: &Channel) -> Result<(), Failed> {
    let one_receiver = ["std-mpsc", "tokio-mpsc"].contains(&channel.id);
    for (number, shape) in SHAPES.iter().enumerate() {
        let refused = one_receiver && shape.consumers() > 1;
        let right =
            |said: &str| if refused { said.starts_with("it has one") } else { said.starts_with("ok ") };
        expect(&format!("{} stream 256 {number} 64-kib 3 one", channel.id), right)?;
    }
    for bytes in [8, 4096, 1 << 20] {
        expect(&format!("{} stream {bytes} 0 64-kib 3 one", channel.id), |said| said.starts_with("ok "))?;
    }
    Ok(())
}

/// Where the machine has two cores.
fn two_cores(channel: &Channel) -> Result<(), Failed> {
    let one = std::thread::available_parallelism()?.get() == 1;
    ["stream", "answer"].iter().try_for_each(|what| {
        let right =
            |said: &str| if one { said == "this run may use one core" } else { said.starts_with("ok ") };
        expect(&format!("{} {what} 4096 0 64-kib 3 two", channel.id), right)
    })
}

fn answers(channel: &Channel) -> Result<(), Failed> {
    [8, 1 << 20].iter().try_for_each(|bytes| {
        expect(&format!("{} answer {bytes} 0 64-kib 3 one", channel.id), |said| said.starts_with("ok "))
    })
}

fn capacities(channel: &Channel) -> Result<(), Failed> {
    if !channel.has_capacity {
        return Ok(());
    }
    let ring = channel.id == "shared-ring";
    let keeps = ring || ["tokio-mpsc", "async-channel"].contains(&channel.id);
    for (capacity, refused) in [("0", keeps), ("1", false), ("1000", false), ("unbounded", ring)] {
        let right = |said: &str| if refused { !said.starts_with("ok ") } else { said.starts_with("ok ") };
        expect(&format!("{} stream 8 0 {capacity} 3 one", channel.id), right)?;
    }
    Ok(())
}

fn caught(double: &Channel) -> Result<(), Failed> {
    let expected = match double.id.rsplit_once('-').map(|(_, fault)| fault) {
        Some("loses") => "1 of ",
        Some("doubles") => "1 messages of producer 0 came more than once",
        _ => "message 2 of producer 0 came after its message 3",
    };
    expect(&format!("{} stream 8 0 64-kib 100 one", double.id), |said| said.starts_with(expected))
}

/// Kills one process of a channel at a moment that the seed decides, and looks at what its runner says, and at what is left.
fn killed(channel: &str, victim: &str, seed: u64) -> Result<(), Failed> {
    set_child_subreaper(Some(rustix::process::getpid()))?;
    let own = std::process::id();
    let before: BTreeSet<u32> = children(own).into_iter().collect();
    let what = if seed.is_multiple_of(2) { "stream" } else { "answer" };
    let order = format!("{channel} {what} 8 0 64-kib 30000 one");
    let mut runner = Command::new(std::env::current_exe()?)
        .env(MEASURE, &order)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let started = Instant::now();
    let pid = loop {
        let named = |pid: &&u32| comm(**pid).is_some_and(|comm| victim.starts_with(&comm) && comm.len() > 5);
        if let Some(pid) = children(runner.id()).iter().find(named) {
            break *pid;
        }
        if started.elapsed() > PATIENCE {
            runner.kill()?;
            return Err(format!("{order}: there is no process called {victim}").into());
        }
        std::thread::yield_now();
    };
    std::thread::sleep(Duration::from_micros(SplitMix64::new(seed).next_u64() % 20_000));
    kill_process(Pid::from_raw(pid.cast_signed()).expect("it has a number"), Signal::KILL)?;
    while runner.try_wait()?.is_none() {
        if started.elapsed() > PATIENCE {
            runner.kill()?;
            return Err(format!("{order}: it still runs after {victim} was killed").into());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let output = runner.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !said.starts_with(&format!("{victim} was ended by SIGKILL")) {
        return Err(format!("{order}, seed {seed}: {said}{}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let left: Vec<u32> = children(own).into_iter().filter(|pid| !before.contains(pid)).collect();
    if left.is_empty() { Ok(()) } else { Err(format!("{order}, seed {seed}: {left:?} are left").into()) }
}

fn children(pid: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<u32>>())
        .collect()
}

fn comm(pid: u32) -> Option<String> {
    Some(fs::read_to_string(format!("/proc/{pid}/comm")).ok()?.trim().to_owned())
}
