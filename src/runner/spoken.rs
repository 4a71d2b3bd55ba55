//! Our own models as a runner in another language has its: over plain lines on standard input and output, so that both are
//! looked at in the same way, from outside.

use std::io::{self, BufRead, Write};
use std::time::{Duration, Instant};

use concbench_external::{Answer, Description, GlobalLock, Order, VERSION, kernel_name};

use super::desk::CellError;
use crate::model::{Digest, ModelError, Settings};
use crate::models::{Prepared, Running, TaskSpec};
use crate::registry::Registry;
use crate::time::nanoseconds;

/// Answers whoever is at the other end of standard input, until that closes it.
///
/// # Errors
///
/// When nobody is there to be answered.
pub(crate) fn speak(registry: &Registry) -> io::Result<()> {
    let (mut lines, mut out) = (io::stdin().lock().lines(), io::stdout().lock());
    while let Some(line) = lines.next() {
        match line?.as_str() {
            "describe" => writeln!(out, "{}", describe(registry))?,
            "observe" => {
                let talk = Talk { registry, lines: &mut lines, out: &mut out };
                if let Err(error) = talk.observe() {
                    writeln!(out, "{} {}", word(&error), concbench_text::one_line(&error))?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The answer that an error is.
fn word(error: &CellError) -> &'static str {
    match error {
        CellError::Model(ModelError::Unsupported(_)) => "unsupported",
        _ => "failed",
    }
}

fn describe(registry: &Registry) -> String {
    let description = Description {
        protocol: VERSION,
        language: "Rust".to_owned(),
        implementation: "rustc".to_owned(),
        version: env!("CONCBENCH_RUSTC").split(' ').nth(1).unwrap_or("unknown").to_owned(),
        executable: None,
        global_lock: GlobalLock { held: Some(false), how: "the language has no runtime".to_owned() },
        jit: false,
        remark: Some(if cfg!(debug_assertions) { "debug build" } else { "release build" }.to_owned()),
        models: registry.infos().iter().map(|info| (info.id.to_owned(), None)).collect(),
    };
    serde_json::to_string(&description).expect("a description has no map with keys other than strings")
}

/// A conversation under way.
struct Talk<'a, L, O> {
    registry: &'a Registry,
    lines: &'a mut L,
    out: &'a mut O,
}

impl<L: Iterator<Item = io::Result<String>>, O: Write> Talk<'_, L, O> {
    fn observe(mut self) -> Result<(), CellError> {
        let order = self.order()?;
        let prepared = self.prepare(&order)?;
        let workers = usize::try_from(order.workers).unwrap_or(usize::MAX);
        let settings = Settings::new(workers, task_spec(&order).to_text());
        let mut model = prepared.start(&settings)?;
        self.say("ready")?;
        let warm_until = Instant::now() + Duration::from_millis(order.warm_ms);
        let mut done = 0;
        while done < order.batches || (done < order.most && Instant::now() < warm_until) {
            self.batch(&order, model.as_mut())?;
            done += 1;
        }
        self.say("end")?;
        while let Some(line) = self.lines.next() {
            if line.map_err(system)? == "again" {
                self.batch(&order, model.as_mut())?;
                self.say("end")?;
            }
        }
        Ok(model.stop()?)
    }

    fn order(&mut self) -> Result<Order, CellError> {
        let mut text = Vec::new();
        for line in self.lines.by_ref() {
            match line.map_err(system)? {
                go if go == "go" => break,
                line => text.push(line),
            }
        }
        Order::read(text.iter().map(String::as_str)).map_err(|error| CellError::Order(error.to_string()))
    }

    fn prepare(&self, order: &Order) -> Result<Box<dyn Prepared>, CellError> {
        Ok(self.registry.prepared(&task_spec(order), &order.model)?)
    }

    fn batch(&mut self, order: &Order, model: &mut dyn Running) -> Result<(), CellError> {
        let begun = Instant::now();
        let digest = model.run(0..order.tasks)?;
        let wall_ns = nanoseconds(begun.elapsed());
        let Digest { tasks, sum } = digest;
        self.say(&format!("batch {wall_ns} {} {tasks} {sum:016x}", order.tasks))
    }

    fn say(&mut self, line: &str) -> Result<(), CellError> {
        debug_assert!(Answer::read(line.as_bytes()).is_ok());
        writeln!(self.out, "{line}").and_then(|()| self.out.flush()).map_err(system)
    }
}

fn task_spec(order: &Order) -> TaskSpec {
    let (name, kernel) = (kernel_name(&order.kernel).to_owned(), Some(order.kernel.clone()));
    TaskSpec { name, kernel, ..TaskSpec::default() }
}

fn system(error: io::Error) -> CellError {
    CellError::Model(ModelError::system("speak to whoever started this runner")(error))
}
