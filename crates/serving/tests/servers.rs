//! Every server under a small load, a trial for each: right answers, an end without a rest, and lies that are found.

use std::process::ExitCode;
use std::time::Duration;

use concbench_model::process::Role;
use concbench_serving::{
    FleetProcess, Lie, Life, Load, Outcome, Phase, Protocol, SERVERS, ServerProcess, Service, ServingError,
    be_fleet, be_server,
};
use libtest_mimic::{Arguments, Failed, Trial};

/// How long anything may take: no machine is as busy as that.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    let done = match Role::take() {
        Ok(None) => {
            return libtest_mimic::run(&Arguments::from_args(), trials()).exit_code();
        }
        Ok(Some(Role::Server { service })) => be_server(&serde_json::from_str(&service).unwrap()).map(drop),
        Ok(Some(Role::Fleet { load })) => be_fleet(serde_json::from_str(&load).unwrap()),
        other => panic!("{other:?}"),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for server in SERVERS {
        for protocol in [Protocol::Echo, Protocol::Http] {
            for (life, connections) in [(Life::Long, 1), (Life::Long, 8), (Life::Short, 4)] {
                if server.refuses(protocol, life, connections).is_some() {
                    continue;
                }
                let name = format!("{}::{protocol:?}_{life:?}_{connections}", server.id);
                trials.push(Trial::test(name, move || serves(server.id, protocol, life, connections)));
            }
        }
    }
    for (lie, expected) in [
        (Lie::Wrong, "answered wrongly: byte"),
        (Lie::Stall, "stalls: no answer for"),
        (Lie::Die, "the server one-at-a-time exited with code 1"),
    ] {
        trials.push(Trial::test(format!("lie::{lie:?}"), move || lies("one-at-a-time", lie, expected)));
    }
    trials
        .push(Trial::test("lie::fork_Wrong", || lies("process-per-client", Lie::Wrong, "answered wrongly")));
    trials.push(Trial::test("rate::messages_are_sent_when_they_are_due", at_a_rate));
    trials
}

fn service(server: &str, protocol: Protocol, life: Life, connections: usize, lie: Option<Lie>) -> Service {
    let found = concbench_serving::find(server).unwrap();
    let workers = found.workers(life, connections, 2);
    Service { server: server.to_owned(), protocol, workers, cores: Vec::new(), lie }
}

fn measure(
    service: &Service,
    life: Life,
    connections: usize,
    rate_per_s: Option<f64>,
    patience: Duration,
) -> Result<Outcome, ServingError> {
    let role = Role::Server { service: serde_json::to_string(service).unwrap() };
    let mut server = ServerProcess::start(role.command(), service)?;
    let load = Load {
        address: server.address(),
        protocol: service.protocol,
        life,
        connections,
        bytes: 1000,
        threads: 2,
        cores: Vec::new(),
        connecting: 16,
        patience,
    };
    let role = Role::Fleet { load: serde_json::to_string(&load).unwrap() };
    let mut fleet = FleetProcess::start(role.command())?;
    fleet.connected(&mut server, PATIENCE)?;
    let (warm, time) = (Duration::from_millis(20), Duration::from_millis(200));
    let mut noted = 0;
    let outcome = fleet.run(&mut server, &Phase { warm, time, rate_per_s }, PATIENCE, || noted += 1)?;
    assert_eq!(noted, 2);
    Ok(outcome)
}

fn serves(server: &str, protocol: Protocol, life: Life, connections: usize) -> Result<(), Failed> {
    match measure(&service(server, protocol, life, connections, None), life, connections, None, PATIENCE) {
        Ok(outcome) => {
            assert_eq!(outcome.exchanges, outcome.latencies_ns.len() as u64);
            assert_eq!(outcome.compared_bytes, 1000 * outcome.exchanges);
            assert!(outcome.exchanges > 0, "nothing was answered");
            Ok(())
        }
        // A kernel without an io_uring.
        Err(ServingError::Unsupported(_)) if server == "compio" => Ok(()),
        Err(error) => Err(error.to_string().into()),
    }
}

fn lies(server: &str, lie: Lie, expected: &str) -> Result<(), Failed> {
    let patience = if lie == Lie::Stall { Duration::from_millis(300) } else { PATIENCE };
    let service = service(server, Protocol::Echo, Life::Long, 1, Some(lie));
    match measure(&service, Life::Long, 1, None, patience) {
        Err(error) if error.to_string().contains(expected) => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}

fn at_a_rate() -> Result<(), Failed> {
    let service = service("tokio-current-thread", Protocol::Echo, Life::Long, 4, None);
    let outcome = measure(&service, Life::Long, 4, Some(500.0), PATIENCE)?;
    // 200 ms at 500 a second; a busy machine may lose some at the ends, and none can be added.
    assert!((1..=101).contains(&outcome.exchanges), "{}", outcome.exchanges);
    Ok(())
}
