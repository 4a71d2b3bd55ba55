//! Outputs that nobody reads.

use std::process::Stdio;

use crate::cases::Held;
use crate::processes::status;
use crate::scene::Scene;

pub(crate) fn outputs() -> Held {
    let mut injected = 0;
    for (program, both) in [("cli", false), ("cli", true), ("bench", false), ("bench", true)] {
        let scene = Scene::new();
        let mut command = match program {
            "cli" => scene.double("run ^work/(sequential|rayon)@ --blocks 2"),
            _ => scene.bench("^work/(sequential|rayon)@ --bench --noplot"),
        };
        command.env("CONCBENCH_BLOCKS", "2").stdout(closed());
        let given = scene.path().join("given-stderr");
        match both {
            true => command.stderr(closed()),
            false => command.stderr(std::fs::File::create(&given).unwrap()),
        };
        let status = status(&mut command).unwrap();
        assert_eq!(status.code(), Some(0), "{program}: {status:?}");
        let said = std::fs::read_to_string(&given).unwrap_or_default();
        assert!(!said.contains("panic") && !said.contains("internal error"), "{said}");
        let run = scene.check();
        assert!(run.run.complete && run.cells.iter().all(|cell| cell.observations.len() == 2));
        injected += 1;
    }
    for script in
        ["exec \"$0\" \"$@\" >&-", "exec \"$0\" \"$@\" >&- 2>&- <&-", "\"$0\" \"$@\" | head -c 1 >/dev/null"]
    {
        let scene = Scene::new();
        let command = scene.double("run ^work/(sequential|rayon)@ --blocks 2");
        let mut command = scene.through(&["sh", "-c", script], &command).expect("a shell");
        scene.run(&mut command).expect(0);
        let run = scene.check();
        assert!(run.run.complete && run.cells.iter().all(|cell| cell.observations.len() == 2));
        injected += 1;
    }
    Held::Times(injected)
}

/// The end of a pipe to write to, whose other end is closed already.
fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}
