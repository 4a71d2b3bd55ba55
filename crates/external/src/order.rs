//! What a runner is asked for: `key value` lines from `observe` to `go`.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use concbench_workloads::{Count, Factorial, Http, Kernel, Mixed, Noop, Sleep};

/// The names of the kernels that a runner may have.
pub const KERNELS: [&str; 6] = ["noop", "count", "sleep", "http", "mixed", "factorial"];

/// The name of a kernel.
pub fn kernel_name(kernel: &Kernel) -> &'static str {
    match kernel {
        Kernel::Noop(_) => "noop",
        Kernel::Count(_) => "count",
        Kernel::Sleep(_) => "sleep",
        Kernel::Http(_) => "http",
        Kernel::Mixed(_) => "mixed",
        Kernel::Factorial(_) => "factorial",
        Kernel::LogCount(_) => "log-count",
        Kernel::Grayscale(_) => "grayscale",
    }
}

/// What is to be measured: batches of the same tasks under one model.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// What each task does.
    pub kernel: Kernel,
    /// Under which model.
    pub model: String,
    /// How many tasks make a batch.
    pub tasks: u64,
    /// How many workers the model has, if it is sized by them.
    pub workers: u64,
    /// How many batches there are at least, the first one included.
    pub batches: u64,
    /// How long batches go on at least, in milliseconds from when the model had started.
    pub warm_ms: u64,
    /// How many batches there are at most.
    pub most: u64,
}

/// Why some lines are no order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// A key has no value.
    #[error("`{0}` is missing in the order")]
    Missing(&'static str),
    /// A value is none.
    #[error("`{0}` has a value in the order that is not allowed")]
    Value(&'static str),
    /// There is no such kernel.
    #[error("there is no kernel of that name in the protocol")]
    Kernel,
}

impl Order {
    /// The lines, from `observe` to `go`.
    ///
    /// # Errors
    ///
    /// When an `http` kernel has no target, or the protocol has no such kernel.
    pub fn to_text(&self) -> Result<String, OrderError> {
        let mut text = format!("observe\nkernel {}\n", kernel_name(&self.kernel));
        let mut put = |key: &str, value: &dyn std::fmt::Display| text += &format!("{key} {value}\n");
        match &self.kernel {
            Kernel::Noop(_) => {}
            Kernel::Count(Count { n }) | Kernel::Factorial(Factorial { n }) => put("n", n),
            Kernel::Sleep(Sleep { wait_us }) => put("wait_us", wait_us),
            Kernel::Mixed(Mixed { n, wait_us }) => {
                put("n", n);
                put("wait_us", wait_us);
            }
            // They read files, or wait for as long as a library of ours says: the protocol has neither.
            Kernel::LogCount(_) | Kernel::Grayscale(_) | Kernel::Http(Http { delay_tail: Some(_), .. }) => {
                return Err(OrderError::Kernel);
            }
            Kernel::Http(Http { requests, delay_us, body_bytes, target, .. }) => {
                let target = target.ok_or(OrderError::Missing("host"))?;
                put("requests", requests);
                put("delay_us", delay_us);
                put("body_bytes", body_bytes);
                put("host", &target.ip());
                put("port", &target.port());
            }
        }
        put("model", &self.model);
        put("tasks", &self.tasks);
        put("workers", &self.workers);
        put("batches", &self.batches);
        put("warm_ms", &self.warm_ms);
        put("most", &self.most);
        Ok(text + "go\n")
    }

    /// The order of the lines between `observe` and `go`: what a runner that is written in Rust reads.
    ///
    /// # Errors
    ///
    /// When a key is missing, or its value is none.
    pub fn read<'a>(lines: impl IntoIterator<Item = &'a str>) -> Result<Self, OrderError> {
        let pairs: BTreeMap<&str, &str> = lines.into_iter().filter_map(|line| line.split_once(' ')).collect();
        let word = |key: &'static str| pairs.get(key).copied().ok_or(OrderError::Missing(key));
        let number = |key: &'static str| word(key)?.parse::<u64>().map_err(|_| OrderError::Value(key));
        let kernel = match word("kernel")? {
            "noop" => Kernel::Noop(Noop {}),
            "count" => Kernel::Count(Count { n: number("n")? }),
            "factorial" => Kernel::Factorial(Factorial { n: number("n")? }),
            "sleep" => Kernel::Sleep(Sleep { wait_us: number("wait_us")? }),
            "mixed" => Kernel::Mixed(Mixed { n: number("n")?, wait_us: number("wait_us")? }),
            "http" => {
                let host = word("host")?.parse().map_err(|_| OrderError::Value("host"))?;
                let port = u16::try_from(number("port")?).map_err(|_| OrderError::Value("port"))?;
                let body_bytes = number("body_bytes")?;
                Kernel::Http(Http {
                    requests: number("requests")?,
                    delay_us: number("delay_us")?,
                    body_bytes: usize::try_from(body_bytes).map_err(|_| OrderError::Value("body_bytes"))?,
                    target: Some(SocketAddr::new(host, port)),
                    path: None,
                    delay_tail: None,
                })
            }
            _ => return Err(OrderError::Kernel),
        };
        Ok(Self {
            kernel,
            model: word("model")?.to_owned(),
            tasks: number("tasks")?,
            workers: number("workers")?,
            batches: number("batches")?,
            warm_ms: number("warm_ms")?,
            most: number("most")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(kernel: Kernel) -> Order {
        Order { kernel, model: "threads".to_owned(), tasks: 5, workers: 2, batches: 3, warm_ms: 10, most: 99 }
    }

    #[test]
    fn an_order_is_read_as_it_was_written_whatever_the_kernel() {
        let target = Some(([127, 0, 0, 1], 8017).into());
        let kernels = [
            Kernel::Noop(Noop {}),
            Kernel::Count(Count { n: 7 }),
            Kernel::Sleep(Sleep { wait_us: 20 }),
            Kernel::Http(Http {
                requests: 2,
                delay_us: 5,
                body_bytes: 64,
                target,
                path: None,
                delay_tail: None,
            }),
            Kernel::Mixed(Mixed { n: 7, wait_us: 20 }),
            Kernel::Factorial(Factorial { n: 7 }),
        ];
        assert_eq!(kernels.each_ref().map(kernel_name), KERNELS);
        for kernel in kernels {
            let order = order(kernel);
            let text = order.to_text().unwrap();
            let inner = text.strip_prefix("observe\n").unwrap().strip_suffix("go\n").unwrap();
            assert_eq!(Order::read(inner.lines()), Ok(order));
        }
    }

    #[test]
    fn a_key_that_is_missing_or_no_number_is_named() {
        let text = order(Kernel::Count(Count { n: 7 })).to_text().unwrap();
        let without = text.replace("n 7\n", "");
        assert_eq!(Order::read(without.lines()), Err(OrderError::Missing("n")));
        let wrong = text.replace("tasks 5", "tasks -5");
        assert_eq!(Order::read(wrong.lines()), Err(OrderError::Value("tasks")));
        let nowhere =
            Http { requests: 1, delay_us: 0, body_bytes: 0, target: None, path: None, delay_tail: None };
        assert_eq!(order(Kernel::Http(nowhere)).to_text(), Err(OrderError::Missing("host")));
    }
}
