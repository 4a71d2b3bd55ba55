//! Whether a runner keeps to the protocol: every model, every kernel, and what it does when something is wrong.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

use concbench_model::Digest;
use concbench_workloads::{Count, Factorial, Http, Kernel, Mixed, Noop, Sleep};

use crate::{Child, Description, Ending, Kind, Manifest, Order, Probe, Trouble, Workshop, describe, observe};

/// How many tasks a batch of a check has, and how many workers its models have.
const TASKS: u64 = 5;
const WORKERS: u64 = 2;
/// How long batches go on where that is asked for, in milliseconds.
const WARM_MS: u64 = 60;

/// How long a build step may take at least: a compiler may have to build its library first.
const BUILDING: Duration = Duration::from_secs(180);

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// What was tried.
    pub what: String,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is as it should be.
    Held,
    /// This machine has not what it needs.
    Unsupported(String),
    /// It is not, and how.
    Broken(String),
}

/// What a check needs beside the runner.
pub struct Bench<'a> {
    /// Where it may be unpacked and built.
    pub folder: &'a Path,
    /// A target that answers as it should.
    pub target: SocketAddr,
    /// What so many tasks of a kernel return.
    pub reference: &'a dyn Fn(&Kernel, u64) -> Result<Digest, String>,
    /// How many processes it has left behind since this was asked; they have been ended.
    pub left: &'a dyn Fn() -> Result<usize, String>,
    /// How long each conversation may take.
    pub deadline: Duration,
}

/// Tries everything that a runner has to do.
pub fn check(manifest: &Manifest, bench: &Bench<'_>) -> Vec<Checked> {
    let mut checks = Checks { manifest, bench, found: Vec::new() };
    let workshop = match Workshop::open(manifest, bench.folder, bench.deadline.max(BUILDING)) {
        Ok(workshop) => workshop,
        Err(trouble) => {
            checks.add("it can be started", Err(trouble));
            return checks.found;
        }
    };
    let Some(said) = checks.description(&workshop) else { return checks.found };
    let models: Vec<_> = manifest.models.iter().map(|model| (&model.id, &model.kernels)).collect();
    for (id, kernels) in models {
        if let Some(Some(reason)) = said.models.get(id) {
            checks.found.push(Checked { what: id.clone(), outcome: Outcome::Unsupported(reason.clone()) });
            continue;
        }
        for kernel in kernels.iter().filter_map(|name| kernel(name, bench.target)) {
            checks.runs(&workshop, &said, id, &kernel);
        }
        checks.batches(&workshop, &said, id);
        checks.hung_up_on(&workshop, &said, id);
    }
    checks.failures(&workshop, &said);
    checks.found
}

/// A small kernel of this name.
fn kernel(name: &str, target: SocketAddr) -> Option<Kernel> {
    let target = Some(target);
    Some(match name {
        "noop" => Kernel::Noop(Noop {}),
        // More numbers than bits, so that every one of them is turned over the end.
        "count" => Kernel::Count(Count { n: 1_000 }),
        "sleep" => Kernel::Sleep(Sleep { wait_us: 3_000 }),
        "mixed" => Kernel::Mixed(Mixed { n: 1_000, wait_us: 3_000 }),
        "factorial" => Kernel::Factorial(Factorial { n: 300 }),
        // A length that is no multiple of what the generator makes at once.
        "http" => Kernel::Http(Http {
            requests: 2,
            delay_us: 1_000,
            body_bytes: 61,
            target,
            path: None,
            delay_tail: None,
        }),
        _ => return None,
    })
}

struct Checks<'a> {
    manifest: &'a Manifest,
    bench: &'a Bench<'a>,
    found: Vec<Checked>,
}

impl Checks<'_> {
    fn add(&mut self, what: impl Into<String>, outcome: Result<(), Trouble>) {
        let left = (self.bench.left)();
        let outcome = match (outcome, left) {
            (Err(trouble), _) if trouble.kind == Kind::Unsupported => Outcome::Unsupported(trouble.reason),
            (Err(trouble), _) => Outcome::Broken(worded(&trouble)),
            (Ok(()), Err(reason)) => Outcome::Broken(reason),
            (Ok(()), Ok(0)) => Outcome::Held,
            (Ok(()), Ok(left)) => Outcome::Broken(format!("{left} process(es) outlived it, and were ended")),
        };
        self.found.push(Checked { what: what.into(), outcome });
    }

    fn description(&mut self, workshop: &Workshop) -> Option<Description> {
        let said =
            workshop.start(self.manifest, None).and_then(|launch| describe(launch, self.bench.deadline));
        let outcome = said.as_ref().map(drop).map_err(Clone::clone);
        self.add("describe", outcome);
        let said = said.ok()?;
        let listed = |id: &String| self.manifest.models.iter().any(|model| model.id == *id);
        let odd =
            said.models.keys().find(|id| !listed(id)).map(|id| format!("external.toml has no model `{id}`"));
        let missing = self.manifest.models.iter().find(|model| !said.models.contains_key(&model.id));
        let missing = missing.map(|model| format!("the description has no model `{}`", model.id));
        self.add("external.toml and the description have the same models", objection(odd.or(missing)));
        Some(said)
    }

    fn observed(
        &self,
        workshop: &Workshop,
        said: &Description,
        order: &Order,
        expected: Option<Digest>,
    ) -> Result<crate::Seen, Trouble> {
        let launch = workshop.start(self.manifest, said.executable.as_deref())?;
        observe(launch, order, expected, Ending::Again, self.bench.deadline, &mut () as &mut dyn Probe)
    }

    /// Two batches of a kernel, and one more.
    fn runs(&mut self, workshop: &Workshop, said: &Description, model: &str, kernel: &Kernel) {
        let order = order(model, kernel.clone());
        let expected = (self.bench.reference)(kernel, TASKS).map_err(Trouble::failed);
        let seen = expected.and_then(|digest| self.observed(workshop, said, &order, Some(digest)));
        self.add(format!("{model}: {}", crate::kernel_name(kernel)), seen.map(drop));
    }

    /// As many batches as are asked for, and as long.
    fn batches(&mut self, workshop: &Workshop, said: &Description, model: &str) {
        let Some(kernel) = self.first_kernel(model) else { return };
        let one = Order { batches: 1, warm_ms: 10_000, most: 1, ..order(model, kernel.clone()) };
        let seen = self.observed(workshop, said, &one, None).and_then(|seen| {
            let what = format!("{} batches, and 1 at most was asked for", seen.batches.len());
            objection((seen.batches.len() != 1).then_some(what))
        });
        self.add(format!("{model}: no more batches than `most`"), seen);
        let long = Order { batches: 1, warm_ms: WARM_MS, most: 1_000_000, ..order(model, kernel) };
        let begun = Instant::now();
        let seen = self.observed(workshop, said, &long, None).and_then(|_| {
            let passed = begun.elapsed().as_millis();
            let what = format!("it ended after {passed} ms, and {WARM_MS} ms of batches were asked for");
            objection((passed < u128::from(WARM_MS)).then_some(what))
        });
        self.add(format!("{model}: batches until `warm_ms` have passed"), seen);
    }

    fn first_kernel(&self, model: &str) -> Option<Kernel> {
        let model = self.manifest.models.iter().find(|one| one.id == model)?;
        kernel(model.kernels.first()?, self.bench.target)
    }

    /// Whoever asked goes away in the middle.
    fn hung_up_on(&mut self, workshop: &Workshop, said: &Description, model: &str) {
        let Some(kernel) = self.first_kernel(model) else { return };
        let order = Order { most: 3, ..order(model, kernel) };
        let talk = || -> Result<(), Trouble> {
            let launch = workshop.start(self.manifest, said.executable.as_deref())?;
            let mut child = Child::start(launch, self.bench.deadline)?;
            let text = order.to_text().map_err(|error| Trouble::failed(error.to_string()))?;
            child.say(&text)?;
            child.hang_up();
            // It may say all that it was asked for, and has to end then.
            while child.line()? != b"end" {}
            child.finish().map(drop)
        };
        let outcome = talk();
        self.add(format!("{model}: it ends when its input does"), outcome);
    }

    /// What it does when something is wrong.
    fn failures(&mut self, workshop: &Workshop, said: &Description) {
        let silent = |text: &str| -> Result<(), Trouble> {
            let launch = workshop.start(self.manifest, said.executable.as_deref())?;
            let mut child = Child::start(launch, self.bench.deadline)?;
            child.say(text)?;
            child.finish().map(drop)
        };
        let outcome = silent("");
        self.add("it ends with 0 where nothing is asked", outcome);
        let stranger = order("no-such-model", Kernel::Noop(Noop {}));
        let outcome = refused(self.observed(workshop, said, &stranger, None));
        self.add("a model that it has not is refused", outcome);
        let asking = self.manifest.models.iter().find(|model| {
            model.kernels.iter().any(|kernel| kernel == "http") && said.models.get(&model.id) == Some(&None)
        });
        let Some(asking) = asking.map(|model| model.id.clone()) else { return };
        let http = |target| {
            let kernel = Http {
                requests: 1,
                delay_us: 0,
                body_bytes: 8,
                target: Some(target),
                path: None,
                delay_tail: None,
            };
            order(&asking, Kernel::Http(kernel))
        };
        for (what, server) in
            [("a port where nobody listens", Server::gone()), ("a wrong answer", Server::liar())]
        {
            let outcome = match server {
                Ok(address) => refused(self.observed(workshop, said, &http(address), None)),
                Err(error) => Err(Trouble::failed(format!("cannot listen: {error}"))),
            };
            self.add(format!("{asking}: {what} is a failure"), outcome);
        }
    }
}

fn order(model: &str, kernel: Kernel) -> Order {
    Order { kernel, model: model.to_owned(), tasks: TASKS, workers: WORKERS, batches: 2, warm_ms: 0, most: 9 }
}

fn objection(what: Option<String>) -> Result<(), Trouble> {
    what.map_or(Ok(()), |what| Err(Trouble::failed(what)))
}

/// Whether a runner said itself that it cannot: a death, or silence, is no answer.
fn refused(seen: Result<crate::Seen, Trouble>) -> Result<(), Trouble> {
    match seen {
        Ok(_) => Err(Trouble::failed("it went on as if nothing were wrong")),
        Err(trouble) if trouble.said => Ok(()),
        Err(trouble) => {
            Err(Trouble::failed(format!("neither `failed` nor `unsupported`, but: {}", trouble.reason)))
        }
    }
}

fn worded(trouble: &Trouble) -> String {
    let last = trouble.stderr_tail.as_deref().and_then(|tail| tail.lines().last());
    let last = last.map_or_else(String::new, |line| format!(" (`{}`)", concbench_text::clip(line, 160)));
    format!("{}{last}", trouble.reason)
}

/// Servers that a client should not be content with.
struct Server;

impl Server {
    /// An address where nobody listens any more.
    fn gone() -> std::io::Result<SocketAddr> {
        TcpListener::bind("127.0.0.1:0")?.local_addr()
    }

    /// One that answers something else than was asked for, for as long as this process lives.
    fn liar() -> std::io::Result<SocketAddr> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        std::thread::spawn(move || {
            for mut client in listener.incoming().flatten() {
                let _ = client.read(&mut [0; 4096]);
                let _ = client.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nnonsense");
            }
        });
        Ok(address)
    }
}
