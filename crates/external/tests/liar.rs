//! A runner that lies, in every variant: each ends as a trouble of the right kind with its reason, and in time.

use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use concbench_external::{Ending, Kind, Launch, Order, Seen, Trouble, describe, observe};
use concbench_model::Digest;
use concbench_workloads::{Kernel, Noop};

/// Far longer than anything takes that ends by itself.
const LONG: Duration = Duration::from_secs(120);
/// For what hangs: it ends by the deadline, however busy the machine is.
const SHORT: Duration = Duration::from_secs(2);

/// The interpreter itself: a shim before it would take longer to start than all the rest.
fn python() -> &'static str {
    static PYTHON: LazyLock<String> = LazyLock::new(|| {
        let asked =
            Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().unwrap();
        String::from_utf8(asked.stdout).unwrap().trim().to_owned()
    });
    &PYTHON
}

fn launch(does: &str) -> Launch {
    let mut command = Command::new(python());
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/liar.py")).arg(does);
    Launch { called: "the liar".to_owned(), command, remedy: "speak the truth".to_owned() }
}

fn seen(does: &str, deadline: Duration) -> Result<Seen, Trouble> {
    let kernel = Kernel::Noop(Noop {});
    let order =
        Order { kernel, model: "loop".to_owned(), tasks: 3, workers: 1, batches: 2, warm_ms: 0, most: 5 };
    let mut expected = Digest::default();
    (0..3).for_each(|index| expected.add(index, index));
    observe(launch(does), &order, Some(expected), Ending::Again, deadline, &mut ())
}

fn trouble(does: &str, deadline: Duration) -> Trouble {
    match seen(does, deadline) {
        Ok(seen) => panic!("{does}: {seen:?}"),
        Err(trouble) => trouble,
    }
}

#[test]
fn a_runner_that_speaks_the_truth_is_believed() {
    let seen = seen("nothing", LONG).unwrap();
    assert_eq!((seen.batches.len(), seen.digest.tasks), (2, 3));
    assert!(seen.startup_ns > 0 && seen.shutdown_ns > 0);
}

#[test]
fn whatever_a_runner_lies_about_or_does_wrong_is_its_failure_with_the_reason() {
    for (does, says) in [
        ("created", "batch 1: 4 of 3 tasks created"),
        ("completed", "batch 1: 2 of 3 tasks completed"),
        ("digest", "batch 1: the tasks returned something else"),
        ("digest-later", "batch 2: the tasks returned something else"),
        ("short", "its batches took "),
        ("long", "its batches took "),
        ("huge", "its batches took 18446744073709551615 ns"),
        ("beyond", "it said `batch 100000000000000000000 3 3"),
        ("rubbish", "it said `Traceback (most recent call last):`"),
        ("bytes", "it said a line that is no text"),
        ("endless-line", "a line of more than 65536 bytes"),
        ("endless-lines", "it said `y`"),
        ("failed", "it has no room"),
        ("early-end", "it said `end`, where `ready` was to come"),
        ("twice", "it said `ready`, where a batch or `end` was to come"),
        ("few", "0 of the 2 batches that were asked for"),
        ("endless-batches", "more than the 5 batches that were asked for"),
        ("end-rubbish", "`and more` behind its last answer"),
        ("end-seven", "it ended with code 7"),
    ] {
        let found = trouble(does, LONG);
        assert_eq!(found.kind, Kind::Failed, "{does}: {found:?}");
        assert!(found.reason.starts_with(says), "{does}: {found:?}");
        assert!(!found.reason.contains('\n'), "{does}: {found:?}");
    }
}

#[test]
fn a_runner_that_dies_at_any_step_has_crashed_and_its_last_words_are_kept() {
    for (does, says) in [
        ("die-start", "the liar exited with code 0 before its work was done"),
        ("die-start-seven", "the liar exited with code 7 before its work was done"),
        ("die-start-kill", "the liar was ended by SIGKILL"),
        ("die-ready", "the liar exited with code 0"),
        ("die-ready-kill", "the liar was ended by SIGKILL"),
        ("die-batch", "the liar exited with code 0"),
        ("die-batch-seven", "the liar exited with code 7"),
        ("die-end", "the liar exited with code 0"),
        ("half", "the liar exited with code 0"),
        ("again-die", "the liar exited with code 0"),
        ("errors", "the liar exited with code 1"),
        ("closed", "the liar closed its output before its work was done"),
        ("end-kill", "the liar was ended by SIGKILL"),
    ] {
        let begun = Instant::now();
        let found = trouble(does, LONG);
        assert!(begun.elapsed() < LONG / 2, "{does} was waited for");
        assert_eq!(found.kind, Kind::Crashed, "{does}: {found:?}");
        assert!(found.reason.starts_with(says), "{does}: {found:?}");
        if does == "errors" {
            let tail = found.stderr_tail.unwrap();
            assert!(tail.ends_with("no room") && tail.len() <= 4096, "{} bytes", tail.len());
        }
    }
}

#[test]
fn a_runner_that_is_silent_or_deaf_at_any_step_is_ended_by_the_deadline() {
    for (does, says) in [
        ("silence", "it said nothing more within 2 s"),
        ("ready-silence", "it said nothing more within 2 s"),
        ("half-silence", "it said nothing more within 2 s"),
        ("again-silence", "it said nothing more within 2 s"),
        ("end-silence", "it said nothing more within 2 s"),
        ("end-deaf", "it did not end when nothing more was asked within 2 s"),
    ] {
        let begun = Instant::now();
        let found = trouble(does, SHORT);
        assert_eq!(found.kind, Kind::TimedOut, "{does}: {found:?}");
        assert!(found.reason.starts_with(says), "{does}: {found:?}");
        assert!(begun.elapsed() >= SHORT, "{does}");
    }
}

#[test]
fn what_is_not_there_is_unsupported_with_the_remedy() {
    assert_eq!(trouble("unsupported", LONG).kind, Kind::Unsupported);
    let nowhere = Launch {
        called: "cobol".to_owned(),
        command: Command::new("/nowhere/cobol"),
        remedy: "install it".to_owned(),
    };
    let found = describe(nowhere, LONG).unwrap_err();
    assert_eq!((found.kind, found.reason.as_str()), (Kind::Unsupported, "cobol is not there; install it"));
}

#[test]
fn a_description_that_is_none_is_said_so() {
    for (does, kind, says) in [
        ("describe-rubbish", Kind::Failed, "the description is none: EOF"),
        ("describe-unsupported", Kind::Unsupported, "too old"),
        ("describe-die-seven", Kind::Crashed, "the liar exited with code 7"),
        ("rubbish", Kind::Failed, "the description is none: "),
    ] {
        let found = describe(launch(does), LONG).unwrap_err();
        assert_eq!(found.kind, kind, "{does}: {found:?}");
        assert!(found.reason.starts_with(says), "{does}: {found:?}");
    }
}
