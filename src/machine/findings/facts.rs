use super::{Finding, State, Topic, good_if};
use crate::record::Machine;
use concbench_sys::parse::UNLIMITED;

/// The load average for each core above which the last minute was not quiet.
const CONCERNING_LOAD: f64 = 0.5;
/// Clocks that are read without a system call.
const FAST_CLOCKS: [&str; 5] =
    ["tsc", "kvm-clock", "arch_sys_counter", "hyperv_clocksource_tsc_page", "riscv_clocksource"];

/// What the facts of a machine say.
pub(in crate::machine) fn of_machine(machine: &Machine) -> Vec<Finding> {
    vec![
        load(machine),
        governor(machine),
        turbo(machine),
        smt(machine),
        aslr(machine),
        quota(machine),
        affinity(machine),
        battery(machine),
        virtualisation(machine),
        clock_source(machine),
    ]
}

fn load(machine: &Machine) -> Finding {
    let topic = Topic {
        id: "load",
        effect: "whatever ran in the last minute may still run",
        remedy: "wait until it is over: a build just before counts too",
    };
    topic.judge(machine, "load_one", machine.load_one, |load| {
        let state = good_if(load <= CONCERNING_LOAD * machine.cores as f64);
        (state, format!("load average {load:.2} over one minute, on {} cores", machine.cores))
    })
}

fn governor(machine: &Machine) -> Finding {
    let topic = Topic {
        id: "governor",
        effect: "cores start slow and speed up, so short batches and models that sleep look slower",
        remedy: "sudo cpupower frequency-set --governor performance",
    };
    topic.judge(machine, "governor", machine.governor.as_deref(), |governor| {
        (good_if(governor == "performance"), format!("the frequency governor is {governor}"))
    })
}

fn turbo(machine: &Machine) -> Finding {
    let topic = Topic {
        id: "turbo",
        effect: "one busy core runs faster than many, so speed-ups look smaller, and heat makes figures drift",
        remedy: "echo 1 | sudo tee /sys/devices/system/cpu/intel_pstate/no_turbo, or \
                 echo 0 | sudo tee /sys/devices/system/cpu/cpufreq/boost",
    };
    topic.judge(machine, "turbo", machine.turbo, |on| match on {
        true => (State::Concern, "the processor may raise its frequency by itself".to_owned()),
        false => (State::Good, "the frequency is not raised beyond its base".to_owned()),
    })
}

fn smt(machine: &Machine) -> Finding {
    let topic = Topic {
        id: "smt",
        effect: "two workers may share one core, so the speed-up bends at the physical cores and varies with placement",
        remedy: "echo off | sudo tee /sys/devices/system/cpu/smt/control",
    };
    topic.judge(machine, "smt", machine.smt, |on| match on {
        true => (State::Concern, "processors share cores (simultaneous multithreading)".to_owned()),
        false => (State::Good, "no processor shares its core".to_owned()),
    })
}

/// Here randomness helps: every observation is a fresh process.
fn aslr(machine: &Machine) -> Finding {
    let topic = Topic {
        id: "aslr",
        effect: "with one layout for all, what it happens to favour is favoured in every observation",
        remedy: "sudo sysctl kernel.randomize_va_space=2, and run without setarch -R or a debugger",
    };
    topic.judge(machine, "aslr", machine.aslr, |on| match on {
        true => (State::Good, "addresses are randomised, so a bias of layout averages out".to_owned()),
        false => (State::Concern, "addresses are not randomised".to_owned()),
    })
}

fn quota(machine: &Machine) -> Finding {
    let topic = Topic {
        id: "quota",
        effect: "a model with more threads than the quota is stopped for the rest of each period, which looks like latency",
        remedy: "run without a CPU limit (docker: no --cpus, Kubernetes: no CPU limit), or with whole cores of its own",
    };
    if machine.missing.get("quota_cores").is_some_and(|reason| reason == UNLIMITED) {
        return topic.found(State::Good, "no CPU quota");
    }
    topic.judge(machine, "quota_cores", machine.quota_cores, |cores| {
        let state = if cores < 1.0 { State::Unfit } else { State::Concern };
        (state, format!("a CPU quota of {cores:.2} cores"))
    })
}

fn affinity(machine: &Machine) -> Finding {
    let topic = Topic {
        id: "affinity",
        effect: "the figures are those of a smaller machine, beside neighbours on its other cores",
        remedy: "run without taskset or a cpuset, or say so in the label of the run",
    };
    let processors = machine.allowed_cpus.zip(machine.logical_cpus);
    let name = if machine.allowed_cpus.is_none() { "allowed_cpus" } else { "logical_cpus" };
    topic.judge(machine, name, processors, |(allowed, online)| {
        (good_if(allowed >= online), format!("may run on {allowed} of {online} processors"))
    })
}

fn battery(machine: &Machine) -> Finding {
    let topic = Topic {
        id: "battery",
        effect: "on a battery the firmware caps the frequency, more so as it empties",
        remedy: "plug it in",
    };
    topic.judge(machine, "on_battery", machine.on_battery, |on| match on {
        true => (State::Concern, "runs on its battery".to_owned()),
        false => (State::Good, "runs on mains power".to_owned()),
    })
}

fn virtualisation(machine: &Machine) -> Finding {
    let topic = Topic {
        id: "virtualisation",
        effect: "wake-ups are dearer than on metal, cores may be halves of cores, and neighbours are not seen",
        remedy: "measure on the metal if that is what the work will run on, or take more blocks and watch steal",
    };
    topic.judge(machine, "virtualisation", machine.virtualisation.as_deref(), |name| match name {
        "none" => (State::Good, "not a virtual machine".to_owned()),
        name => (State::Concern, format!("a virtual machine ({name})")),
    })
}

fn clock_source(machine: &Machine) -> Finding {
    let topic = Topic {
        id: "clock-source",
        effect: "each reading of such a clock is a system call or a slow device, which short spans are full of",
        remedy: "look why the kernel gave up the fast clock: dmesg | grep -i clocksource",
    };
    topic.judge(machine, "clock_source", machine.clock_source.as_deref(), |name| {
        (good_if(FAST_CLOCKS.contains(&name)), format!("the clock source is {name}"))
    })
}
