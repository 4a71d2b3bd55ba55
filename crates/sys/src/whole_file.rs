//! Files that others have written, or may have put in the place of one that we have.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

/// The whole of a file, unless it is larger than that: what a file says of its length need not be so. It waits for nobody: not
/// for a writer at the other end of a pipe, nor for what a device may have to say some day.
///
/// # Errors
///
/// When it is no regular file, is larger, has nothing to read yet, or the system refuses it.
pub fn read_at_most(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let patient = OFlags::NONBLOCK.bits() as i32;
    let mut file = OpenOptions::new().read(true).custom_flags(patient).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    (&mut file).take(most + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > most {
        true => Err(io::Error::other(format!("more than {most} bytes"))),
        false => Ok(bytes),
    }
}
