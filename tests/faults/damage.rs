//! Records that are damaged, or made to do harm.

use std::fs;

use serde_json::{Value, json};

use crate::cases::Held;
use crate::scene::{Scene, names};

const MARKUP: &str = "<script>alert(1)</script>";

pub(crate) fn records() -> Held {
    let scene = Scene::new();
    scene.run(&mut scene.double("run ^work/(sequential|rayon)@ --blocks 2")).expect(0);
    let good = fs::read(scene.run_folder().unwrap().join("results.json")).unwrap();
    let mut injected = 0;
    let mut give = |bytes: &[u8]| {
        injected += 1;
        report(&scene, bytes)
    };
    assert_eq!(give(&good), 0);
    for part in 0..40 {
        assert_eq!(give(&good[..good.len() * part / 40]), 2, "cut at {part}/40");
    }
    let bad: Vec<Vec<u8>> = vec![
        b"null".to_vec(),
        b"[]".to_vec(),
        b"{\"schema\": 99}".to_vec(),
        b"{\"schema\": -1}".to_vec(),
        b"{\"schema\": 1}".to_vec(),
        b"{\"schema\": 2}".to_vec(),
        "[".repeat(1_000_000).into_bytes(),
        [b"{\"schema\": 2, \"x\": ".to_vec(), "[".repeat(1_000_000).into_bytes()].concat(),
        String::from_utf8_lossy(&good).replacen("\"seed\": ", "\"seed\": NaN", 1).into_bytes(),
        String::from_utf8_lossy(&good).replacen("\"blocks\": 2", "\"blocks\": 1e999", 1).into_bytes(),
        vec![0xff; 4096],
    ];
    for bytes in &bad {
        assert_eq!(give(bytes), 2, "{:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(40)]));
    }
    let record: Value = serde_json::from_slice(&good).unwrap();
    for hostile in ["../../escaped", "/escaped", MARKUP, "=cmd|' /C calc'!A0", "\u{202e}\u{0}\n", ""] {
        for pointer in [
            "/run/id",
            "/run/label",
            "/experiments/matrix/setup/workloads/0/name",
            "/experiments/matrix/setup/workloads/0/teaches",
            "/experiments/matrix/cells/0/id",
            "/experiments/matrix/cells/0/factors/model",
            "/experiments/matrix/cells/0/reason",
        ] {
            let mut record = record.clone();
            *record.pointer_mut(pointer).unwrap() = json!(hostile);
            if pointer.ends_with("/workloads/0/name") {
                for cell in record["experiments"]["matrix"]["cells"].as_array_mut().unwrap() {
                    cell["factors"]["workload"] = json!(hostile);
                    let id = cell["id"].as_str().unwrap().replacen("work", hostile, 1);
                    cell["id"] = json!(id);
                }
            }
            let code = give(record.to_string().as_bytes());
            assert!(code == 0 || code == 2, "{pointer}: {hostile:?}: {code}");
        }
    }
    for (pointer, value) in [
        ("/run/blocks", json!(u32::MAX)),
        ("/experiments/matrix/cells/0/observations/0/responses/startup_ns", json!(u64::MAX)),
        ("/experiments/matrix/cells/0/observations/0/responses/cold_ns", json!(u64::MAX)),
        ("/experiments/matrix/cells/0/observations/0/responses/warm_ns", json!([])),
        ("/experiments/matrix/cells/0/observations", json!([])),
        ("/experiments/matrix/cells/0/factors/workers", json!(u64::MAX)),
        ("/experiments/matrix/cells/0/factors/tasks", json!(0)),
        ("/experiments/matrix/cells", json!([])),
        ("/experiments/matrix/setup/workloads", json!([])),
        ("/experiments/matrix/findings/verdicts", json!([])),
        ("/experiments/matrix/findings", json!(null)),
        ("/experiments/matrix", json!({})),
        ("/experiments", json!({})),
        ("/noise/blocks", json!([])),
    ] {
        let mut record = record.clone();
        *record.pointer_mut(pointer).unwrap() = value;
        let code = give(record.to_string().as_bytes());
        assert!(code == 0 || code == 2, "{pointer}: {code}");
    }
    Held::Times(injected)
}

/// Gives these bytes to `report`: its exit code, once it is clear that it wrote into its folder only.
fn report(scene: &Scene, bytes: &[u8]) -> i32 {
    let given = scene.path().join("given-record");
    let _ = fs::remove_dir_all(&given);
    fs::create_dir(&given).unwrap();
    fs::write(given.join("results.json"), bytes).unwrap();
    let ended = scene.run(scene.concbench("report --format csv --out given-record/page").arg(&given));
    let sample = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
    assert!(ended.code.is_some(), "{ended:?}: {sample}");
    assert!(!ended.stderr.contains("internal error"), "{ended:?}: {sample}");
    scene.check_leftovers();
    assert!(
        names(&given).is_subset(&["results.json", "page"].map(str::to_owned).into()),
        "{:?}",
        names(&given)
    );
    let page = fs::read_to_string(given.join("page/index.html")).unwrap_or_default();
    assert!(!page.contains(MARKUP), "markup goes through");
    for file in ["page/results.csv", "page/summary.md"] {
        let text = fs::read_to_string(given.join(file)).unwrap_or_default();
        assert!(!text.contains("\n=cmd") && !text.contains(",=cmd"), "{file} starts a formula");
    }
    ended.code.unwrap()
}
