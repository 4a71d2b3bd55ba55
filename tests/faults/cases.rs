//! The rows of the fault table, as tests and as a table.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::{
    channels, clocks, closed, damage, disk, ends, groups, input, kills, leave, limits, ports, resume, steps,
    strangers, stuck, target, terminal, user,
};

/// What came of a case that did not fail.
pub(crate) enum Held {
    /// So many faults were injected, and each time what should hold held.
    Times(u32),
    /// It cannot be injected here: what it needs.
    Skipped(String),
}

/// One way to inject one fault.
pub(crate) struct Case {
    /// The row of the table.
    row: &'static str,
    name: &'static str,
    /// Whether it takes too long for every test run.
    slow: bool,
    /// Whether it kills a supervisor: the zombies that are left then come to this process, where a case beside it would
    /// take them for its own.
    alone: bool,
    run: fn() -> Held,
}

const fn quick(row: &'static str, name: &'static str, run: fn() -> Held) -> Case {
    Case { row, name, slow: false, alone: false, run }
}

const fn slow(row: &'static str, name: &'static str, run: fn() -> Held) -> Case {
    Case { row, name, slow: true, alone: false, run }
}

const fn alone(case: Case) -> Case {
    Case { alone: true, ..case }
}

/// Held by the cases that run beside each other, and by one that must be alone.
static BESIDE: RwLock<()> = RwLock::new(());

const CASES: &[Case] = &[
    quick("worker or task process killed at a random point", "killed-anywhere", || kills::anywhere(3)),
    slow("worker or task process killed at a random point", "killed-anywhere-200", || kills::anywhere(200)),
    quick("runner goes wrong at each step of its model", "steps-of-model", steps::of_models),
    quick("runner goes wrong at each step of the protocol", "steps-of-protocol", steps::of_answers),
    slow("runner goes wrong at each step of the protocol", "answered-and-stays", steps::stays),
    quick("runner dies while criterion samples", "criterion", user::criterion),
    slow("runner dies while criterion samples", "steps-under-criterion", steps::under_criterion),
    quick("holder of a shared lock, or a manager, killed", "holders-killed", || kills::holders(3)),
    slow("holder of a shared lock, or a manager, killed", "holders-killed-100", || kills::holders(100)),
    quick("worker stopped (SIGSTOP)", "worker-stopped", kills::stopped),
    quick("broker or manager of an experiment dies", "broker-killed", || channels::killed(2)),
    slow("broker or manager of an experiment dies", "broker-killed-100", || channels::killed(100)),
    quick("broker or manager of an experiment stalls", "broker-stopped", channels::stopped),
    quick("models that misbehave, hang, deadlock, crash", "models", user::models),
    quick("a lock copied by fork", "copied-lock", user::copied_lock),
    quick("out of memory", "memory", limits::memory),
    alone(quick("out of memory", "memory-of-group", limits::memory_of_group)),
    quick("shared objects that protect nothing", "unprotected", user::unprotected),
    quick("workloads that misbehave, leave a daemon behind", "workloads", user::workloads),
    alone(quick("supervisor killed with SIGKILL", "supervisor-killed", || ends::supervisor_killed(3))),
    alone(slow("supervisor killed with SIGKILL", "supervisor-killed-30", || ends::supervisor_killed(30))),
    alone(quick("only the parent (cargo) killed", "parent-killed", ends::parent_killed)),
    quick("Ctrl-C, SIGTERM, SIGHUP", "asked-to-end", ends::asked_to_end),
    quick("Ctrl-C, SIGTERM, SIGHUP", "terminal", terminal::interrupted),
    quick("Ctrl-C, SIGTERM, SIGHUP", "told-twice", ends::told_twice),
    quick("Ctrl-C, SIGTERM, SIGHUP", "told-to-ignore", ends::told_to_ignore),
    quick("Ctrl-C twice", "asked-twice", ends::asked_twice),
    quick("Ctrl-Z, then continue", "stopped-and-continued", ends::stopped_and_continued),
    quick("Ctrl-Z, then continue", "stopped-by-key", terminal::stopped_and_continued),
    alone(quick("run resumed after SIGKILL", "resumed", || resume::after_kills(2))),
    alone(slow("run resumed after SIGKILL", "resumed-10", || resume::after_kills(10))),
    alone(quick("run resumed after SIGKILL", "resumed-all", || resume::every_experiment(3))),
    alone(slow("run resumed after SIGKILL", "resumed-default-matrix", || resume::default_matrix(10))),
    quick("resumed on another build, machine or setting", "resume-refused", resume::refused),
    quick("16 file descriptors", "descriptors", limits::descriptors),
    quick("more tasks than limits allow", "crowd", limits::crowd),
    quick("more tasks than limits allow", "crowd-of-user", limits::tasks_of_user),
    quick("port in use", "port-taken", ports::taken),
    quick("ports exhausted", "ports-exhausted", ports::exhausted),
    quick("no network", "no-network", ports::no_network),
    quick("HTTP target refuses, lies or stalls", "target-lies", target::lies),
    quick("HTTP target dies", "target-dies", target::dies),
    quick("HTTP target is stopped", "target-stops", target::stops),
    quick("file too large", "file-size", disk::file_size),
    quick("disk full", "disk-full", disk::disk_full),
    quick("disk full", "disk-full-under-report", disk::full_under_report),
    quick("disk full", "output-full", disk::full_output),
    quick("read-only target", "read-only", disk::read_only),
    quick("a place that is taken", "place-taken", disk::taken),
    quick("folders that cannot be synced", "no-folder-sync", disk::no_folder_sync),
    quick("torn journal", "journal-torn", resume::torn),
    quick("two runs into one place", "two-into-one", resume::two_into_one),
    quick("two runs into one place", "two-at-once", resume::two_at_once),
    quick("bad arguments", "arguments", input::arguments),
    quick("bad arguments", "switches", input::switches),
    quick("an error and what caused it", "causes", input::causes),
    quick("bad definitions", "definitions", input::definitions),
    quick("no file where one is expected", "endless", input::endless),
    quick("hostile record given to report", "records", damage::records),
    quick("standard output closed", "output-closed", closed::outputs),
    quick("clock stepped", "clock-stepped", clocks::stepped),
    quick("clock beyond all dates", "beyond-dates", clocks::beyond_dates),
    quick("clock that is coarse", "coarse", clocks::coarse),
    alone(quick("self-test killed", "selftest-killed", ends::selftest_killed)),
    quick("machine suspended", "suspended-before", clocks::slept_before),
    quick("machine suspended", "suspended-meanwhile", clocks::suspended),
    alone(quick("processes of others", "strangers-of-a-shell", strangers::of_a_shell)),
    alone(quick("processes of others", "first-of-a-namespace", strangers::of_a_namespace)),
    alone(slow("processes of others", "whole-quick-among-strangers", strangers::whole)),
    alone(quick("system calls beyond docs/SECURITY.md", "system-calls", leave::calls)),
    quick("`/proc` of another PID namespace", "proc-of-outside", strangers::outside),
    quick("started through a loader by hand", "loader", strangers::loader),
    alone(quick("what was killed does not end", "kept-by-debugger", stuck::kept)),
    alone(quick("what was killed does not end", "target-kept-by-debugger", stuck::kept_target)),
    alone(quick("run frozen and thawed", "frozen", stuck::frozen)),
    quick("SIGCONT without a stop", "continued", stuck::continued),
    quick("processors taken from the run", "narrowed", stuck::narrowed),
    quick("standard error that nobody reads", "unread-errors", stuck::unread),
    quick("runner killed in a control group of its own", "killed-in-group", groups::killed_inside),
    quick("control group cannot be made or written", "groups-read-only", groups::read_only),
];

pub(crate) fn main() -> ExitCode {
    // What a killed supervisor leaves behind comes here, where it is seen.
    let own = rustix::process::getpid();
    rustix::process::set_child_subreaper(Some(own)).expect("every process may adopt orphans");
    heed_signals();
    match std::env::var_os("FAULTS_TABLE") {
        Some(path) => table(path.as_ref()),
        None => {
            let trials = CASES.iter().map(trial).collect();
            libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
        }
    }
}

/// Has the programs under test begin with the usual dispositions: what this process ignores, because of nohup say, they
/// would ignore, too, while a handler does not outlive the start of another program.
fn heed_signals() {
    for number in [SIGINT, SIGTERM, SIGHUP] {
        let always = Arc::new(AtomicBool::new(true));
        signal_hook::flag::register_conditional_default(number, always).expect("a handler");
    }
}

fn trial(case: &'static Case) -> Trial {
    let run = || {
        // A case that failed has harmed no other.
        let (_beside, _alone) = match case.alone {
            false => (Some(BESIDE.read().unwrap_or_else(PoisonError::into_inner)), None),
            true => (None, Some(BESIDE.write().unwrap_or_else(PoisonError::into_inner))),
        };
        (case.run)()
    };
    Trial::ignorable_test(case.name, move || match run() {
        Held::Times(0) => Err(Failed::from("nothing was injected")),
        Held::Times(_) => Ok(Completion::Completed),
        Held::Skipped(needs) => Ok(Completion::ignored_with(format!("skipped: needs {needs}"))),
    })
    .with_ignored_flag(case.slow)
}

/// Runs every case and writes down what came of it.
fn table(path: &std::path::Path) -> ExitCode {
    let mut text = String::from(
        "# Faults, injected\n\nWritten by `make faults`. After every injection: no process of the run is left, not even \
         a zombie, no file outside its folder, every planned cell is `ok` or has a reason, and the record parses.\n\n\
         | row | case | injected | held | skipped |\n| --- | --- | ---: | ---: | --- |\n",
    );
    let mut failed = 0;
    for case in CASES {
        let started = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(case.run));
        let (injected, held, skipped) = match outcome {
            Ok(Held::Times(times)) => (times.to_string(), times.to_string(), String::new()),
            Ok(Held::Skipped(needs)) => (String::new(), String::new(), format!("needs {needs}")),
            Err(_) => {
                failed += 1;
                ("some".to_owned(), "**not always**".to_owned(), String::new())
            }
        };
        println!("{}: {injected} {skipped} ({:.1} s)", case.name, started.elapsed().as_secs_f64());
        let line = format!("| {} | `{}` | {injected} | {held} | {skipped} |\n", case.row, case.name);
        text.push_str(&line);
    }
    std::fs::write(path, text).expect("the table can be written");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
