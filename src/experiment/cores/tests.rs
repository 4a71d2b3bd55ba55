//! What is measured and what follows on a machine that is made up.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Choice, Computed, Cores, Limit, Observation, Order, Sizing, Throttling, plan};
use crate::experiment::conduct::mock::MockLauncher;
use crate::experiment::rehearsal::{rehearse, scope, takes};
use crate::experiment::{Experiment, Scope, html, text_tables};
use crate::record::{Failure, RawExperiment, Record, Status};
use crate::report::Format;
use crate::runner::{Request, RunnerError};

const MS: u64 = 1_000_000;
/// The cores of the machine.
const CORES: u64 = 2;

/// How many workers a library has by itself: some round a quota down, one rounds it up, and one has always one.
fn own(sizer: &str, limit: Limit) -> u64 {
    match sizer {
        "smol" => 1,
        "num-cpus" => limit.fitting(),
        _ => (limit.cores().floor() as u64).max(1),
    }
}

/// Workers get what the limit leaves; where they could use more, a quota holds them up in every period.
fn computed(limit: Limit, workers: u64) -> Computed {
    let rate = 1_000.0 * limit.cores().min(workers as f64);
    let quota = matches!(limit, Limit::Quota(_));
    let held = quota && workers as f64 > limit.cores();
    let throttling = Throttling {
        throttled_ns: if held { 100 * MS } else { 0 },
        periods: if held { 3 } else { 0 },
        of_periods: 3,
    };
    Computed {
        workers,
        tasks: 300,
        elapsed_ns: (300e9 / rate) as u64,
        durations: (0..300).map(|task| if held && task % 50 == 0 { 51 * MS } else { MS }).collect(),
        cpu_ns: Some(300 * MS),
        granted_ns: quota.then(|| (300e6 / limit.cores()) as u64),
        cpu_reason: None,
        throttled: quota.then_some(throttling),
    }
}

/// A run on a machine on which groups can be made, or not for this reason; with the id and the workers of what was asked
/// for.
fn measured(scope: &Scope, group: Result<(), &str>) -> (Vec<(String, Option<u64>)>, Record) {
    let mut asked = Vec::new();
    let mut launcher = MockLauncher::new(|_, id, request: &Request| {
        asked.push((id.to_owned(), request.work.as_ref().map(|work| work.workers)));
        let order: Order = serde_json::from_value(request.order.clone()).unwrap();
        Ok::<Value, RunnerError>(json!(match order {
            Order::Step => Observation::Step { step_ns: 2.0 },
            Order::Group => {
                let refused = |why: &str| RunnerError::Failure(Failure::new(Status::Unsupported, why));
                group.map_err(refused).map(|()| Observation::Group {})?
            }
            Order::Size { limit, sizer } => Observation::Size { workers: own(&sizer, limit) },
            Order::Run { limit, .. } => {
                let work = request.work.as_ref().unwrap();
                assert!(work.tasks >= 299, "{id}: a 99th percentile needs as many");
                Observation::Run(computed(limit, work.workers))
            }
        }))
    });
    let record = rehearse(Cores::ID, scope, None, &|_| true, &mut launcher);
    drop(launcher);
    (asked, record)
}

fn default_scope() -> Scope {
    scope(Vec::new(), CORES, false, 7)
}

fn raw(record: &Record) -> &RawExperiment {
    &record.experiments[Cores::ID]
}

fn choice(record: &Record, limit: &str, sizer: &str, sizing: Sizing) -> Choice {
    let found: Vec<Choice> = serde_json::from_value(raw(record).findings.clone()).unwrap();
    let same = |one: &Choice| (&*one.limit, &*one.sizer, one.sizing) == (limit, sizer, sizing);
    found.into_iter().find(same).unwrap_or_else(|| panic!("{limit}/{sizer}"))
}

#[test]
fn a_pool_of_the_machines_size_is_seen_to_pay_under_a_quota() {
    let (_, record) = measured(&default_scope(), Ok(()));
    let machine = choice(&record, "quota-1", "rayon", Sizing::Machine);
    assert_eq!((machine.workers, machine.fitting, machine.throttled_share), (2, 1, Some(1.0)));
    let (rate, p99) = (machine.rate.unwrap(), machine.p99.unwrap());
    assert!((rate.ratio - 1.0).abs() < 0.01 && (p99.ratio - 51.0).abs() < 1.0, "{machine:?}");
    let own = choice(&record, "quota-1", "rayon", Sizing::Own);
    assert_eq!((own.workers, own.throttled_share), (1, Some(0.0)));
    let tables = text_tables(&record, Format::Terminal).unwrap();
    let said = |sentence: &str| assert!(tables.contains(sentence), "{sentence}\n{tables}");
    said("Under a quota of 1 core none is known to pay for its own choice.");
    said(
        "Under a quota of 1 core, as many workers as the machine has cores (2) come to 1.00x of the rate and 50.9x of the p99, held up in 100 % of the periods",
    );
    said("On 2 CPUs as many tasks are done as on 1, times 1.00x (smol's global executor) to 2.00x");
}

#[test]
fn what_has_used_up_a_quota_in_advance_has_done_no_more_a_second() {
    let limit = Limit::Quota(1.0);
    let fitting = computed(limit, 1);
    // Three periods' worth in little more than two periods.
    let ahead = Computed { elapsed_ns: 206 * MS, ..computed(limit, 2) };
    assert_eq!(ahead.done_per_s(), fitting.done_per_s());
    let bound = Computed { granted_ns: None, ..ahead };
    assert!(bound.done_per_s() > 1.4 * fitting.done_per_s(), "without a quota the time alone counts");
}

#[test]
fn few_blocks_only_indicate_what_a_choice_costs() {
    let said = |blocks, sentence: &str| {
        let mut scope = default_scope();
        scope.settings.blocks = blocks;
        text_tables(&measured(&scope, Ok(())).1, Format::Terminal).unwrap().contains(sentence)
    };
    let few = "With fewer than 12 blocks these are indications.";
    assert!(
        said(11, few)
            && said(11, "their own choice of 1 seems to come to")
            && said(11, "cores (2) seem to come to")
    );
    assert!(!said(12, few) && said(12, "their own choice of 1 comes to"));
}

#[test]
fn a_library_that_rounds_a_quota_down_leaves_a_part_of_it_unused() {
    let (_, record) = measured(&default_scope(), Ok(()));
    let down = choice(&record, "quota-1.5", "rayon", Sizing::Own);
    assert_eq!((down.workers, down.fitting), (1, 2));
    assert!((down.rate.unwrap().ratio - 2.0 / 3.0).abs() < 0.01, "{down:?}");
    let tables = text_tables(&record, Format::Terminal).unwrap();
    let said = |sentence: &str| assert!(tables.contains(sentence), "{sentence}\n{tables}");
    said("Workers by their own choice under a quota of 0.5, 1, 1.5 cores: 1, 1, 1 (");
    said("1, 1, 2 (`num_cpus::get`)");
    said("Under a quota of 1.5 cores, held against 2 workers, their own choice of 1 comes to");
    said("0.667x of the rate and 0.0196x of the p99, held up in 0 % of the periods (`std::thread::available");
    assert!(html(&record).unwrap().contains("Which libraries size themselves by the machine"));
}

#[test]
fn each_library_is_asked_under_each_limit_and_gets_as_many_workers_as_it_says() {
    let (asked, record) = measured(&default_scope(), Ok(()));
    assert_eq!(asked, measured(&default_scope(), Ok(())).0);
    assert_ne!(asked, measured(&scope(Vec::new(), CORES, false, 8), Ok(())).0);
    let workers = |id: &str| -> Vec<Option<u64>> {
        asked.iter().filter(|(name, _)| name == id).map(|(_, workers)| *workers).collect()
    };
    assert_eq!(workers("size/quota-1.5/num-cpus"), [None]);
    assert_eq!(workers("cores/quota-1.5/num-cpus/own"), [Some(2); 6]);
    assert_eq!(workers("cores/quota-1.5/tokio/own"), [Some(1); 6]);
    assert_eq!(workers("cores/quota-0.5/tokio/machine"), [Some(2); 6]);
    assert_eq!(workers("cores/cpus-2/tokio/own"), [Some(2); 6]);
    assert!(raw(&record).cells.iter().all(|cell| cell.status == Status::Ok));
}

#[test]
fn where_no_group_can_be_made_quotas_are_unsupported_and_affinity_goes_on() {
    let why =
        "making the control group /sys/fs/cgroup/cpu/concbench-7 is refused: permission denied; run as root";
    let (asked, record) = measured(&default_scope(), Err(why));
    for cell in &raw(&record).cells {
        let quota = cell.factors["quota"].as_bool().unwrap();
        assert_eq!(cell.status, if quota { Status::Unsupported } else { Status::Ok }, "{}", cell.id);
        assert!(!quota || cell.reason.as_deref() == Some(why));
    }
    let started = asked.iter().filter(|(id, _)| id.contains("quota"));
    assert_eq!(started.count(), 0, "nothing was started under a quota");
    let tables = text_tables(&record, Format::Terminal).unwrap();
    assert!(tables.contains(&format!("Quotas could not be measured: {why}.")), "{tables}");
}

#[test]
fn a_machine_with_more_cores_has_more_limits() {
    let limits = |cores| -> Vec<String> {
        let mut limits: Vec<String> =
            plan::cells(&scope(Vec::new(), cores, false, 1)).into_iter().map(|cell| cell.limit).collect();
        limits.dedup();
        limits
    };
    assert_eq!(limits(1), ["cpus-1", "quota-0.5"]);
    assert_eq!(
        limits(6),
        ["cpus-1", "cpus-2", "cpus-4", "cpus-6", "quota-0.5", "quota-1", "quota-1.5", "quota-2", "quota-4"]
    );
}

#[test]
fn it_takes_three_minutes_and_a_quick_run_little_more_than_one() {
    let [usual, quick] = takes::<Cores>(CORES);
    assert!(usual <= Duration::from_secs(180), "{usual:?}");
    assert!(quick <= Duration::from_secs(70), "{quick:?}");
}
