use serde::Serialize;

use super::Sample;
use super::findings::{self, Finding, State, of_limits, of_machine, of_sample};
use crate::record::{Machine, Warning};

/// Whether a machine is fit to measure on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diagnosis {
    /// The worst state of all findings.
    pub overall: State,
    /// One for each respect, in an order that does not depend on their states.
    pub findings: Vec<Finding>,
    /// The machine.
    pub machine: Machine,
}

/// Judges a machine by its facts and by a sample of what it does while nothing is measured.
pub fn examine(machine: &Machine, sample: &Sample) -> Diagnosis {
    let mut findings = vec![findings::build(sample.debug_build)];
    findings.extend(of_sample(sample));
    findings.extend(of_machine(machine));
    findings.extend(of_limits(machine));
    let overall = findings.iter().map(|finding| finding.state).max().unwrap_or(State::Unknown);
    Diagnosis { overall, findings, machine: machine.clone() }
}

/// What speaks against measuring on a machine, as far as its facts tell: for the record of a run.
pub fn preflight_warnings(machine: &Machine) -> Vec<Warning> {
    std::iter::once(findings::build(cfg!(debug_assertions)))
        .chain(of_machine(machine))
        .chain(of_limits(machine))
        .filter(|finding| finding.state >= State::Concern)
        .map(|finding| Warning {
            id: finding.id.to_owned(),
            message: format!("{}: {}", finding.found, finding.effect),
            remedy: finding.remedy.unwrap_or_default().to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::machine::facts_under;
    use crate::machine::fixture::Fixture;
    use crate::machine::gate::Readings;

    fn quiet() -> Sample {
        let readings = Readings {
            elapsed: Duration::from_secs(1),
            cpus: 8,
            steal: Some(0.0),
            foreign: Some(0.001),
            throttled_ns: Some(0),
            pressure: Some(0.0),
            thermal_throttles: Some(0),
            frequency_khz: Ok(3_000_000),
        };
        Sample { readings, clock_step: Some(Duration::from_nanos(30)), debug_build: false }
    }

    fn machine(fixture: &Fixture) -> Machine {
        Machine { cores: 8, load_one: Some(0.1), ..facts_under(&fixture.roots()) }
    }

    fn state(diagnosis: &Diagnosis, id: &str) -> State {
        diagnosis.findings.iter().find(|finding| finding.id == id).unwrap().state
    }

    /// The states that are not good, by their names.
    fn troubles(machine: &Machine, sample: &Sample) -> Vec<(&'static str, State)> {
        let findings = examine(machine, sample).findings;
        let bad = findings.iter().filter(|finding| finding.state != State::Good);
        bad.map(|finding| (finding.id, finding.state)).collect()
    }

    #[test]
    fn a_fit_machine_is_good_in_every_respect() {
        let machine = machine(&Fixture::fit());
        assert_eq!(troubles(&machine, &quiet()), []);
        assert_eq!(examine(&machine, &quiet()).overall, State::Good);
        let warnings: Vec<_> = preflight_warnings(&machine).into_iter().map(|warning| warning.id).collect();
        // This test is built without optimisation, or with it.
        assert!(warnings.iter().all(|id| id == "build"), "{warnings:?}");
    }

    #[test]
    fn each_fact_gives_its_own_finding() {
        let change = |change: &dyn Fn(&Fixture)| {
            let fixture = Fixture::fit();
            change(&fixture);
            troubles(&machine(&fixture), &quiet())
        };
        let cpu = "devices/system/cpu";
        let concern = |id| vec![(id, State::Concern)];
        assert_eq!(
            change(&|f| {
                f.sys(&format!("{cpu}/cpufreq/policy2/scaling_governor"), "powersave");
            }),
            concern("governor")
        );
        assert_eq!(
            change(&|f| {
                f.sys(&format!("{cpu}/intel_pstate/no_turbo"), "0");
            }),
            concern("turbo")
        );
        assert_eq!(
            change(&|f| {
                f.sys(&format!("{cpu}/smt/active"), "1");
            }),
            concern("smt")
        );
        assert_eq!(
            change(&|f| {
                f.proc("sys/kernel/randomize_va_space", "0");
            }),
            concern("aslr")
        );
        assert_eq!(
            change(&|f| {
                f.sys("fs/cgroup/job/cpu.max", "200000 100000");
            }),
            concern("quota")
        );
        assert_eq!(
            change(&|f| {
                f.sys("fs/cgroup/job/cpu.max", "50000 100000");
            }),
            [("quota", State::Unfit)]
        );
        assert_eq!(
            change(&|f| {
                f.proc("self/status", "Cpus_allowed_list:\t0-3\n");
            }),
            concern("affinity")
        );
        assert_eq!(
            change(&|f| {
                f.sys("class/power_supply/BAT0/status", "Discharging");
            }),
            concern("battery")
        );
        assert_eq!(
            change(&|f| {
                f.proc("cpuinfo", "flags\t: hypervisor\n").sys("class/dmi/id/sys_vendor", "QEMU");
            }),
            // Siblings are not believed any more either.
            [("smt", State::Unknown), ("virtualisation", State::Concern)]
        );
        assert_eq!(
            change(&|f| {
                f.sys("devices/system/clocksource/clocksource0/current_clocksource", "hpet");
            }),
            concern("clock-source")
        );
        assert_eq!(
            change(&|f| {
                f.proc("sys/vm/max_map_count", "3000");
            }),
            concern("threads")
        );
        assert_eq!(
            change(&|f| {
                f.sys("fs/cgroup/job/pids.max", "512");
            }),
            [("threads", State::Concern), ("processes", State::Concern)]
        );
        assert_eq!(
            change(&|f| {
                f.proc("sys/net/ipv4/ip_local_port_range", "40000 40099");
            }),
            concern("connections")
        );
        assert_eq!(
            change(&|f| {
                f.proc("sys/net/core/somaxconn", "128");
            }),
            concern("backlog")
        );
    }

    #[test]
    fn a_busy_machine_is_unfit() {
        let machine = machine(&Fixture::fit());
        let with = |change: fn(&mut Sample)| {
            let mut sample = quiet();
            change(&mut sample);
            troubles(&machine, &sample)
        };
        assert_eq!(with(|sample| sample.readings.foreign = Some(0.125)), [("foreign", State::Unfit)]);
        assert_eq!(with(|sample| sample.readings.foreign = Some(0.02)), [("foreign", State::Concern)]);
        assert_eq!(with(|sample| sample.readings.steal = Some(0.2)), [("steal", State::Unfit)]);
        assert_eq!(with(|sample| sample.readings.steal = Some(0.02)), [("steal", State::Concern)]);
        assert_eq!(with(|sample| sample.debug_build = true), [("build", State::Unfit)]);
        let coarse = |sample: &mut Sample| sample.clock_step = Some(Duration::from_micros(20));
        assert_eq!(with(coarse), [("clock-step", State::Concern)]);
        let loaded = Machine { load_one: Some(9.0), ..machine.clone() };
        assert_eq!(troubles(&loaded, &quiet()), [("load", State::Concern)]);
    }

    #[test]
    fn what_a_machine_does_not_tell_is_unknown_and_never_good() {
        let machine = facts_under(&Fixture::empty().roots());
        let readings = Readings {
            cpus: 0,
            steal: None,
            foreign: None,
            throttled_ns: None,
            pressure: None,
            thermal_throttles: None,
            frequency_khz: Err("it is not shown".to_owned()),
            ..quiet().readings
        };
        let sample = Sample { readings, clock_step: None, ..quiet() };
        let diagnosis = examine(&machine, &sample);
        for finding in &diagnosis.findings {
            let expected = if finding.id == "build" { State::Good } else { State::Unknown };
            assert_eq!(finding.state, expected, "{}", finding.id);
        }
        assert_eq!(diagnosis.overall, State::Unknown);
    }

    #[test]
    fn whatever_is_not_good_has_a_remedy_and_ids_are_unique() {
        for fixture in [Fixture::empty(), Fixture::laptop(), Fixture::guest(), Fixture::fit()] {
            let diagnosis = examine(&machine(&fixture), &quiet());
            for finding in &diagnosis.findings {
                assert!(finding.state == State::Good || finding.remedy.is_some(), "{}", finding.id);
                assert!(!finding.found.is_empty() && !finding.effect.is_empty(), "{}", finding.id);
            }
            let mut ids: Vec<_> = diagnosis.findings.iter().map(|finding| finding.id).collect();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), diagnosis.findings.len());
        }
    }

    #[test]
    fn a_tuned_laptop_still_says_what_a_hundred_thousand_threads_would_need() {
        let diagnosis = examine(&machine(&Fixture::laptop()), &quiet());
        let threads = diagnosis.findings.iter().find(|finding| finding.id == "threads").unwrap();
        assert_eq!(threads.state, State::Good);
        assert!(threads.found.contains("vm.max_map_count is 65530"), "{}", threads.found);
        assert!(threads.remedy.is_some());
        assert_eq!(state(&diagnosis, "governor"), State::Concern);
        assert_eq!(diagnosis.overall, State::Concern);
    }

    #[test]
    fn every_warning_of_a_laptop_names_what_to_do() {
        let warnings = preflight_warnings(&machine(&Fixture::laptop()));
        for id in ["governor", "turbo", "smt", "battery", "connections"] {
            assert!(warnings.iter().any(|warning| warning.id == id), "{id}");
        }
        assert!(warnings.iter().all(|warning| !warning.remedy.is_empty() && !warning.message.contains('\n')));
    }
}
