//! The Python side: a script that uses nothing but the standard library.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/versus_python.py");

/// Python's figures, by their names.
#[derive(Debug)]
pub(crate) struct Python {
    pub(crate) version: String,
    pub(crate) seconds: BTreeMap<String, f64>,
}

impl Python {
    /// Measures them; `None` where there is no `python3`.
    pub(crate) fn measure() -> Result<Option<Self>, String> {
        let version = match Command::new("python3").arg("--version").output() {
            Ok(output) => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("python3: {error}")),
        };
        let output = Command::new("python3")
            .arg(SCRIPT)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| format!("python3: {error}"))?;
        if !output.status.success() {
            return Err(format!("{SCRIPT} ended with {}", output.status));
        }
        let seconds = serde_json::from_slice(&output.stdout).map_err(|error| format!("{SCRIPT}: {error}"))?;
        Ok(Some(Self { version, seconds }))
    }

    pub(crate) fn get(&self, name: &str) -> Option<f64> {
        self.seconds.get(name).copied()
    }
}
