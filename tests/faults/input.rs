//! Input that is wrong: one line that names the field and what is allowed, and nothing is started or written.

use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use crate::cases::Held;
use crate::scene::Scene;

/// Runs it, and expects this exit code and one line with these words in it.
fn refuse(scene: &Scene, command: &mut Command, code: i32, words: &[&str]) {
    let ended = scene.run(command);
    ended.expect(code);
    assert!(ended.stdout.is_empty(), "{ended:?}");
    let line = ended.stderr.trim_end_matches('\n');
    assert!(line.starts_with("concbench: ") && !line.contains('\n'), "{ended:?}");
    let first = line["concbench: ".len()..].chars().next().unwrap();
    assert!(!first.is_uppercase(), "{line}");
    for word in words {
        assert!(line.contains(word), "{word:?} is not in {line:?}");
    }
    assert!(!scene.out().exists(), "something was written");
    scene.check_leftovers();
}

pub(crate) fn arguments() -> Held {
    let scene = Scene::new();
    let range = &["--blocks", "from 1 to 1000"];
    let table: &[(&str, i32, &[&str])] = &[
        ("run --blocks 0", 2, range),
        ("run --blocks -1", 2, range),
        ("run --blocks NaN", 2, range),
        ("run --blocks 1.5", 2, range),
        ("run --blocks 1001", 2, range),
        ("run --blocks 99999999999999999999", 2, range),
        ("run --seed -1", 2, &["--seed", "from 0 to 18446744073709551615"]),
        ("run --seed 18446744073709551616", 2, &["--seed", "from 0"]),
        ("run --deadline 0", 2, &["--deadline", "from 1 to 86400"]),
        ("run --label ../x", 2, &["--label", "letters"]),
        ("run --label a/b", 2, &["--label", "letters"]),
        ("run --track fast", 2, &["--track", "defaults", "equalised"]),
        ("run --format xml", 2, &["--format", "json"]),
        ("run --quick --rigorous", 2, &["--quick", "--rigorous"]),
        ("run --no-such-flag", 2, &["--no-such-flag"]),
        ("run *", 2, &["filter `*`"]),
        ("run (", 2, &["filter `(`"]),
        ("run no-such-cell", 4, &["no cell of matrix", "matches `no-such-cell`", "concbench list"]),
        ("run --resume no-such-run", 2, &["cannot resume no-such-run"]),
        ("report no-such-run", 2, &["no-such-run"]),
        ("list no-such-cell", 4, &["matches `no-such-cell`"]),
        ("run --resume x --label other", 2, &["--resume", "--label"]),
        ("run --resume x --with memory", 2, &["--resume", "--with"]),
        ("run --with everything", 2, &["--with", "all, matrix"]),
        ("run --with memory --only matrix", 2, &["--with", "--only"]),
        ("list --only no-such-experiment", 2, &["--only", "matrix"]),
        ("serve --address nowhere", 2, &["--address", "as in 127.0.0.1:8017"]),
        ("serve --threads 0", 2, &["--threads", "from 1 to 1024"]),
        ("serve --threads 18446744073709551615", 2, &["--threads", "from 1 to 1024"]),
        ("compare x y --fail-on-regression -5%", 2, &["--fail-on-regression", "from 0% to 1000%"]),
        ("compare x y --price -5", 2, &["--price", "from 0.000001 to 1000000000"]),
        ("compare x y --price x=1e-300", 2, &["--price", "from 0.000001 to 1000000000"]),
        ("compare x y --price x=1e300", 2, &["--price", "from 0.000001 to 1000000000"]),
        ("run --with all --rigorous --blocks 1000", 2, &["at most 200000 are allowed", "fewer blocks"]),
        ("measure", 2, &["measure"]),
        ("", 2, &["a command is missing", "run", "compare"]),
    ];
    for (arguments, code, words) in table {
        refuse(&scene, &mut scene.concbench(arguments), *code, words);
    }
    let twins = [("CONCBENCH_BLOCKS", "0"), ("CONCBENCH_LABEL", "a/b"), ("CONCBENCH_DEADLINE", "soon")];
    for (name, value) in twins {
        let flag = name.replace("CONCBENCH_", "--").to_lowercase();
        refuse(&scene, scene.concbench("run noop").env(name, value), 2, &[&flag, "allowed"]);
        refuse(&scene, scene.bench("--bench noop").env(name, value), 2, &[&flag, "allowed"]);
    }
    // Bytes that are no text are a name like any other.
    let folder = std::ffi::OsStr::from_bytes(b"given-\xff");
    let mut command = scene.concbench("run ^noop/sequential@ --quick --blocks 1 --out");
    scene.run(command.arg(folder)).expect(0);
    assert!(scene.path().join(folder).join("latest/results.json").exists());
    scene.check_leftovers();
    Held::Times((table.len() + 2 * twins.len() + 1) as u32)
}

/// Variables that stand for flags without a value.
pub(crate) fn switches() -> Held {
    let scene = Scene::new();
    let list = |value: &str| {
        scene.run(scene.concbench("list ^count/ --cells --format csv").env("CONCBENCH_ALL", value))
    };
    let usual = list("false");
    let all = list("true");
    assert_ne!(usual.stdout, all.stdout);
    for (value, expected) in [("1", &all), ("yes", &all), ("ON", &all), ("True", &all)].into_iter().chain([
        ("0", &usual),
        ("no", &usual),
        ("off", &usual),
    ]) {
        let ended = list(value);
        ended.expect(0);
        assert_eq!(ended.stdout, expected.stdout, "{value}");
    }
    for value in ["maybe", "2", ""] {
        let mut command = scene.concbench("run noop");
        refuse(
            &scene,
            command.env("CONCBENCH_QUICK", value),
            2,
            &["--quick", "1, true, yes and on are allowed"],
        );
    }
    // A variable that says no sets nothing that could be in the way.
    let ended = scene.run(scene.concbench("list noop --rigorous").env("CONCBENCH_QUICK", "off"));
    ended.expect(0);
    refuse(
        &scene,
        scene.concbench("list noop --rigorous").env("CONCBENCH_QUICK", "on"),
        2,
        &["--quick", "--rigorous"],
    );
    Held::Times(12)
}

/// What caused an error is said where it was asked for: one line without, one more for each cause with.
pub(crate) fn causes() -> Held {
    let scene = Scene::new();
    let run = |arguments: &str, verbose: &str| {
        let ended = scene.run(scene.concbench(arguments).env("CONCBENCH_VERBOSE", verbose));
        ended.expect(2);
        ended.stderr
    };
    let plain = run("report no-such-run", "false");
    assert_eq!(plain.lines().count(), 1, "{plain}");
    for (arguments, verbose) in
        [("report no-such-run -v", "no"), ("-v report no-such-run", "no"), ("report no-such-run", "yes")]
    {
        let told = run(arguments, verbose);
        let causes =
            told.strip_prefix(&plain).unwrap_or_else(|| panic!("{told} does not begin with {plain}"));
        assert!(causes.starts_with("  caused by: No such file"), "{told}");
    }
    Held::Times(4)
}

/// A path that would add a line to the head of each request.
const INJECTS: &str =
    "kernel = \"http\", requests = 1, delay_us = 1, body_bytes = 1, path = \"/\\r\\nEvil: 1\"";

pub(crate) fn definitions() -> Held {
    let scene = Scene::new();
    let good = "[[workload]]\nname = \"own\"\ntask = { kernel = \"noop\" }\ntasks = 4\nteaches = \"x\"\n\
                why-this-size = \"y\"\nmodels = [\"sequential\"]\n";
    let crowded = format!("models = [\"rayon\"]\nworkers = {:?}", [1; 65]);
    let table: &[(&str, &str, &[&str])] = &[
        ("tasks = 4", "tasks = 0", &["own", "tasks", "1 to 1000000"]),
        ("tasks = 4", "tasks = -1", &[":4: "]),
        ("tasks = 4", "tasks = \"many\"", &[":4: "]),
        ("tasks = 4", "tasks = 99999999999", &["tasks", "1 to 1000000"]),
        ("tasks = 4", "taskz = 4", &["taskz"]),
        ("name = \"own\"", "name = \"../own\"", &["name", "a-z"]),
        ("name = \"own\"", "name = \"\"", &["name", "a-z"]),
        ("kernel = \"noop\"", "kernel = \"nope\"", &[":3: ", "nope"]),
        (
            "kernel = \"noop\"",
            "kernel = \"sleep\", wait_us = 3600000001",
            &["kernel", "3600000000000 are allowed"],
        ),
        ("kernel = \"noop\"", INJECTS, &["kernel", "visible ASCII"]),
        (
            "kernel = \"noop\"",
            "kernel = \"http\", requests = 1, delay_us = 60000001",
            &["delay_us", "up to 60000000 are"],
        ),
        (
            "kernel = \"noop\"",
            "kernel = \"http\", requests = 1, body_bytes = 67108865",
            &["body_bytes", "up to 67108864 are"],
        ),
        (
            "kernel = \"noop\"",
            "kernel = \"http\", requests = 1, delay_us = 1000, delay_tail = 1.1",
            &["delay_tail", "1.2 to 10 are"],
        ),
        (
            "kernel = \"noop\"",
            "kernel = \"http\", requests = 1, delay_us = 600001, delay_tail = 1.5",
            &["delay_us", "up to 600000 are"],
        ),
        (good, "", &[":1: ", "there is no workload"]),
        ("models = [\"sequential\"]", "models = [\"sequentia\"]", &["unknown model `sequentia`", "rayon"]),
        ("models = [\"sequential\"]", "models = 7", &[":7: ", "models"]),
        ("models = [\"sequential\"]", "models = [\"rayon\"]\nworkers = [0]", &["workers", "1 to 4096"]),
        ("models = [\"sequential\"]", "twin = \"nobody\"", &["twin", "nobody"]),
        ("[[workload]]", "[[workload", &[":1: "]),
        ("[[workload]]", "[workload]", &["workload"]),
        ("models = [\"sequential\"]", &crowded, &["workers", "65 entries are not allowed, up to 64 are"]),
    ];
    for (from, to, words) in table {
        let path = scene.path().join("given-own.toml");
        std::fs::write(&path, good.replacen(from, to, 1)).unwrap();
        refuse(&scene, &mut scene.concbench("run --definition given-own.toml"), 2, words);
    }
    std::fs::write(scene.path().join("given-own.toml"), good.repeat(2)).unwrap();
    refuse(&scene, &mut scene.concbench("run --definition given-own.toml"), 2, &["name", "twice"]);
    std::fs::write(scene.path().join("given-own.toml"), [0xff, 0xfe, 0x00]).unwrap();
    refuse(&scene, &mut scene.concbench("run --definition given-own.toml"), 2, &["given-own.toml"]);
    refuse(&scene, &mut scene.concbench("run --definition given-none.toml"), 2, &["given-none.toml"]);
    std::fs::write(scene.path().join("given-own.toml"), "#".repeat((4 << 20) + 1)).unwrap();
    refuse(&scene, &mut scene.concbench("run --definition given-own.toml"), 2, &["more than 4194304 bytes"]);
    Held::Times(table.len() as u32 + 4)
}

/// What never ends, or says nothing until somebody else does something, where a file is expected.
pub(crate) fn endless() -> Held {
    let scene = Scene::new();
    let made = crate::processes::status(Command::new("mkfifo").arg(scene.path().join("given-pipe")));
    assert!(made.is_ok_and(|status| status.success()));
    std::fs::create_dir(scene.path().join("given-folder")).unwrap();
    let link = |name: &str, to: &str| std::os::unix::fs::symlink(to, scene.path().join(name)).unwrap();
    link("given-folder/results.json", "../given-pipe");
    let mut injected = 0;
    // A regular file, by its own account, whose readers wait for what the kernel may say next.
    let kernel = std::fs::File::open("/proc/kmsg").is_ok().then_some("/proc/kmsg");
    for file in
        ["given-pipe", "/dev/zero", "/dev/tty0", "given-folder", "/proc/self/fd/0"].into_iter().chain(kernel)
    {
        let commands =
            ["run --definition", "run --external", "external check", "report", "compare given-folder"];
        for command in commands {
            let ended = scene.run(&mut scene.concbench(&format!("{command} {file}")));
            assert_eq!(ended.code, Some(2), "{command} {file}: {ended:?}");
            assert_eq!(ended.stderr.lines().count(), 1, "{command} {file}: {ended:?}");
            injected += 1;
        }
    }
    scene.check_leftovers();
    Held::Times(injected)
}
