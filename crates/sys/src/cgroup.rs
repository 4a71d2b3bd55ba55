use crate::Roots;
use crate::parse::{self, Bound};

/// Where the control groups of this process lie for one controller: folders below `/sys`, from its own up to the one
/// that is mounted.
#[derive(Debug, PartialEq, Eq)]
pub struct Groups {
    folders: Vec<String>,
    version: Version,
}

/// Which of the two interfaces of control groups the kernel offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    One,
    Two,
}

impl Groups {
    /// The groups that `controller` governs this process by.
    pub fn find(roots: &Roots, controller: &str) -> Result<Self, String> {
        let memberships = roots.proc("self/cgroup")?;
        let mounts = roots.proc("self/mountinfo")?;
        find(&memberships, &mounts, controller)
            .ok_or_else(|| format!("no control group with the controller {controller} is mounted below /sys"))
    }

    /// The lowest quota on the way up, in cores.
    pub fn quota(&self, roots: &Roots) -> Result<Bound<f64>, String> {
        self.lowest(roots, |folder| match self.version {
            Version::Two => parse::cpu_max(&roots.sys(&format!("{folder}/cpu.max")).ok()?),
            Version::One => {
                let quota = roots.sys(&format!("{folder}/cpu.cfs_quota_us")).ok()?;
                let period = roots.sys(&format!("{folder}/cpu.cfs_period_us")).ok()?;
                parse::cfs_quota(&quota, &period)
            }
        })
    }

    /// The lowest limit of processes and threads on the way up.
    pub fn pids_max(&self, roots: &Roots) -> Result<Bound<u64>, String> {
        self.lowest(roots, |folder| parse::max_or_number(&roots.sys(&format!("{folder}/pids.max")).ok()?))
    }

    /// The least memory that a group on the way up has left, in bytes, with the name of its limit; none without a limit.
    pub fn memory_left(&self, roots: &Roots) -> Option<(u64, &'static str)> {
        let (limit, used) = match self.version {
            Version::One => ("memory.limit_in_bytes", "memory.usage_in_bytes"),
            Version::Two => ("memory.max", "memory.current"),
        };
        let read = |folder: &str, name: &str| match parse::max_or_number(
            &roots.sys(&format!("{folder}/{name}")).ok()?,
        )? {
            Bound::Unlimited => None,
            Bound::At(bytes) => Some(bytes),
        };
        let left = self
            .folders
            .iter()
            .filter_map(|folder| Some(read(folder, limit)?.saturating_sub(read(folder, used).unwrap_or(0))));
        left.min().map(|bytes| (bytes, limit))
    }

    /// How long this process's groups were throttled up to now, in nanoseconds, added over levels and processors.
    pub fn throttled_ns(&self, roots: &Roots) -> Result<u64, String> {
        self.folders
            .iter()
            .filter_map(|folder| parse::throttled_ns(&roots.sys(&format!("{folder}/cpu.stat")).ok()?))
            .reduce(u64::saturating_add)
            .ok_or_else(|| format!("no control group counts throttling in /sys/{}", self.own()))
    }

    /// A level without the file limits nothing: the top of the hierarchy, or a group without the controller.
    fn lowest<T: PartialOrd>(
        &self,
        roots: &Roots,
        read: impl Fn(&str) -> Option<Bound<T>>,
    ) -> Result<Bound<T>, String> {
        roots.sys_names(self.own())?;
        let found = self.folders.iter().filter_map(|folder| match read(folder)? {
            Bound::Unlimited => None,
            Bound::At(limit) => Some(limit),
        });
        let lowest = found.reduce(|lowest, other| if other < lowest { other } else { lowest });
        Ok(lowest.map_or(Bound::Unlimited, Bound::At))
    }

    /// The version of these groups.
    pub(crate) fn version(&self) -> Version {
        self.version
    }

    /// From that of this process up to the one that is mounted, below `/sys`.
    pub(crate) fn folders(&self) -> &[String] {
        &self.folders
    }

    fn own(&self) -> &str {
        self.folders.first().map_or("", String::as_str)
    }
}

/// From `/proc/self/cgroup` (cgroups(7)) and `/proc/self/mountinfo` (proc_pid_mountinfo(5)).
fn find(memberships: &str, mounts: &str, controller: &str) -> Option<Groups> {
    let of_version_one = memberships.lines().find_map(|line| {
        let [_, controllers, path] = line.splitn(3, ':').collect::<Vec<_>>().try_into().ok()?;
        controllers.split(',').any(|name| name == controller).then_some(path)
    });
    let (path, version) = match of_version_one {
        Some(path) => (path, Version::One),
        None => (memberships.lines().find_map(|line| line.strip_prefix("0::"))?, Version::Two),
    };
    let (root, point) = mounts.lines().find_map(|line| mount(line, controller, version))?;
    // In a container the path may be one of the host's, which is not visible: then the mount itself is the group.
    let below = match root {
        "/" => path,
        root => path.strip_prefix(root).unwrap_or(""),
    };
    let mut folders = vec![point.to_owned()];
    for name in below.split('/').filter(|name| !name.is_empty() && *name != "..") {
        folders.push(format!("{}/{name}", folders[folders.len() - 1]));
    }
    folders.reverse();
    Some(Groups { folders, version })
}

/// The root and the mount point, below `/sys`, of a line that mounts this controller.
fn mount<'a>(line: &'a str, controller: &str, version: Version) -> Option<(&'a str, &'a str)> {
    let (place, kind) = line.split_once(" - ")?;
    let mut place = place.split(' ').skip(3);
    let (root, point) = (place.next()?, place.next()?.strip_prefix("/sys/")?);
    let mut kind = kind.split(' ');
    let mounts = match (version, kind.next()?) {
        (Version::One, "cgroup") => kind.nth(1)?.split(',').any(|option| option == controller),
        (Version::Two, "cgroup2") => true,
        _ => false,
    };
    mounts.then_some((root, point))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HYBRID: &str = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n\
                          32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n\
                          41 31 0:38 / /sys/fs/cgroup/unified rw shared:9 - cgroup2 cgroup2 rw\n";
    const UNIFIED: &str = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";

    fn folders(memberships: &str, mounts: &str) -> Vec<String> {
        find(memberships, mounts, "cpu").unwrap().folders
    }

    #[test]
    fn a_group_and_those_above_it_are_found_in_both_versions() {
        assert_eq!(
            folders("4:cpu,cpuacct:/a/b\n0::/\n", HYBRID),
            ["fs/cgroup/cpu,cpuacct/a/b", "fs/cgroup/cpu,cpuacct/a", "fs/cgroup/cpu,cpuacct"]
        );
        assert_eq!(folders("0::/user.slice\n", UNIFIED), ["fs/cgroup/user.slice", "fs/cgroup"]);
        assert_eq!(folders("3:cpuset:/x\n0::/\n", HYBRID), ["fs/cgroup/unified"]);
    }

    #[test]
    fn inside_a_container_the_mount_is_the_group() {
        let mounts = "32 31 0:29 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n";
        assert_eq!(folders("4:cpu:/docker/abc\n", mounts), ["fs/cgroup/cpu"]);
        assert_eq!(folders("4:cpu:/docker/abc/job\n", mounts), ["fs/cgroup/cpu/job", "fs/cgroup/cpu"]);
        assert_eq!(folders("4:cpu:/elsewhere\n", mounts), ["fs/cgroup/cpu"]);
    }

    #[test]
    fn without_a_mount_there_is_no_group() {
        assert_eq!(find("0::/a\n", "", "cpu"), None);
        assert_eq!(find("", UNIFIED, "cpu"), None);
    }

    proptest! {
        #[test]
        fn strange_files_are_no_panic(memberships in "(?s)(0::)?.*", mounts in "(?s).*( - cgroup2 x y)?") {
            if let Some(groups) = find(&memberships, &mounts, "cpu") {
                prop_assert!(groups.folders.iter().all(|folder| !folder.split('/').any(|name| name == "..")));
            }
        }
    }
}
