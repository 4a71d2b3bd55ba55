//! Holds the fleet against `wrk`, a load generator that nobody here wrote: both ask the same HTTP server in turn, and what
//! each saw stands side by side. By hand: `make versus-wrk`.

use std::io::Write;
use std::process::{Command, ExitCode};
use std::time::Duration;

use concbench_model::process::Role;
use concbench_serving::{
    FleetProcess, Life, Load, Phase, Protocol, ServerProcess, Service, be_fleet, be_server, find,
};

type Failure = Box<dyn std::error::Error>;

/// How often each is asked, in turn.
const ROUNDS: usize = 5;
/// How long a load lasts before it counts, and how long it counts.
const WARM: Duration = Duration::from_millis(500);
const TIME: Duration = Duration::from_secs(3);
const CONNECTIONS: [usize; 2] = [16, 256];
const BYTES: usize = 1024;
const SERVERS: [&str; 2] = ["tokio-current-thread", "tokio-multi-thread"];

fn main() -> ExitCode {
    let done = match Role::take() {
        Ok(Some(Role::Server { service })) => serde_json::from_str(&service)
            .map_err(Failure::from)
            .and_then(|service| match be_server(&service)? {}),
        Ok(Some(Role::Fleet { load })) => {
            serde_json::from_str(&load).map_err(Failure::from).and_then(|load| Ok(be_fleet(load)?))
        }
        Ok(_) => compare(),
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("versus_wrk: {error}");
            ExitCode::FAILURE
        }
    }
}

fn compare() -> Result<(), Failure> {
    let threads = std::thread::available_parallelism()?.get().div_ceil(2);
    println!(
        "medians of {ROUNDS} rounds in turn, {BYTES} bytes, {threads} threads of clients, exchanges a second"
    );
    println!("{:24}{:>12}{:>12}{:>12}{:>8}", "server", "connections", "fleet", "wrk", "ratio");
    for server in SERVERS {
        for connections in CONNECTIONS {
            let (mut fleets, mut wrks) = (Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                fleets.push(ask(server, |server| fleet(server, connections, threads))?);
                wrks.push(ask(server, |server| wrk(server, connections, threads))?);
            }
            let (fleet, wrk) = (median(fleets), median(wrks));
            println!("{server:24}{connections:>12}{fleet:>12.0}{wrk:>12.0}{:>8.2}", fleet / wrk);
        }
    }
    Ok(())
}

/// Starts a server, and has it asked.
fn ask(id: &str, load: impl FnOnce(&mut ServerProcess) -> Result<f64, Failure>) -> Result<f64, Failure> {
    let cores = std::thread::available_parallelism()?.get();
    let server = find(id).ok_or("no such server")?;
    let service = Service {
        server: id.to_owned(),
        protocol: Protocol::Http,
        workers: server.workers(Life::Long, 1, cores),
        cores: Vec::new(),
        lie: None,
    };
    let role = Role::Server { service: serde_json::to_string(&service)? };
    load(&mut ServerProcess::start(role.command(), &service)?)
}

fn fleet(server: &mut ServerProcess, connections: usize, threads: usize) -> Result<f64, Failure> {
    let load = Load {
        address: server.address(),
        protocol: Protocol::Http,
        life: Life::Long,
        connections,
        bytes: BYTES,
        threads,
        cores: Vec::new(),
        connecting: 128,
        patience: Duration::from_secs(5),
    };
    let role = Role::Fleet { load: serde_json::to_string(&load)? };
    let mut fleet = FleetProcess::start(role.command())?;
    let within = Duration::from_secs(30);
    fleet.connected(server, within)?;
    let phase = Phase { warm: WARM, time: TIME, rate_per_s: None };
    let outcome = fleet.run(server, &phase, within, || ())?;
    Ok(outcome.exchanges as f64 / TIME.as_secs_f64())
}

fn wrk(server: &mut ServerProcess, connections: usize, threads: usize) -> Result<f64, Failure> {
    let path = std::env::temp_dir().join(format!("versus-wrk-{}.lua", std::process::id()));
    let mut script = std::fs::File::create(&path)?;
    write!(script, "wrk.method = 'POST'\nwrk.body = string.rep('a', {BYTES})\n")?;
    let output = Command::new("wrk")
        .args(["-t", &threads.to_string(), "-c", &connections.to_string()])
        .args(["-d", &format!("{}s", (WARM + TIME).as_secs_f64().ceil())])
        .arg("-s")
        .arg(&path)
        .arg(format!("http://{}/", server.address()))
        .output();
    std::fs::remove_file(&path)?;
    let output =
        output.map_err(|error| format!("wrk cannot be started: {error}; install the package `wrk`"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let rate = text.lines().find_map(|line| line.trim().strip_prefix("Requests/sec:"));
    Ok(rate.ok_or_else(|| format!("wrk said no rate: {text}"))?.trim().parse()?)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
