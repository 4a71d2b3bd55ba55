//! What a run may end, delete, open and connect to, as docs/SECURITY.md says: its system calls are watched.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use regex::Regex;
use rustix::process::Signal;

use crate::cases::Held;
use crate::scene::{Running, Scene};
use crate::target::definition;

/// The calls that could harm somebody; one of which the document says nothing is forbidden.
const WATCHED: [&str; 17] = [
    "kill",
    "tkill",
    "tgkill",
    "pidfd_send_signal",
    "unlink",
    "unlinkat",
    "rmdir",
    "rename",
    "renameat",
    "renameat2",
    "truncate",
    "open",
    "openat",
    "openat2",
    "creat",
    "connect",
    "bind",
];
/// What starts processes, which then belong to the run.
const STARTS: [&str; 4] = ["fork", "vfork", "clone", "clone3"];

/// A row of the table in docs/SECURITY.md: some calls, and what they may name.
struct Rule {
    calls: Vec<String>,
    own_processes: bool,
    own_folders: bool,
    /// Paths, folders, kinds of addresses.
    literal: Vec<String>,
}

impl Rule {
    /// All of them, as the document has them.
    fn all() -> Vec<Self> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/SECURITY.md");
        let text = fs::read_to_string(path).unwrap();
        let code = Regex::new("`([^`]+)`").unwrap();
        let words = |field: &str| code.captures_iter(field).map(|found| found[1].to_owned()).collect();
        let rule = |line: &str| {
            let fields: Vec<&str> = line.trim_matches('|').split('|').collect();
            let [calls, may] = fields.as_slice() else { panic!("{line}") };
            Self {
                calls: words(calls),
                own_processes: may.contains("a process that was started below it"),
                own_folders: may.contains("its folders"),
                literal: words(may),
            }
        };
        let rules: Vec<Self> = text.lines().filter(|line| line.starts_with("| `")).map(rule).collect();
        assert!(rules.len() >= 4, "the table of docs/SECURITY.md is gone");
        rules
    }

    /// Whether a path or an address is one that it names.
    fn names(&self, call: &str) -> bool {
        let opened = call.split('"').nth(1).unwrap_or_default();
        self.literal.iter().any(|literal| match literal.starts_with('/') {
            true => opened == literal || (literal.ends_with('/') && opened.starts_with(literal.as_str())),
            false => call.contains(literal.as_str()),
        })
    }
}

/// A run, watched: the lines of its calls, each with the number of the process in front.
fn watched(
    scene: &Scene,
    command: &std::process::Command,
    act: impl Fn(&mut Running),
) -> Option<(Running, String)> {
    let log = scene.path().join("given-calls");
    let trace = format!("--trace={},{}", WATCHED.join(","), STARTS.join(","));
    // Descriptors with their paths, and every process that is started.
    let wrapper = ["strace", "-f", "-y", "-qq", "-s", "4096", "--signal=none", &trace, "-o", log.to_str()?];
    let mut running = scene.start(&mut scene.through(&wrapper, command)?);
    act(&mut running);
    while running.is_alive() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let text = fs::read_to_string(&log).unwrap();
    Some((running, text))
}

/// What the lines say that the document does not allow.
fn forbidden<'a>(scene: &Scene, calls: &'a str) -> Vec<&'a str> {
    let line = Regex::new(r"^(\d+) +(?:<\.\.\. )?(\w+)").unwrap();
    let result = Regex::new(r"= (-?\d+)").unwrap();
    let signalled = Regex::new(r"^\d+ +\w+\((-?\d+)").unwrap();
    let here = scene.path().canonicalize().unwrap();
    let here = here.to_str().unwrap();
    let mut ours: HashSet<i64> = HashSet::new();
    let (mut bad, rules) = (Vec::new(), Rule::all());
    for call in calls.lines() {
        let Some(found) = line.captures(call) else { continue };
        let process: i64 = found[1].parse().unwrap();
        ours.insert(process);
        if STARTS.contains(&&found[2]) {
            ours.extend(result.captures(call).and_then(|found| found[1].parse::<i64>().ok()));
        }
        if !WATCHED.contains(&&found[2]) {
            continue;
        }
        let rule = rules.iter().find(|rule| rule.calls.iter().any(|name| *name == found[2]));
        let failed = call.contains("= -1 ");
        // The arguments stood where it began.
        let resumed = call.contains("resumed>");
        let reads = found[2].starts_with("open")
            && !["O_WRONLY", "O_RDWR", "O_CREAT"].iter().any(|how| call.contains(how));
        // A group has the number of its first process.
        let of_ours = signalled
            .captures(call)
            .is_none_or(|found| ours.contains(&found[1].parse::<i64>().unwrap().abs()));
        let allowed = resumed
            || reads
            || rule.is_some_and(|rule| {
                (rule.own_processes && of_ours)
                    || (rule.own_folders && (failed || is_within(call, here)))
                    || rule.names(call)
            });
        if !allowed {
            bad.push(call);
        }
    }
    bad
}

/// Whether the paths of a call lie in the folder of the scene, relative ones included, whose folder stands before them.
fn is_within(call: &str, here: &str) -> bool {
    let text = Regex::new(r#""([^"]*)""#).unwrap();
    let mut paths = text.captures_iter(call).map(|found| found[1].to_owned());
    paths.all(|path| match path.starts_with('/') {
        true => Path::new(&path).starts_with(here),
        false => call.contains(here) && !path.contains(".."),
    })
}

pub(crate) fn calls() -> Held {
    let scene = Scene::new();
    fs::write(scene.path().join("given-own.toml"), definition("")).unwrap();
    let filter = "/(sequential|tokio-multi-thread|process-fork|process-pool|process-shm-ring)@";
    let begin = scene.concbench(&format!(
        "run {filter} --definition given-own.toml --only matrix,timelines,timers --blocks 8 --deadline 60"
    ));
    let interrupt = |running: &mut Running| {
        scene.await_blocks(1, running);
        for pid in crate::strangers::programs(&scene, running) {
            let _ = rustix::process::kill_process(pid, Signal::INT);
        }
    };
    let Some((running, first)) = watched(&scene, &begin, interrupt) else {
        return Held::Skipped("strace".to_owned());
    };
    running.end().expect(130);
    let mut resume = scene.concbench("run --resume");
    resume.arg(scene.run_folder().unwrap());
    let (running, second) = watched(&scene, &resume, |_| {}).unwrap();
    running.end().expect(0);
    assert!(scene.check().run.complete);
    for calls in [&first, &second] {
        for expected in ["kill(", "unlink", "rename", "connect(", "bind(", "O_CREAT"] {
            assert!(calls.contains(expected), "no {expected} was seen");
        }
        let bad = forbidden(&scene, calls);
        assert!(bad.is_empty(), "{}", bad.join("\n"));
    }
    // What would be seen, if it were there.
    for harm in [
        "7 kill(1, SIGKILL) = 0",
        "7 unlink(\"/etc/passwd\") = 0",
        "7 openat(AT_FDCWD</x>, \"y\", O_WRONLY) = 3",
        "7 connect(3, {sa_family=AF_INET, sin_addr=inet_addr(\"192.0.2.1\")}, 16) = 0",
    ] {
        assert_eq!(forbidden(&scene, harm), [harm]);
    }
    Held::Times(2)
}
