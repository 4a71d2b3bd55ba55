//! Runners in other languages, from outside: those that come with concbench, for real and as small as can be, and one that lies.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::LazyLock;

use serde_json::{Value, from_slice};
use tempfile::TempDir;

fn concbench(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_concbench")).args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A small run of these runners into a folder.
fn small_run(externals: &str, deadline: &str, filter: &str, out: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_concbench"));
    command
        .args(["run", "--only", "languages", "--external", externals, "--quick", "--blocks", "1", "--quiet"])
        .args(["--format", "json", "--deadline", deadline, "--out"])
        .arg(out.path())
        .arg(filter);
    command
}

/// The cells of such a run, and how it ended.
fn cells(externals: &str, deadline: &str, filter: &str) -> (Vec<Value>, Option<i32>) {
    let out = tempfile::tempdir().unwrap();
    cells_of(&mut small_run(externals, deadline, filter, &out), &out)
}

fn cells_of(run: &mut Command, out: &TempDir) -> (Vec<Value>, Option<i32>) {
    let output = run.output().unwrap();
    let record: Value =
        from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", said(&output)));
    for run in std::fs::read_dir(out.path()).unwrap() {
        assert!(!run.unwrap().path().join("workshop").exists(), "what was unpacked is removed");
    }
    let cells = record["experiments"]["languages"]["cells"].as_array().unwrap().clone();
    (cells, output.status.code())
}

/// The interpreter itself: a shim before it would take longer to start than all the rest.
static PYTHON: LazyLock<String> = LazyLock::new(|| {
    let asked = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().unwrap();
    String::from_utf8(asked.stdout).unwrap().trim().to_owned()
});

fn is_there(program: &str) -> bool {
    Command::new("sh").args(["-c", &format!("command -v {program}")]).output().unwrap().status.success()
}

#[test]
fn the_same_tasks_have_the_same_digest_in_every_language_that_is_there() {
    let compiled = [("go", "go"), ("java", "javac")].into_iter().filter(|(_, program)| is_there(program));
    let names: Vec<&str> = ["python", "node"].into_iter().chain(compiled.map(|(name, _)| name)).collect();
    let models = "(sequential@1|process-fork|pool-map-1|threads@|thread-spawn|thread-pool|asyncio-gather|promises|worker-threads)";
    let small =
        format!("languages/(noop|count|sleep|http|mixed|factorial)/(rust|{})/{models}", names.join("|"));
    let (cells, code) = cells(&names.join(","), "300", &small);
    let measured = |cell: &&Value| cell["status"] == "ok";
    let unsupported = |cell: &Value| cell["status"] == "unsupported";
    for cell in &cells {
        assert!(measured(&cell) || unsupported(cell), "{cell}");
    }
    assert_eq!(code, Some(0));
    for kernel in ["noop", "count", "sleep", "http", "mixed", "factorial"] {
        let of_kernel: Vec<&Value> =
            cells.iter().filter(measured).filter(|cell| cell["factors"]["kernel"] == kernel).collect();
        let digest = |cell: &Value| cell["observations"][0]["responses"]["digest"].clone();
        assert!(of_kernel.iter().all(|cell| digest(cell) == digest(of_kernel[0])), "{kernel}");
        for runner in ["rust"].iter().chain(&names) {
            assert!(
                of_kernel.iter().any(|cell| cell["factors"]["runner"] == *runner),
                "{kernel} in {runner}"
            );
        }
    }
}

/// Tries every construct, kernel and failure of a runner that comes with concbench, if its language is there.
fn holds_where_it_is_there(runner: &str, programs: &[&str]) {
    if let Some(missing) = programs.iter().find(|program| !is_there(program)) {
        println!("the runner {runner} is skipped: {missing} is not there");
        return;
    }
    let output = concbench(&["external", "check", runner, "--deadline", "120", "--format", "csv"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{text}{}", said(&output));
    assert!(text.contains("sequential: noop,held,"), "{text}");
    for construct in text.lines().filter(|line| line.contains(",unsupported,")) {
        println!("{construct}");
    }
}

#[test]
fn every_construct_of_python_does_what_the_protocol_asks() {
    holds_where_it_is_there("python", &["python3"]);
}

#[test]
fn every_construct_of_node_does_what_the_protocol_asks() {
    holds_where_it_is_there("node", &["node"]);
}

#[test]
fn every_construct_of_go_does_what_the_protocol_asks() {
    holds_where_it_is_there("go", &["go"]);
}

#[test]
fn every_construct_of_java_does_what_the_protocol_asks() {
    holds_where_it_is_there("java", &["java", "javac"]);
}

#[test]
fn a_package_that_breaks_on_import_takes_nothing_else_with_it() {
    let packages = tempfile::tempdir().unwrap();
    let broken = [
        (
            "gevent",
            "raise RuntimeError('built for\\nanother interpreter')",
            "the package gevent cannot be imported: RuntimeError: built for another interpreter",
        ),
        (
            "trio",
            "import sys; sys.exit('no such machine')",
            "the package trio cannot be imported: SystemExit: no such machine",
        ),
        (
            "uvloop",
            "import library_that_is_not_there",
            "the package uvloop cannot be imported: ModuleNotFoundError: No module named 'library_that_is_not_there'",
        ),
    ];
    for (package, program, _) in broken {
        std::fs::write(packages.path().join(format!("{package}.py")), program).unwrap();
    }
    let out = tempfile::tempdir().unwrap();
    let mut run = small_run("python", "300", "languages/sleep/python/", &out);
    let (cells, code) = cells_of(run.env("PYTHONPATH", packages.path()), &out);
    assert_eq!(code, Some(0));
    let model =
        |cell: &Value| cell["factors"]["model"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    for (package, _, reason) in broken {
        let cell = cells.iter().find(|cell| model(cell) == package).unwrap();
        assert_eq!((&cell["status"], &cell["reason"]), (&"unsupported".into(), &reason.into()), "{cell}");
    }
    let may_lack_a_package = ["gevent", "trio", "uvloop", "aiomultiprocess", "asyncio-taskgroup"];
    let others: Vec<&Value> =
        cells.iter().filter(|cell| !may_lack_a_package.contains(&model(cell).as_str())).collect();
    assert!(others.len() > 5 && others.iter().all(|cell| cell["status"] == "ok"), "{others:?}");
}

/// A runner that does something, as a file of somebody's.
fn liar(folder: &TempDir, does: &str, program: &str) -> String {
    let path = folder.path().join(format!("{does}.toml"));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/external/tests/liar.py");
    let text = format!(
        "protocol = 1\nname = \"{does}\"\nlanguage = \"Lies\"\nprogram = \"{program}\"\nremedy = \"install it\"\n\
         arguments = [\"{}\", \"{does}\"]\n[[model]]\nid = \"loop\"\nfamily = \"baseline\"\nsizing = \"one\"\n\
         construct = \"a lie\"\nkernels = [\"noop\"]\n",
        script.display()
    );
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_lying_runner_ends_as_a_row_in_every_variant_and_nothing_is_left_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let variants = [
        ("nothing", "ok", ""),
        ("created", "failed", "batch 1: 21 of 20 tasks created"),
        ("completed", "failed", "batch 1: 19 of 20 tasks completed"),
        ("digest", "failed", "batch 1: the tasks returned something else"),
        ("long", "failed", "its batches took "),
        ("rubbish", "failed", "the description is none"),
        ("endless-line", "failed", "a line of more than 65536 bytes"),
        ("half", "crashed", "exited with code 0"),
        ("die-ready-kill", "crashed", "was ended by SIGKILL"),
        ("errors", "crashed", "exited with code 1"),
        ("child", "failed", "1 process(es) outlived it, and were ended"),
        ("daemon", "failed", "1 process(es) outlived it, and were ended"),
        ("ready-silence", "timed-out", "it said nothing more within"),
        ("end-deaf", "timed-out", "it did not end when nothing more was asked within"),
    ];
    let mut names: Vec<String> = variants.iter().map(|(does, ..)| liar(&folder, does, &PYTHON)).collect();
    names.push(liar(&folder, "missing", "no-such-language"));
    let (cells, code) = cells(&names.join(","), "20", "languages/noop/");
    assert_eq!(code, Some(3), "some cells have failed");
    let cell = |runner: &str| cells.iter().find(|cell| cell["factors"]["runner"] == runner).unwrap();
    for (does, status, says) in variants {
        let cell = cell(does);
        assert_eq!(cell["status"], status, "{cell}");
        assert!(cell["reason"].as_str().unwrap_or_default().contains(says), "{cell}");
    }
    assert_eq!(cell("missing")["status"], "unsupported");
    assert_eq!(cell("missing")["reason"], "no-such-language is not there; install it");
    assert!(cell("errors")["stderr_tail"].as_str().unwrap().ends_with("no room"));
    let rust = cells.iter().filter(|cell| cell["factors"]["runner"] == "rust");
    assert!(rust.clone().count() > 5 && rust.clone().all(|cell| cell["status"] == "ok"), "the others go on");
    let left = Command::new("sh")
        .args(["-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c '[l]iar.py [a-z]'"])
        .output();
    assert_eq!(String::from_utf8_lossy(&left.unwrap().stdout).trim(), "0");
}

#[test]
fn a_runner_of_ones_own_is_checked_and_what_is_wrong_with_it_is_said() {
    let right = concbench(&["external", "check", "crates/external/runners/smallest/external.toml"]);
    assert_eq!(right.status.code(), Some(0), "{}", String::from_utf8_lossy(&right.stdout));
    let folder = tempfile::tempdir().unwrap();
    let wrong = concbench(&["external", "check", &liar(&folder, "digest", &PYTHON), "--format", "csv"]);
    let text = String::from_utf8_lossy(&wrong.stdout).into_owned();
    assert_eq!(wrong.status.code(), Some(3), "{text}");
    assert!(
        text.contains("loop: noop,broken,batch 1: the tasks returned something else than they should"),
        "{text}"
    );
    let missing = concbench(&["external", "check", "no/external.toml"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(said(&missing).contains("cannot read no/external.toml: "), "{}", said(&missing));
}

#[test]
fn what_is_found_is_listed_and_what_is_not_comes_with_its_remedy() {
    let output = Command::new(env!("CARGO_BIN_EXE_concbench"))
        .args(["list", "--externals", "--format", "csv"])
        .env("PATH", "/nowhere")
        .env("CONCBENCH_PYTHON", "/nowhere/python3.13t")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for line in [
        "python3 is not there; install Python 3.9 or later",
        "python-2,Python,\"/nowhere/python3.13t is not there",
        "go is not there; install Go 1.21 or later",
        "node is not there; install Node.js 18 or later",
    ] {
        assert!(text.contains(line), "{text}");
    }
    let unknown = concbench(&["run", "--external", "cobol"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(said(&unknown).contains("no runner `cobol` comes with concbench"), "{}", said(&unknown));
}
