//! Who this machine is and who uses it. None of it goes into a record: it is looked up to keep it out.

use std::ffi::OsString;

/// What this host is called: its name, and the first part of it where it has a domain. Empty where nobody knows.
pub(crate) fn hosts() -> Vec<String> {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let first = name.split('.').next().unwrap_or_default().to_owned();
    let mut names = vec![name, first];
    names.dedup();
    names.retain(|name| !name.is_empty());
    names
}

/// What the user of this process is called, as far as the environment says.
pub(crate) fn users() -> Vec<String> {
    let of = |name: &str| std::env::var_os(name).map(OsString::into_string)?.ok();
    let home = of("HOME").and_then(|home| Some(home.rsplit('/').next()?.to_owned()));
    let mut names: Vec<String> =
        ["USER", "LOGNAME", "SUDO_USER"].into_iter().filter_map(of).chain(home).collect();
    names.sort();
    names.dedup();
    names.retain(|name| !name.is_empty());
    names
}
