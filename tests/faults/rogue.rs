//! A runner that breaks the protocol: it reads its order and does what the name of its workload says.

use std::io::{BufRead, BufReader, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::net::RecvFlags;
use rustix::process::{Signal, getpid, kill_process};
use serde_json::{Value, json};

/// The model whose runners are rogues.
pub(crate) const MODEL: &str = "rogue";
/// More than the longest line that is read.
const ENDLESS: usize = 2 << 20;
/// What each batch is said to take, in nanoseconds.
const BATCH_NS: u64 = 10_000_000;

/// Plays the rogue if this process is a runner whose first order names that model; returns if it is not.
pub(crate) fn play(role: &str) {
    if !role.contains("\"role\":\"runner\"") {
        return;
    }
    let mut order = vec![0; 1 << 16];
    // Looked at and left there: another runner reads it as if nobody had.
    let Ok((_, length)) = rustix::net::recv(rustix::stdio::stdin(), &mut order, RecvFlags::PEEK) else {
        return;
    };
    let Ok(order) = serde_json::from_slice::<Value>(&order[..length]) else {
        return;
    };
    let observe = &order["message"]["observe"];
    let does = observe["assignment"]["task_spec"]["name"].as_str().unwrap_or_default();
    let serves = observe["order"] == "serve";
    // What is to go wrong under criterion goes well in the preflight.
    if observe["assignment"]["model"] == MODEL && does.starts_with("criterion-") == serves {
        Rogue::new().act(does.trim_start_matches("criterion-"), serves);
    }
}

struct Rogue {
    orders: BufReader<UnixStream>,
    answers: UnixStream,
}

impl Rogue {
    fn new() -> Self {
        let socket = rustix::io::dup(rustix::stdio::stdin()).expect("a descriptor");
        rustix::stdio::dup2_stdin(std::fs::File::open("/dev/null").expect("/dev/null"))
            .expect("a descriptor");
        let answers = UnixStream::from(socket);
        Self { orders: BufReader::new(answers.try_clone().expect("a descriptor")), answers }
    }

    fn act(&mut self, does: &str, serves: bool) -> ! {
        if does == "unread-kill" {
            die();
        }
        self.read();
        let good = observed(if serves { json!(BATCH_NS) } else { observation() });
        match does {
            "read-kill" => die(),
            "read-zero" => std::process::exit(0),
            "nonsense" => self.say(b"nonsense\n"),
            "version" => self.say(b"{\"v\":99,\"message\":{\"observed\":{\"observation\":1}}}\n"),
            "turn" => self.answer(&reference()),
            "endless" => self.say(&vec![b'x'; ENDLESS]),
            "deaf" => drop(self.answers.shutdown(Shutdown::Both)),
            "answered-kill" => {
                self.answer(&good);
                die();
            }
            "answered-hang" => self.answer(&good),
            _ if does.starts_with("half-") => {
                self.say(&line(&good)[..20]);
                self.end(does);
            }
            _ => {
                self.answer(&good);
                self.serve(does);
            }
        }
        hang()
    }

    /// Batches as criterion asks for them, until it is time to go wrong.
    fn serve(&mut self, does: &str) {
        let mut served = 0;
        loop {
            let order = self.read();
            let count = order["message"]["next"]["order"]["batches"].as_u64();
            let step = if count.is_some() { "batch" } else { "stop" };
            if does.starts_with(step) && (step == "stop" || served == 3) {
                if does.ends_with("half-kill") {
                    self.say(b"{\"v\":2,\"mess");
                }
                self.end(does);
            }
            served += 1;
            match count {
                Some(count) => {
                    // Criterion asks for twice as many until some time has passed.
                    std::thread::sleep(Duration::from_nanos(BATCH_NS));
                    self.answer(&observed(json!(count)));
                }
                None => self.answer(&observed(observation())),
            }
        }
    }

    fn end(&self, does: &str) {
        match does.rsplit('-').next() {
            Some("kill") => die(),
            Some("zero") => std::process::exit(0),
            _ => hang(),
        }
    }

    /// The next order; the supervisor that closes its end wants no more of this process.
    fn read(&mut self) -> Value {
        let mut line = String::new();
        if self.orders.read_line(&mut line).unwrap_or(0) == 0 {
            std::process::exit(0);
        }
        serde_json::from_str(&line).expect("an order")
    }

    fn answer(&mut self, answer: &Value) {
        self.say(&line(answer));
    }

    fn say(&mut self, bytes: &[u8]) {
        // A supervisor that has heard enough closes its end.
        let _ = self.answers.write_all(bytes);
    }
}

fn line(answer: &Value) -> Vec<u8> {
    format!("{}\n", json!({ "v": 2, "message": answer })).into_bytes()
}

fn observed(observation: Value) -> Value {
    json!({ "observed": { "observation": observation } })
}

/// As good as any: a rogue is no model, but its answer is whole.
fn observation() -> Value {
    json!({
        "startup_ns": 1000, "cold_ns": BATCH_NS, "warm_ns": [BATCH_NS], "warm_cpu_ns": BATCH_NS, "probe_ns": 0, "shutdown_ns": 1000,
        "wall_ns": 2 * BATCH_NS + 2000, "peak_rss_bytes": 4096, "tasks": 4, "digest": "00",
    })
}

/// What nobody has asked for.
fn reference() -> Value {
    let waits = json!({ "sleep_ns": 0, "sleeps": 0, "connects": 0 });
    json!({ "reference": { "reference": { "digest": { "tasks": 4, "sum": 0 }, "waits": waits, "elapsed_ns": 1 } } })
}

fn die() -> ! {
    let _ = kill_process(getpid(), Signal::KILL);
    hang()
}

fn hang() -> ! {
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}
