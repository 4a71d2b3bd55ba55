//! The folder that a runner is unpacked into, built in and started from.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{env, fs};

use crate::{Build, BuiltIn, Child, Kind, Launch, Manifest, Trouble, built_in};

/// What stands in a folder once all that is to be done there was done.
const DONE: &str = ".built";

/// The folder of a runner, with all in it that it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workshop {
    folder: PathBuf,
}

impl Workshop {
    /// Unpacks a runner that comes with concbench into a folder below this one, and does its build step, unless both was
    /// done; another's runs where its manifest lies.
    ///
    /// # Errors
    ///
    /// When the folder cannot be written to, what the build needs is not there, or the build fails.
    pub fn open(manifest: &Manifest, below: &Path, deadline: Duration) -> Result<Self, Trouble> {
        let folder = match (&manifest.folder, files(manifest)) {
            (Some(folder), _) => PathBuf::from(folder),
            (None, Some(_)) => below.join(&manifest.name),
            (None, None) => {
                return Err(Trouble::failed(format!("no runner `{}` comes with concbench", manifest.name)));
            }
        };
        let workshop = Self { folder };
        let done = below.join(format!("{}{DONE}", manifest.name));
        if !done.exists() {
            fs::create_dir_all(below).and_then(|()| workshop.unpack(manifest)).map_err(|error| {
                Trouble::failed(format!("cannot write to {}: {error}", workshop.folder.display()))
            })?;
            // Before it is built: what is not there is said of the runtime first, and not of its compiler. What the build
            // makes is not there yet.
            if !manifest.program.contains('/') {
                find_program(&manifest.program, &workshop.folder, &manifest.remedy)?;
            }
            manifest.build.as_ref().map_or(Ok(()), |build| workshop.build(build, deadline))?;
            fs::write(&done, "")
                .map_err(|error| Trouble::failed(format!("cannot write {}: {error}", done.display())))?;
        }
        Ok(workshop)
    }

    fn unpack(&self, manifest: &Manifest) -> std::io::Result<()> {
        let Some(one) = files(manifest) else { return Ok(()) };
        fs::create_dir_all(&self.folder)?;
        one.files.iter().try_for_each(|(name, text)| fs::write(self.folder.join(name), text))
    }

    fn build(&self, build: &Build, deadline: Duration) -> Result<(), Trouble> {
        let launch = self.launch(&build.program, &build.arguments, &build.remedy)?;
        let called = launch.called.clone();
        // What it prints is no answer of a runner: it stands where its errors do.
        let mut child = Child::start(launch, deadline)?;
        child.hang_up();
        let ended = child.finish();
        ended.map(drop).map_err(|trouble| match trouble.kind {
            Kind::Unsupported => trouble,
            kind => {
                Trouble { kind, reason: format!("building with {called}: {}", trouble.reason), ..trouble }
            }
        })
    }

    /// The command that starts the runner; where it has said which program really runs, that one.
    ///
    /// # Errors
    ///
    /// When the program is not there.
    pub fn start(&self, manifest: &Manifest, executable: Option<&str>) -> Result<Launch, Trouble> {
        self.launch(executable.unwrap_or(&manifest.program), &manifest.arguments, &manifest.remedy)
    }

    fn launch(&self, program: &str, arguments: &[String], remedy: &str) -> Result<Launch, Trouble> {
        let mut command = Command::new(find_program(program, &self.folder, remedy)?);
        command.args(arguments).current_dir(&self.folder);
        Ok(Launch { called: called(program), command, remedy: remedy.to_owned() })
    }
}

/// The runner that comes with concbench whose files one has, if it does.
fn files(manifest: &Manifest) -> Option<BuiltIn> {
    let name = manifest.origin.as_ref().unwrap_or(&manifest.name);
    built_in(name).filter(|_| manifest.folder.is_none())
}

/// Where a program is: a path, from the runner's folder on, or a name in the search path.
///
/// # Errors
///
/// That it is not there, and what helps.
pub fn find_program(program: &str, folder: &Path, remedy: &str) -> Result<PathBuf, Trouble> {
    let found = match program.contains('/') {
        true => Some(folder.join(program)).filter(|path| is_program(path)),
        false => {
            let paths = env::var_os("PATH").unwrap_or_default();
            env::split_paths(&paths).map(|path| path.join(program)).find(|path| is_program(path))
        }
    };
    found.ok_or_else(|| {
        let remedy = if remedy.is_empty() { String::new() } else { format!("; {remedy}") };
        Trouble::unsupported(format!("{} is not there{remedy}", called(program)))
    })
}

/// Whether somebody may run it.
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

fn called(program: &str) -> String {
    concbench_text::clip(program, 200)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::built_ins;

    #[test]
    fn a_program_that_is_not_there_is_named_with_its_remedy() {
        let missing = |program: &str| find_program(program, Path::new("/"), "install it").unwrap_err();
        let trouble = missing("no-such-language");
        assert_eq!(
            (trouble.kind, trouble.reason.as_str()),
            (Kind::Unsupported, "no-such-language is not there; install it")
        );
        assert_eq!(missing("./no/such").reason, "./no/such is not there; install it");
        assert!(find_program("sh", Path::new("/"), "").is_ok());
    }

    #[test]
    fn what_is_unpacked_is_what_comes_with_concbench() {
        let below = tempfile::tempdir().unwrap();
        for one in built_ins() {
            let manifest = Manifest { program: "sh".to_owned(), build: None, ..one.manifest() };
            let workshop = Workshop::open(&manifest, below.path(), Duration::from_secs(60)).unwrap();
            for (name, text) in one.files {
                assert_eq!(&fs::read_to_string(workshop.folder.join(name)).unwrap(), text);
            }
        }
    }

    #[test]
    fn a_build_that_fails_says_what_it_wrote_and_is_tried_again() {
        let below = tempfile::tempdir().unwrap();
        let build = |script: &str| {
            let arguments = ["-c".to_owned(), script.to_owned()].to_vec();
            let build = Build { program: "sh".to_owned(), arguments, remedy: String::new() };
            let manifest = Manifest {
                program: "sh".to_owned(),
                build: Some(build),
                ..built_in("node").unwrap().manifest()
            };
            Workshop::open(&manifest, below.path(), Duration::from_secs(60))
        };
        let trouble = build("echo no such symbol >&2; exit 2").unwrap_err();
        assert_eq!(trouble.reason, "building with sh: it ended with code 2");
        assert_eq!(trouble.stderr_tail.as_deref(), Some("no such symbol"));
        build("true").unwrap();
        // Once is enough.
        build("exit 2").unwrap();
    }
}
