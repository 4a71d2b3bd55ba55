//! Objects that drop their protection, and are caught; and the real ones, which are exact.

mod unprotected;

use std::io::{Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use concbench_model::process::FileHandle;
use concbench_model::shared::With;
use concbench_model::{Objects, Threads, attempt_blocking};
use concbench_sharing::Processes;
use concbench_sharing::contention::{
    Contention, ContentionSpec, PERMITS, Protection, Tally, Terms, lost, tickets,
};
use concbench_workloads::SharingWorkload;

use unprotected::Unprotected;

fn terms(object: Protection, contenders: u64) -> Terms {
    Terms {
        object,
        contenders,
        compute_ns: 0,
        // Long enough for the others to come in between, on one core too.
        wait_ns: if object == Protection::Event { 0 } else { 50_000 },
        window_ns: 20_000_000,
        together: true,
        visits_per_look: 1,
        stock: 1_000_000,
        file: None,
        manager: None,
    }
}

/// What is lost when threads contend on these terms over such objects, or what is wrong.
fn contend<S: Objects>(terms: Terms) -> Result<u64, String> {
    let object = terms.object;
    contend_as::<S>(terms, object)
}

/// The same, held to what this object promises.
fn contend_as<S: Objects>(terms: Terms, promised: Protection) -> Result<u64, String> {
    let tally = Tally::create(terms.contenders).unwrap();
    let spec = ContentionSpec { terms: terms.clone(), tally: tally.handle().unwrap() };
    let work = Arc::new(Contention::open(&spec).unwrap());
    let objects = S::create(&work.layout()).unwrap();
    let with = With::new(Arc::clone(&work), objects);
    std::thread::scope(|scope| {
        for index in 0..terms.contenders {
            let with = &with;
            scope.spawn(move || attempt_blocking(with, index).unwrap());
        }
    });
    work.verdict(terms.contenders, with.objects()).unwrap();
    lost(&Terms { object: promised, ..terms }, &tally.outcome())
}

/// What threads can protect without a file or another process.
const PROTECTED: [(Protection, u64); 7] = [
    (Protection::Atomic, 2),
    (Protection::Lock, 2),
    (Protection::Reentrant, 2),
    (Protection::Semaphore, 20),
    (Protection::ReadWrite, 4),
    (Protection::Event, 4),
    (Protection::Condition, 3),
];

#[test]
fn what_threads_protect_is_exact() {
    for (object, contenders) in PROTECTED {
        assert_eq!(contend::<Threads>(terms(object, contenders)), Ok(0), "{object:?}");
    }
    let no_wait = Terms { wait_ns: 0, compute_ns: 1_000, ..terms(Protection::ThreadLock, 2) };
    assert_eq!(contend::<Threads>(no_wait), Ok(0));
}

#[test]
fn what_processes_protect_is_exact() {
    for (object, contenders) in PROTECTED {
        assert_eq!(contend::<Processes>(terms(object, contenders)), Ok(0), "{object:?}");
    }
}

#[test]
fn every_protection_that_is_dropped_is_caught() {
    // An atomic protects itself.
    for (object, contenders) in &PROTECTED[1..] {
        let caught = contend::<Unprotected>(terms(*object, *contenders));
        assert!(caught.is_err(), "{object:?}: {caught:?}");
    }
    let many =
        Terms { wait_ns: 0, compute_ns: 500_000, window_ns: 200_000_000, ..terms(Protection::ThreadLock, 4) };
    assert!(contend::<Unprotected>(many).is_err());
}

#[test]
fn more_than_five_inside_is_what_is_caught_of_a_semaphore() {
    let caught = contend::<Unprotected>(terms(Protection::Semaphore, 20)).unwrap_err();
    assert!(caught.ends_with(&format!("{PERMITS} are allowed")), "{caught}");
}

#[test]
fn without_protection_updates_are_lost_and_that_is_no_failure() {
    let lost = contend::<Threads>(terms(Protection::Nothing, 2)).unwrap();
    assert!(lost > 0, "two tasks that wait between reading and writing lose updates");
}

fn with_file(object: Protection) -> (tempfile::NamedTempFile, Terms) {
    let file = tempfile::NamedTempFile::new().unwrap();
    let handle = FileHandle::of(&file).unwrap();
    let terms = Terms { stock: 500, file: Some(handle), compute_ns: 20_000, ..terms(object, 4) };
    std::fs::write(file.path(), tickets(terms.stock)).unwrap();
    (file, terms)
}

#[test]
fn tickets_under_a_lock_on_the_file_are_sold_once() {
    let (_file, terms) = with_file(Protection::FileLock);
    assert_eq!(contend::<Threads>(terms), Ok(0));
}

#[test]
fn tickets_that_are_sold_without_the_lock_on_the_file_are_caught() {
    let (_file, terms) = with_file(Protection::File);
    let caught = contend_as::<Threads>(terms, Protection::FileLock).unwrap_err();
    assert!(caught.contains("tickets were sold and"), "{caught}");
}

/// A manager that forgets one of the additions that it answers, until its clients have gone.
fn forgetful(listener: &UnixListener, clients: u64) {
    let (number, asked) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for client in listener.incoming().take(clients as usize) {
            let (number, asked, mut client) = (&number, &asked, client.unwrap());
            scope.spawn(move || {
                let mut request = [0; 9];
                while client.read_exact(&mut request).is_ok() {
                    let more = u64::from_le_bytes(*request[1..].first_chunk().unwrap());
                    let is_forgotten = more > 0 && asked.fetch_add(1, Ordering::Relaxed) == 2;
                    let more = if is_forgotten { 0 } else { more };
                    let now = number.fetch_add(more, Ordering::Relaxed) + more;
                    client.write_all(&now.to_le_bytes()).unwrap();
                }
            });
        }
    });
}

#[test]
fn a_manager_that_forgets_an_addition_is_caught() {
    let address = format!("concbench-forgetful-{}", std::process::id());
    let named = SocketAddr::from_abstract_name(&address).unwrap();
    let listener = UnixListener::bind_addr(&named).unwrap();
    // Two that contend, and one that looks at the number in the end.
    let server = std::thread::spawn(move || forgetful(&listener, 3));
    let terms = Terms { wait_ns: 0, manager: Some(address), ..terms(Protection::Manager, 2) };
    let caught = contend::<Threads>(terms).unwrap_err();
    assert!(caught.contains("updates were made and"), "{caught}");
    server.join().unwrap();
}

#[test]
fn a_task_that_needs_what_is_not_there_says_so() {
    let terms = terms(Protection::FileLock, 1);
    let tally = Tally::create(1).unwrap();
    let spec = ContentionSpec { terms, tally: tally.handle().unwrap() };
    let work = Arc::new(Contention::open(&spec).unwrap());
    let with = With::new(Arc::clone(&work), Threads::create(&work.layout()).unwrap());
    let error = attempt_blocking(&with, 0).unwrap_err().to_string();
    assert!(error.contains("there is no file of tickets"), "{error}");
}
