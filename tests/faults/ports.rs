//! Networks that are missing, full, or taken.

use std::net::TcpListener;

use concbench::record::Status;

use crate::cases::Held;
use crate::scene::{Run, Scene, cell, factor};
use crate::target;

/// Runs a workload that connects and one that does not, in a network of its own that this script prepares.
fn in_own_network(scene: &Scene, script: &str, blocks: u32) -> Option<Run> {
    std::fs::write(scene.path().join("given-own.toml"), target::definition("")).unwrap();
    let command = scene
        .concbench(&format!("run --only matrix --definition given-own.toml --blocks {blocks} --deadline 5"));
    let script = format!("{script} && exec \"$0\" \"$@\"");
    let mut command = scene.through(&["unshare", "--net", "sh", "-c", &script], &command)?;
    let ended = scene.run(&mut command);
    ended.expect(3);
    let run = scene.check();
    for found in run.cells.iter().filter(|found| factor(found, "workload") == "cpu") {
        assert_eq!(found.status, Status::Ok, "{}: {:?}", found.id, found.reason);
    }
    Some(run)
}

pub(crate) fn no_network() -> Held {
    let scene = Scene::new();
    let Some(run) = in_own_network(&scene, "true", 1) else {
        return Held::Skipped("unshare --net, which needs root".to_owned());
    };
    for found in run.cells.iter().filter(|found| factor(found, "workload") == "web") {
        assert_eq!(found.status, Status::Failed, "{}: {:?}", found.id, found.reason);
    }
    let reason = cell(&run, "web/sequential").reason.clone().unwrap();
    assert!(reason.contains("cannot listen on 127.0.0.1") || reason.contains("nreachable"), "{reason}");
    Held::Times(1)
}

/// Four ports for connections, of which each batch of four needs four, and those of the batch before wait.
pub(crate) fn exhausted() -> Held {
    let scene = Scene::new();
    let prepare = "ip link set lo up && echo '40000 40003' >/proc/sys/net/ipv4/ip_local_port_range";
    let Some(run) = in_own_network(&scene, prepare, 3) else {
        return Held::Skipped("unshare --net and ip, which need root".to_owned());
    };
    let web: Vec<_> = run.cells.iter().filter(|found| factor(found, "workload") == "web").collect();
    assert!(web.iter().any(|found| found.status == Status::Failed), "no port was ever missing");
    for found in web.iter().filter(|found| found.status != Status::Ok) {
        assert_eq!(found.status, Status::Failed, "{}: {:?}", found.id, found.reason);
        assert!(!found.reason.as_deref().unwrap_or_default().is_empty(), "{}", found.id);
    }
    Held::Times(1)
}

/// Where somebody else listens.
pub(crate) fn taken() -> Held {
    let scene = Scene::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let ended = scene.run(&mut scene.concbench(&format!("serve --address {address}")));
    ended.expect(2);
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    assert!(ended.stderr.contains(&format!("cannot listen on {address}")), "{ended:?}");
    scene.check_leftovers();
    Held::Times(1)
}
