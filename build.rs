//! What only the build knows and every record has to say: the compiler, the target and the commit.

use std::process::Command;

fn main() {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    println!("cargo::rustc-env=CONCBENCH_RUSTC={}", first_line(&rustc, &["--version"]).unwrap_or_default());
    println!("cargo::rustc-env=CONCBENCH_TARGET={}", std::env::var("TARGET").unwrap_or_default());
    // Another commit is checked out, or made, by writing one of these.
    for path in [".git/HEAD", ".git/logs/HEAD"] {
        if std::path::Path::new(path).exists() {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    println!("cargo::rerun-if-changed=build.rs");
    let commit = first_line("git", &["rev-parse", "--short=12", "HEAD"]).unwrap_or_default();
    println!("cargo::rustc-env=CONCBENCH_COMMIT={commit}");
}

fn first_line(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.lines().next().unwrap_or_default().to_owned())
}
