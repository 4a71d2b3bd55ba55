//! Our own models, as a runner that stands beside those of other languages.

use concbench_external::{KERNELS, Manifest, Model, Sizing, VERSION};

use crate::model::{self, ModelInfo};

/// Its name.
pub(super) const NAME: &str = "rust";

/// Those that correspond to a construct of another language: what they run, and with how many workers where they wait.
const MODELS: [(&str, &[&str], &[u64]); 14] = [
    ("sequential", &KERNELS, &[]),
    ("process-spawn", &["noop", "sleep"], &[]),
    ("process-fork", &["noop", "count", "sleep", "http", "mixed", "factorial"], &[]),
    ("process-forkserver", &["noop", "sleep"], &[]),
    ("process-pool", &["noop", "count", "mixed", "factorial"], &[]),
    ("thread-spawn", &KERNELS, &[]),
    ("thread-pool", &KERNELS, &[]),
    ("rayon", &["noop", "count", "mixed"], &[]),
    ("tokio-current-thread", &["noop", "count", "sleep", "http", "mixed"], &[]),
    ("tokio-multi-thread", &["noop", "count", "sleep", "http", "mixed"], &[]),
    ("join-all", &["noop", "sleep", "http"], &[]),
    ("tokio-blocking", &["sleep", "http"], &[3, 5, 10]),
    ("may", &["noop", "sleep", "http"], &[2]),
    ("process-async", &["sleep", "http", "mixed"], &[2]),
];

/// What it is. Those outside the default matrix are here for what they correspond to.
pub(super) fn manifest(infos: &[ModelInfo]) -> Manifest {
    let model = |(id, kernels, workers): &(&str, &[&str], &[u64])| {
        let info = infos.iter().find(|info| info.id == *id)?;
        Some(Model {
            id: info.id.to_owned(),
            family: info.family,
            sizing: match info.sizing {
                model::Sizing::One => Sizing::One,
                model::Sizing::PerTask => Sizing::PerTask,
                model::Sizing::Workers => Sizing::Workers,
            },
            construct: info.summary.to_owned(),
            kernels: kernels.iter().map(|&kernel| kernel.to_owned()).collect(),
            workers: workers.to_vec(),
            slow: false,
        })
    };
    Manifest {
        protocol: VERSION,
        name: NAME.to_owned(),
        language: "Rust".to_owned(),
        program: "concbench".to_owned(),
        arguments: Vec::new(),
        remedy: String::new(),
        build: None,
        folder: None,
        origin: None,
        models: MODELS.iter().filter_map(model).collect(),
    }
}
