use std::fs;
use std::path::{Path, PathBuf};

use crate::cgroup::Version;
use crate::{Groups, Roots, parse};

/// The period of a quota, in microseconds: the kernel's default.
const PERIOD_US: u64 = 100_000;
/// The least quota that the kernel takes, in microseconds.
const LEAST_US: u64 = 1_000;

/// A control group of our own that gives its processes so much CPU time. Dropping it takes this process out again, and
/// removes the group.
#[derive(Debug)]
pub struct QuotaGroup {
    folder: PathBuf,
    /// Where this process was before.
    home: PathBuf,
    entered: bool,
}

/// How often and how long a group was held up by its quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Throttled {
    /// For how long, in nanoseconds, added over the processors.
    pub ns: u64,
    /// In how many periods.
    pub periods: u64,
    /// Of how many.
    pub of_periods: u64,
}

/// Where a group can be made.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    /// The group above it, below `/sys`.
    parent: String,
    /// That of this process, below `/sys`.
    home: String,
    version: Version,
}

impl Place {
    /// Below the group of this process; in version 2, where a group with processes may have none below it that limit them,
    /// below the nearest one above that hands the controller on.
    fn find(roots: &Roots) -> Result<Self, String> {
        let groups = Groups::find(roots, "cpu")?;
        let home = groups.folders().first().cloned().unwrap_or_default();
        let version = groups.version();
        if version == Version::One {
            return Ok(Self { parent: home.clone(), home, version });
        }
        let hands_on = |folder: &&String| {
            let controllers = roots.sys(&format!("{folder}/cgroup.subtree_control")).unwrap_or_default();
            controllers.split_whitespace().any(|controller| controller == "cpu")
        };
        match groups.folders().iter().find(hands_on) {
            Some(parent) => Ok(Self { parent: parent.clone(), home, version }),
            None => Err(format!(
                "no control group from /sys/{home} upwards hands the controller cpu on to groups below it; as root, `echo +cpu \
                 > cgroup.subtree_control` in the one above"
            )),
        }
    }

    /// The folder of the group that a run makes, by the process that the run belongs to.
    fn folder(&self, roots: &Roots, owner: u32) -> PathBuf {
        roots.sys_path(&self.parent).join(format!("concbench-{owner}"))
    }
}

impl QuotaGroup {
    /// Makes one with so many cores, as that of the run of this process.
    ///
    /// # Errors
    ///
    /// In one line: where no group can be made or written to, and what would allow it.
    pub fn create(roots: &Roots, owner: u32, cores: f64) -> Result<Self, String> {
        let place = Place::find(roots)?;
        let folder = place.folder(roots, owner);
        let home = roots.sys_path(&place.home);
        let refused = |what: &str, path: &Path, error: std::io::Error| {
            format!(
                "{what} {} is refused: {}; run as root, or in a group that was handed over to you",
                path.display(),
                error.kind()
            )
        };
        // What a process of this run has left behind, if one was killed while it was in it. It goes only if it is empty.
        let _ = fs::remove_dir(&folder);
        fs::create_dir(&folder).map_err(|error| refused("making the control group", &folder, error))?;
        // From here on it is removed, whatever happens.
        let group = Self { folder, home, entered: false };
        let quota_us = ((cores * PERIOD_US as f64).round() as u64).max(LEAST_US);
        let files = match place.version {
            Version::One => {
                vec![("cpu.cfs_period_us", PERIOD_US.to_string()), ("cpu.cfs_quota_us", quota_us.to_string())]
            }
            Version::Two => vec![("cpu.max", format!("{quota_us} {PERIOD_US}"))],
        };
        for (name, value) in files {
            let file = group.folder.join(name);
            fs::write(&file, value).map_err(|error| refused("writing", &file, error))?;
        }
        Ok(group)
    }

    /// Moves this process into it, with all its threads; what they start from here on starts there.
    ///
    /// # Errors
    ///
    /// In one line, when the kernel refuses.
    pub fn enter(&mut self) -> Result<(), String> {
        join(&self.folder)?;
        self.entered = true;
        Ok(())
    }

    /// How often and how long its processes were held up until now.
    ///
    /// # Errors
    ///
    /// In one line, when the kernel does not say.
    pub fn throttled(&self) -> Result<Throttled, String> {
        let file = self.folder.join("cpu.stat");
        let text = fs::read_to_string(&file)
            .map_err(|error| format!("{} cannot be read: {}", file.display(), error.kind()))?;
        let known = parse::throttled_ns(&text).zip(parse::throttled_periods(&text));
        let (ns, (periods, of_periods)) =
            known.ok_or_else(|| format!("{} does not count throttling", file.display()))?;
        Ok(Throttled { ns, periods, of_periods })
    }

    /// Removes the group that a process of this run has left behind, if one has: it was killed while it was in it. One that
    /// another run made has another name.
    pub fn remove_left(roots: &Roots, owner: u32) {
        if let Ok(place) = Place::find(roots) {
            // There is none, usually.
            let _ = fs::remove_dir(place.folder(roots, owner));
        }
    }
}

fn join(folder: &Path) -> Result<(), String> {
    let file = folder.join("cgroup.procs");
    // 0 is whoever writes.
    fs::write(&file, "0").map_err(|error| {
        format!("moving a process by {} is refused: {}; run as root", file.display(), error.kind())
    })
}

impl Drop for QuotaGroup {
    fn drop(&mut self) {
        if self.entered {
            // Where that is refused the group stays until this process has ended, and its run removes it.
            let _ = join(&self.home);
        }
        let _ = fs::remove_dir(&self.folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine in a folder of its own, with these groups of version 2: each with what it hands on.
    fn machine(membership: &str, groups: &[(&str, &str)]) -> (PathBuf, Roots) {
        let unique = format!("{membership:?}{groups:?}")
            .bytes()
            .fold(0u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(u64::from(byte)));
        let root = std::env::temp_dir().join(format!("concbench-quota-{}-{unique}", std::process::id()));
        let (proc, sys) = (root.join("proc"), root.join("sys"));
        fs::create_dir_all(proc.join("self")).unwrap();
        fs::write(proc.join("self/cgroup"), format!("0::{membership}\n")).unwrap();
        fs::write(
            proc.join("self/mountinfo"),
            "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n",
        )
        .unwrap();
        for (group, hands_on) in groups {
            let folder = sys.join("fs/cgroup").join(group);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("cgroup.subtree_control"), hands_on).unwrap();
        }
        (root, Roots::new(proc, sys))
    }

    #[test]
    fn a_group_is_made_below_the_nearest_that_hands_the_controller_on() {
        let (root, roots) =
            machine("/user/shell", &[("", "cpu pids\n"), ("user", "cpu\n"), ("user/shell", "\n")]);
        let place = Place::find(&roots).unwrap();
        assert_eq!((place.parent.as_str(), place.home.as_str()), ("fs/cgroup/user", "fs/cgroup/user/shell"));
        fs::remove_dir_all(root).unwrap();
        let (root, roots) = machine("/shell", &[("", "memory pids\n"), ("shell", "\n")]);
        let refused = Place::find(&roots).unwrap_err();
        assert!(
            refused.contains("/sys/fs/cgroup/shell upwards") && refused.contains("echo +cpu"),
            "{refused}"
        );
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn a_group_that_cannot_be_written_to_is_refused_and_removed_again() {
        let (root, roots) = machine("/own", &[("", "cpu\n"), ("own", "\n")]);
        // In its place is a group that a process of this run has left, with something in it, which stays.
        let parent = root.join("sys/fs/cgroup");
        fs::create_dir_all(parent.join("concbench-7/within")).unwrap();
        let refused = QuotaGroup::create(&roots, 7, 1.0).unwrap_err();
        assert!(
            refused.starts_with("making the control group") && refused.contains("run as root"),
            "{refused}"
        );
        assert!(parent.join("concbench-7").exists(), "it was there before");
        QuotaGroup::remove_left(&roots, 8);
        assert!(parent.join("concbench-7").exists(), "another run made it");
        fs::remove_dir(parent.join("concbench-7/within")).unwrap();
        QuotaGroup::remove_left(&roots, 7);
        assert!(!parent.join("concbench-7").exists());
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn an_empty_group_that_a_killed_process_of_this_run_has_left_is_in_nobodys_way() {
        let (root, roots) = machine("/left", &[("", "cpu\n"), ("left", "\n")]);
        let left = root.join("sys/fs/cgroup/concbench-7");
        fs::create_dir(&left).unwrap();
        let group = QuotaGroup::create(&roots, 7, 1.0).unwrap();
        assert_eq!(group.folder, left);
        fs::remove_file(left.join("cpu.max")).unwrap();
        drop(group);
        assert!(!left.exists());
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn a_quota_is_written_as_a_share_of_a_period() {
        let (root, roots) = machine("/", &[("", "cpu\n")]);
        let group = QuotaGroup::create(&roots, 9, 1.5).unwrap();
        assert_eq!(fs::read_to_string(group.folder.join("cpu.max")).unwrap(), "150000 100000");
        fs::write(group.folder.join("cpu.stat"), "nr_periods 9\nnr_throttled 4\nthrottled_usec 7\n").unwrap();
        assert_eq!(group.throttled(), Ok(Throttled { ns: 7_000, periods: 4, of_periods: 9 }));
        drop(group);
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn a_real_group_limits_this_process_and_is_gone_afterwards() {
        let roots = Roots::default();
        // Where none can be made there is nothing to see.
        let Ok(mut group) = QuotaGroup::create(&roots, std::process::id(), 1.0) else { return };
        let folder = group.folder.clone();
        assert_eq!(group.throttled().map(|throttled| throttled.periods), Ok(0));
        if group.enter().is_ok() {
            let own = Groups::find(&roots, "cpu").unwrap();
            assert_eq!(own.quota(&roots), Ok(parse::Bound::At(1.0)));
        }
        drop(group);
        assert!(!folder.exists());
        let own = fs::read_to_string("/proc/self/cgroup").unwrap();
        assert!(!own.contains("concbench"), "{own}");
    }
}
