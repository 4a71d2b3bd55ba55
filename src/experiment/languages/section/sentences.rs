//! What was found, as sentences.

use concbench_text::figures as units;

use super::Found;
use crate::batch::Comparison;
use crate::experiment::languages::{Lock, own};
use crate::report::text;

/// How many cores threads may keep busy that take turns, and how many more the processes have to keep busy beside them, to
/// say that taking turns is the cause.
const TURNS: f64 = 1.25;

impl Found<'_> {
    /// All of them.
    pub(super) fn sentences(&self) -> Vec<String> {
        let findings = &self.record.findings;
        let mut sentences: Vec<String> = findings.locks.iter().filter_map(|lock| self.lock(lock)).collect();
        let kernels = &self.record.setup.kernels;
        sentences.extend(kernels.iter().filter_map(|kernel| self.across(&kernel.name)));
        sentences.extend(self.starts());
        if sentences.is_empty() {
            let theirs = self.measured().any(|cell| cell.factors.runner != own::NAME);
            sentences.push(match theirs {
                true => "Of what was measured nothing is comparable across languages.".to_owned(),
                false => "No runner of another language was measured.".to_owned(),
            });
        }
        sentences
    }

    /// What a global lock costs, where one is held.
    fn lock(&self, lock: &Lock) -> Option<String> {
        let found = &lock.threads_over_processes;
        let said = self.description(&lock.runner)?;
        let held = said.global_lock.held == Some(true);
        let shown = found.low > 1.0
            && lock
                .cores_of_threads
                .zip(lock.cores_of_processes)
                .is_some_and(|(threads, processes)| threads < TURNS && processes > TURNS * threads);
        if !held {
            return None;
        }
        let [threads, processes] = [&found.a, &found.b]
            .map(|id| self.cell(id).map_or_else(String::new, |cell| self.construct(&cell.factors)));
        let tasks = self.cell(&found.a).map_or(0, |cell| cell.factors.tasks);
        let cores = |cores: Option<f64>| {
            cores.map_or("an unknown number of".to_owned(), |cores| format!("{cores:.1}"))
        };
        let because = match shown {
            true => format!(
                "the cause is its global lock, under which one thread runs at a time ({})",
                text::sentence(&said.global_lock.how)
            ),
            false => "it holds a global lock, which this run does not show".to_owned(),
        };
        Some(format!(
            "{} {}: {tasks} factorials take {} as long by {threads} as by {processes} {}; the threads keep {} cores busy, \
             the processes {}; {because}.",
            text::name(&said.implementation),
            text::name(&said.version),
            units::ratio(found.ratio, Some((found.low, found.high))),
            units::ratio_interval(found.ratio, Some((found.low, found.high))),
            cores(lock.cores_of_threads),
            cores(lock.cores_of_processes),
        ))
    }

    /// How the fastest construct of each language stands to ours at a kernel.
    fn across(&self, kernel: &str) -> Option<String> {
        let of_kernel = self.record.findings.across.iter().filter(|found| found.workload == kernel);
        let part = |found: &Comparison| {
            let cell = self.cell(&found.a)?;
            let (label, construct) = (self.label(&cell.factors.runner), self.construct(&cell.factors));
            let interval = Some((found.low, found.high));
            let (ratio, range) =
                (units::ratio(found.ratio, interval), units::ratio_interval(found.ratio, interval));
            Some(format!("{label} takes {ratio} as long {range} ({construct})"))
        };
        let parts: Vec<String> = of_kernel.clone().filter_map(part).collect();
        let ours = self.cell(&of_kernel.clone().next()?.b)?;
        let (kernel, ours) = (text::name(kernel), self.construct(&ours.factors));
        Some(format!("{kernel}: the fastest of ours is {ours}; {}.", parts.join(", ")))
    }

    /// What a runner takes before it does anything.
    fn starts(&self) -> Option<String> {
        let starts = &self.record.findings.starts;
        let by = |left: &&crate::experiment::languages::StartUp,
                  right: &&crate::experiment::languages::StartUp| {
            left.startup.median.total_cmp(&right.startup.median)
        };
        let (least, most) = (starts.iter().min_by(by)?, starts.iter().max_by(by)?);
        (least.runner != most.runner).then(|| {
            format!(
                "Before it does anything, a runner takes {} ({}) to {} ({}).",
                units::median_time(&least.startup),
                self.label(&least.runner),
                units::median_time(&most.startup),
                self.label(&most.runner),
            )
        })
    }
}
