//! Places that take no more, or nothing.

use std::process::Command;

use crate::cases::Held;
use crate::clocks::library;
use crate::processes::{output, status};
use crate::scene::{Ended, Scene, names};

pub(crate) fn file_size() -> Held {
    let scene = Scene::new();
    let command = scene.double("run ^work/(sequential|rayon)@ --blocks 3");
    // Enough for the first line of the journal, and not for the report.
    let Some(mut command) = scene.through(&["prlimit", "--fsize=16384", "--"], &command) else {
        return Held::Skipped("prlimit".to_owned());
    };
    cannot_save(&scene.run(&mut command));
    scene.check_leftovers();
    let scene = Scene::new();
    scene.run(&mut scene.double("run ^work/(sequential|rayon)@ --blocks 2")).expect(0);
    let mut command = scene.concbench("report --out given-report");
    command.arg(scene.run_folder().unwrap());
    let mut command =
        scene.through(&["prlimit", "--fsize=1024", "--"], &command).expect("it was there before");
    cannot_save(&scene.run(&mut command));
    scene.check_leftovers();
    let report = scene.path().join("given-report");
    let written = names(&report).into_iter().chain(names(report.join("charts")));
    assert_eq!(written.filter(|name| name.starts_with(".tmp")).count(), 0);
    Held::Times(2)
}

/// What stands where the link to the latest run belongs, or the lock of a run, is somebody's.
pub(crate) fn taken() -> Held {
    let scene = Scene::new();
    let precious = scene.path().join("given-precious");
    std::fs::write(&precious, "kept").unwrap();
    std::fs::create_dir(scene.out()).unwrap();
    std::fs::write(scene.out().join("latest"), "kept").unwrap();
    let ended = scene.run(&mut scene.double("run ^work/sequential@ --blocks 2"));
    cannot_save(&ended);
    assert!(!measured(&ended), "it measured first: {ended:?}");
    assert_eq!(std::fs::read_to_string(scene.out().join("latest")).unwrap(), "kept");
    let hostile = scene.path().join("given-hostile");
    std::fs::create_dir(&hostile).unwrap();
    std::fs::write(hostile.join("journal.jsonl"), "x").unwrap();
    std::os::unix::fs::symlink(&precious, hostile.join("lock")).unwrap();
    assert_ne!(scene.run(&mut scene.double("run --resume given-hostile")).code, Some(0));
    assert_eq!(std::fs::read_to_string(&precious).unwrap(), "kept");
    Held::Times(2)
}

/// A file system that syncs files and refuses to sync folders.
const NO_FOLDER_SYNC: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <sys/stat.h>
int fsync(int file) {
    struct stat found;
    if (fstat(file, &found) == 0 && S_ISDIR(found.st_mode)) { errno = EINVAL; return -1; }
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    return real(file);
}
"#;

/// What was measured is kept and shown all the same.
pub(crate) fn no_folder_sync() -> Held {
    let scene = Scene::new();
    let Some(library) = library(&scene, NO_FOLDER_SYNC) else {
        return Held::Skipped("cc, to replace fsync".to_owned());
    };
    let mut command = scene.double("run ^work/(sequential|rayon)@ --blocks 2");
    scene.run(command.env("LD_PRELOAD", library)).expect(0);
    assert!(scene.check().run.complete);
    assert!(scene.out().join("latest/index.html").exists());
    Held::Times(1)
}

/// It says that it cannot save, and where.
fn cannot_save(ended: &Ended) {
    ended.expect(5);
    let last = ended.stderr.lines().last().unwrap_or_default();
    assert!(last.starts_with("concbench: cannot write "), "{ended:?}");
}

/// Whether an experiment was begun.
fn measured(ended: &Ended) -> bool {
    ended.stderr.contains("matrix: ")
}

pub(crate) fn disk_full() -> Held {
    let mut injected = 0;
    for size in ["4k", "16k", "64k", "128k"] {
        let scene = Scene::new();
        let Some(mount) = Mount::new(
            &scene.path().join("given-disk"),
            &["-t", "tmpfs", "-o", &format!("size={size}"), "none"],
        ) else {
            return Held::Skipped("root, to mount a small tmpfs".to_owned());
        };
        let older = mount.path.join("older");
        std::fs::write(&older, "intact").unwrap();
        let mut command = scene.double("run ^work/(sequential|rayon|thread-pool)@ --blocks 5");
        cannot_save(&scene.run(command.env("CONCBENCH_OUT", &mount.path)));
        scene.check_leftovers();
        assert_eq!(std::fs::read_to_string(&older).unwrap(), "intact");
        assert!(!mount.path.join("latest").exists());
        injected += 1;
    }
    Held::Times(injected)
}

pub(crate) fn read_only() -> Held {
    let scene = Scene::new();
    let Some(mount) =
        Mount::new(&scene.path().join("given-disk"), &["-t", "tmpfs", "-o", "ro,size=64k", "none"])
    else {
        return Held::Skipped("root, to mount a read-only tmpfs".to_owned());
    };
    let mut command = scene.double("run ^work/ --blocks 5");
    let ended = scene.run(command.env("CONCBENCH_OUT", &mount.path));
    cannot_save(&ended);
    assert!(!measured(&ended), "it measured first: {ended:?}");
    let mut command = scene.double("run ^work/ --blocks 5");
    cannot_save(&scene.run(command.env("CONCBENCH_OUT", "/proc/nowhere")));
    scene.check_leftovers();
    let other = scene.path().join("given-folder");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("older"), "intact").unwrap();
    let bound =
        Mount::new(&scene.path().join("given-bound"), &["--bind", "-o", "ro", &other.display().to_string()])
            .expect("who may mount may bind");
    let mut command = scene.double("run ^work/ --blocks 5");
    let ended = scene.run(command.env("CONCBENCH_OUT", &bound.path));
    cannot_save(&ended);
    assert!(ended.stderr.contains("given-bound") && !measured(&ended), "{ended:?}");
    scene.check_leftovers();
    assert_eq!(std::fs::read_to_string(other.join("older")).unwrap(), "intact");
    Held::Times(3)
}

/// A report that cannot be written again leaves the one that was there.
pub(crate) fn full_under_report() -> Held {
    let scene = Scene::new();
    scene.run(&mut scene.double("run ^work/(sequential|rayon)@ --blocks 2")).expect(0);
    let mounted = Mount::new(&scene.path().join("given-disk"), &["-t", "tmpfs", "-o", "size=64k", "none"]);
    let Some(mount) = mounted else {
        return Held::Skipped("root, to mount a small tmpfs".to_owned());
    };
    std::fs::write(mount.path.join("index.html"), "the older report").unwrap();
    let mut command = scene.concbench("report --out given-disk");
    cannot_save(&scene.run(command.arg(scene.run_folder().unwrap())));
    scene.check_leftovers();
    assert_eq!(std::fs::read_to_string(mount.path.join("index.html")).unwrap(), "the older report");
    assert!(names(&mount.path).iter().all(|name| !name.starts_with(".tmp")), "{:?}", names(&mount.path));
    Held::Times(1)
}

/// Results that go where there is no space are not lost in silence.
pub(crate) fn full_output() -> Held {
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let commands = [
        "run ^noop/sequential@ --blocks 1 --format json",
        "list --format csv",
        "list --models",
        "serve --address 127.0.0.1:0",
        "--help",
        "run --help",
        "--version",
    ];
    for arguments in commands {
        let scene = Scene::new();
        let given = scene.path().join("given-stderr");
        let mut command = scene.concbench(arguments);
        let command = command.stdout(full()).stderr(std::fs::File::create(&given).unwrap());
        let status = status(command).unwrap();
        assert_eq!(status.code(), Some(5), "{arguments}");
        let said = std::fs::read_to_string(&given).unwrap();
        let last = said.lines().last().unwrap();
        let [what, whom] = ["concbench: ", "standard output: "];
        assert!(last.starts_with(what) && last.contains(whom) && last.contains("cannot write"), "{said}");
        scene.check_leftovers();
    }
    Held::Times(commands.len() as u32)
}

/// A file system that goes away with its value.
struct Mount {
    path: std::path::PathBuf,
}

impl Mount {
    fn new(path: &std::path::Path, arguments: &[&str]) -> Option<Self> {
        std::fs::create_dir(path).unwrap();
        let mounted = output(Command::new("mount").args(arguments).arg(path));
        mounted.is_ok_and(|output| output.status.success()).then(|| Self { path: path.to_owned() })
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = status(Command::new("umount").arg("-l").arg(&self.path));
    }
}
