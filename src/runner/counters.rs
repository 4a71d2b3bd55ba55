//! What the processor and the kernel count of a runner and of everything that it starts.

use std::collections::BTreeMap;
use std::io;

use perf_event::events::{Hardware, Software};
use perf_event::{Builder, Counter, ReadFormat};
use rustix::io::Errno;

/// Something that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Event {
    /// Instructions that were carried out.
    Instructions,
    /// Cycles of the cores, while they ran something of the runner.
    Cycles,
    /// Branches that were predicted wrongly.
    BranchMisses,
    /// Accesses to memory that no cache could answer.
    CacheMisses,
    /// Threads that went on on another core.
    Migrations,
    /// Threads that gave a core away or lost it.
    ContextSwitches,
    /// Pages that were not there when they were first touched.
    PageFaults,
}

impl Event {
    /// All of them, those of the processor first.
    pub(crate) const ALL: [Self; 7] = [
        Self::Instructions,
        Self::Cycles,
        Self::BranchMisses,
        Self::CacheMisses,
        Self::Migrations,
        Self::ContextSwitches,
        Self::PageFaults,
    ];

    /// Whether the kernel counts it by itself, without a counter of the processor.
    fn is_software(self) -> bool {
        matches!(self, Self::Migrations | Self::ContextSwitches | Self::PageFaults)
    }

    fn builder<'a>(self) -> Builder<'a> {
        match self {
            Self::Instructions => Builder::new(Hardware::INSTRUCTIONS),
            Self::Cycles => Builder::new(Hardware::CPU_CYCLES),
            Self::BranchMisses => Builder::new(Hardware::BRANCH_MISSES),
            Self::CacheMisses => Builder::new(Hardware::CACHE_MISSES),
            Self::Migrations => Builder::new(Software::CPU_MIGRATIONS),
            Self::ContextSwitches => Builder::new(Software::CONTEXT_SWITCHES),
            Self::PageFaults => Builder::new(Software::PAGE_FAULTS),
        }
    }

    /// A counter of it that has begun to count. Where the kernel lets nobody look at itself, those of the processor count
    /// in user mode only.
    fn open(self) -> Result<Counting, String> {
        let build = |kernel: bool| {
            let mut builder = self.builder();
            let times = ReadFormat::TOTAL_TIME_ENABLED | ReadFormat::TOTAL_TIME_RUNNING;
            builder.observe_self().any_cpu().inherit(true).enabled(true).read_format(times);
            builder.exclude_kernel(!kernel).exclude_hv(true);
            builder.build().map(|counter| Counting { counter, user_only: !kernel })
        };
        let refused =
            |error: &io::Error| matches!(Errno::from_io_error(error), Some(Errno::ACCESS | Errno::PERM));
        let opened = match build(true) {
            Err(error) if refused(&error) && !self.is_software() => build(false),
            opened => opened,
        };
        opened.map_err(|error| match Errno::from_io_error(&error) {
            _ if refused(&error) => {
                "the kernel does not allow it; set `sudo sysctl kernel.perf_event_paranoid=1`, or run as root"
                    .to_owned()
            }
            Some(Errno::NOENT | Errno::NODEV | Errno::OPNOTSUPP) if !self.is_software() => {
                "this processor, or its hypervisor, shows no such counter".to_owned()
            }
            _ => format!("perf_event_open: {error}"),
        })
    }
}

#[derive(Debug)]
struct Counting {
    counter: Counter,
    user_only: bool,
}

/// Counters of this process and of all threads and processes that it starts from now on.
#[derive(Debug)]
pub(crate) struct Counters(BTreeMap<Event, Result<Counting, String>>);

/// What each event had come to, or why that is not known.
pub(crate) type Readings = BTreeMap<Event, Result<Reading, String>>;

/// What a counter shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading {
    count: u64,
    /// For how long it was wanted, and for how long the processor had a counter for it, in nanoseconds over all threads.
    enabled_ns: u64,
    running_ns: u64,
}

impl Counters {
    /// Begins to count: before anything has started, since only what starts from here is counted too.
    pub(crate) fn open() -> Self {
        Self(Event::ALL.into_iter().map(|event| (event, event.open())).collect())
    }

    /// Whether those of the processor see user mode only.
    pub(crate) fn user_only(&self) -> bool {
        self.0.values().flatten().any(|counting| counting.user_only)
    }

    /// What they show now.
    pub(crate) fn read(&mut self) -> Readings {
        self.0.iter_mut().map(|(&event, counter)| (event, read(counter))).collect()
    }
}

fn read(counting: &mut Result<Counting, String>) -> Result<Reading, String> {
    let counting = counting.as_mut().map_err(|reason| reason.clone())?;
    let read =
        counting.counter.read_full().map_err(|error| format!("the counter cannot be read: {error}"))?;
    let nanoseconds = |time: Option<std::time::Duration>| time.map_or(0, crate::time::nanoseconds);
    Ok(Reading {
        count: read.count(),
        enabled_ns: nanoseconds(read.time_enabled()),
        running_ns: nanoseconds(read.time_running()),
    })
}

/// How often each event happened between two readings, or why that is not known. Where several events shared a counter of
/// the processor, what was seen is scaled to the whole time, as `perf stat` does.
pub(crate) fn between(before: &Readings, after: &Readings) -> BTreeMap<Event, Result<f64, String>> {
    let of = |(event, after): (&Event, &Result<Reading, String>)| {
        let counted = match (before.get(event), after) {
            (Some(Ok(before)), Ok(after)) => scaled(*before, *after),
            (_, Err(reason)) | (Some(Err(reason)), _) => Err(reason.clone()),
            (None, _) => Err("it was not counted from the start".to_owned()),
        };
        (*event, counted)
    };
    after.iter().map(of).collect()
}

fn scaled(before: Reading, after: Reading) -> Result<f64, String> {
    let enabled = after.enabled_ns.saturating_sub(before.enabled_ns);
    let running = after.running_ns.saturating_sub(before.running_ns);
    let count = after.count.saturating_sub(before.count) as f64;
    match (enabled, running) {
        (enabled, running) if enabled == running => Ok(count),
        (_, 0) => Err("other events kept the counters of the processor".to_owned()),
        (enabled, running) => Ok(count * enabled as f64 / running as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(count: u64, enabled_ns: u64, running_ns: u64) -> Readings {
        BTreeMap::from([(Event::Cycles, Ok(Reading { count, enabled_ns, running_ns }))])
    }

    #[test]
    fn an_event_that_shared_its_counter_is_scaled_to_the_whole_time() {
        let counted = |after| between(&reading(100, 1_000, 1_000), &after)[&Event::Cycles].clone();
        assert_eq!(counted(reading(300, 2_000, 2_000)), Ok(200.0));
        assert_eq!(counted(reading(300, 3_000, 2_000)), Ok(400.0));
        assert!(counted(reading(100, 3_000, 1_000)).is_err());
    }

    #[test]
    fn what_starts_after_the_counters_is_counted_too() {
        let mut counters = Counters::open();
        let before = counters.read();
        std::thread::spawn(|| {
            let touched: Vec<u8> = vec![1; 64 << 20];
            assert_eq!(std::hint::black_box(&touched)[1 << 20], 1);
        })
        .join()
        .unwrap();
        match &between(&before, &counters.read())[&Event::PageFaults] {
            // 64 MiB are 32 pages where the kernel takes large ones.
            Ok(faults) => assert!(*faults >= 32.0, "{faults}"),
            Err(reason) => assert!(reason.contains("perf_event"), "{reason}"),
        }
    }
}
