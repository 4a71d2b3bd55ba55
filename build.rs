//! What only the build knows and every record has to say: the compiler, the target and the commit.

use std::path::Path;
use std::process::Command;

fn main() {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    println!("cargo::rustc-env=CONCBENCH_RUSTC={}", first_line(&rustc, &["--version"]).unwrap_or_default());
    println!("cargo::rustc-env=CONCBENCH_TARGET={}", std::env::var("TARGET").unwrap_or_default());
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-env=CONCBENCH_COMMIT={}", commit().unwrap_or_default());
}

/// The commit that this is built from: of the checkout, or what `cargo package` wrote down. A repository that the sources
/// of a package happen to lie in is somebody else's.
fn commit() -> Option<String> {
    const PACKAGED: &str = ".cargo_vcs_info.json";
    if Path::new(".git").exists() {
        // Another commit is checked out, or made, by writing one of these; in a worktree they lie elsewhere.
        for name in ["HEAD", "logs/HEAD"] {
            let path = first_line("git", &["rev-parse", "--git-path", name])?;
            if Path::new(&path).exists() {
                println!("cargo::rerun-if-changed={path}");
            }
        }
        return first_line("git", &["rev-parse", "--short=12", "HEAD"]);
    }
    let told = std::fs::read_to_string(PACKAGED).ok()?;
    let (_, after) = told.split_once("\"sha1\"")?;
    let sha1 = after.split('"').nth(1)?;
    sha1.get(..12).map(str::to_owned)
}

fn first_line(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.lines().next().unwrap_or_default().to_owned())
}
