//! What a registry would ask of the packages, without building any.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

/// Whether a package may be published; `publish = false` is an empty list of registries.
fn is_published(package: &Value) -> bool {
    package["publish"].is_null()
}

#[test]
fn what_is_published_needs_nothing_that_is_not() {
    let packages = packages();
    let published: Vec<&Value> = packages.iter().filter(|package| is_published(package)).collect();
    assert!(published.iter().any(|package| package["name"] == "concbench"), "{published:?}");
    for package in &published {
        let name = package["name"].as_str().unwrap();
        for field in ["description", "license"] {
            assert!(package[field].is_string(), "{name} lacks {field}");
        }
        let own = package["dependencies"].as_array().unwrap().iter().filter(|of| of["path"].is_string());
        for dependency in own {
            let of = dependency["name"].as_str().unwrap();
            assert_ne!(dependency["req"], "*", "{name} asks for no version of {of}");
            assert!(
                published.iter().any(|other| other["name"] == of),
                "{name} needs {of}, which is not published"
            );
        }
    }
}

#[test]
fn no_source_of_a_package_reaches_out_of_it() {
    let mut outside = Vec::new();
    for package in packages().iter().filter(|package| is_published(package)) {
        let folder = Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap().to_owned();
        let mut sources = Vec::new();
        files(&folder.join("src"), &mut sources);
        for source in sources {
            let text = std::fs::read_to_string(&source).unwrap();
            // A path that is put together by a macro is looked at as far as it is written out.
            let included = ["include_str!(\"", "include_str!(concat!(\""]
                .into_iter()
                .flat_map(|before| text.split(before).skip(1).filter_map(|rest| rest.split('"').next()));
            for path in included {
                let real = source.parent().unwrap().join(path).canonicalize().unwrap();
                let own = real.strip_prefix(&folder).is_ok_and(|below| {
                    // A package ends where another begins.
                    below.ancestors().skip(1).all(|part| {
                        part.as_os_str().is_empty() || !folder.join(part).join("Cargo.toml").exists()
                    })
                });
                if !own {
                    outside.push(format!("{} includes {path}", source.display()));
                }
            }
        }
    }
    assert!(outside.is_empty(), "{outside:#?}");
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, found),
            false if path.extension().is_some_and(|extension| extension == "rs") => found.push(path),
            false => {}
        }
    }
}
