//! Where it is measured, and what else goes on there.

use std::collections::BTreeMap;

use concbench::batch::WorkloadRecord;
use concbench::record::{BlockNoise, Grade, Machine, Noise, Warning};

use super::{BLOCKS, CORES, Random};

pub(super) fn machine() -> Machine {
    Machine {
        os: Some("Debian GNU/Linux 13".into()),
        kernel: Some("6.18.0".into()),
        arch: "x86_64".into(),
        cpu: Some("AMD EPYC 9B14".into()),
        logical_cpus: Some(8),
        allowed_cpus: Some(8),
        physical_cores: Some(4),
        cores: CORES,
        smt: Some(true),
        quota_cores: Some(4.0),
        governor: None,
        turbo: None,
        aslr: Some(true),
        virtualisation: Some("kvm".into()),
        clock_source: Some("kvm-clock".into()),
        on_battery: Some(false),
        memory_bytes: Some(16 << 30),
        load_one: Some(0.08),
        limits: BTreeMap::from([("nofile".into(), Some(1_048_576)), ("nproc".into(), Some(512))]),
        missing: BTreeMap::from([
            ("governor".into(), "the kernel shows no cpufreq".into()),
            ("turbo".into(), "the kernel shows no cpufreq".into()),
        ]),
    }
}

pub(super) fn noise(workloads: &[WorkloadRecord], random: &mut Random) -> Noise {
    let blocks = workloads
        .iter()
        .flat_map(|work| (0..BLOCKS).map(|block| (work.name.clone(), block)))
        .map(|(group, block)| BlockNoise {
            steal: Some(if block == 13 { 0.061 } else { random.unit() * 0.01 }),
            foreign: Some(random.unit() * 0.02),
            throttled_ns: Some(0),
            pressure: Some(0.1),
            thermal_throttles: None,
            frequency_khz: None,
            frequency_reason: None,
            repeats: u32::from(block == 13),
            breach: (block == 13 && group == "count")
                .then(|| "steal 6.1 % of CPU time, the gate is 5 %".into()),
            experiment: "matrix".into(),
            group,
            block,
        })
        .collect();
    Noise {
        grade: Grade::Fair,
        warnings: vec![
            Warning {
                id: "virtual".into(),
                message:
                    "A hypervisor (kvm) shares this machine: it can take cores away while they are measured."
                        .into(),
                remedy: "Prefer a machine of your own, or raise the number of blocks.".into(),
            },
            Warning {
                id: "quota".into(),
                message: "A quota of 4 cores limits this control group.".into(),
                remedy: "Set it aside for the run, or measure with at most 4 workers.".into(),
            },
        ],
        blocks,
    }
}
