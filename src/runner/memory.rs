//! How much memory a runner and its workers hold.

use crate::machine::proc::{descendants, memory, memory_unless_gone, tells_shares};

/// Where the kernel says what a process holds of pages that several map, and by which name.
const PROPORTIONAL: (&str, &str) = ("smaps_rollup", "Pss");

/// What a process and everything below it hold, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Footprint {
    /// How many processes there are.
    pub(crate) processes: u64,
    /// What is resident: pages that several processes map count in parts (proportional set size, PSS).
    pub(crate) resident: u64,
    /// The page tables, which the kernel keeps for each process and which are in no resident set.
    pub(crate) page_tables: u64,
}

impl Footprint {
    pub(crate) fn total(&self) -> u64 {
        self.resident + self.page_tables
    }
}

/// The peak of what is resident, in bytes: of this process, and what each worker process that is alive holds now.
///
/// Not `ru_maxrss`: the kernel carries that over from the process that started this one, so a small runner would show
/// the size of its supervisor. Workers count with their proportional share (PSS) of pages that several processes map.
pub(crate) fn peak_bytes() -> Result<u64, String> {
    let own = memory(std::process::id(), "status", "VmHWM")?;
    let workers = descendants(std::process::id())?;
    if !workers.is_empty() && !tells_shares() {
        return Err("the kernel has no smaps_rollup, which tells what worker processes hold".to_owned());
    }
    let mut held = own;
    for worker in workers {
        // One that ends meanwhile holds nothing any more.
        held += memory_unless_gone(worker, PROPORTIONAL.0, PROPORTIONAL.1)?.unwrap_or_default();
    }
    Ok(held)
}

/// What a process and everything below it hold now, while nothing of it starts or ends.
///
/// # Errors
///
/// When the kernel does not say, with the file and the field.
pub(crate) fn footprint(pid: u32) -> Result<Footprint, String> {
    let mut footprint = Footprint::default();
    for pid in descendants(pid)?.into_iter().chain([pid]) {
        footprint.processes += 1;
        footprint.resident += memory(pid, PROPORTIONAL.0, PROPORTIONAL.1)?;
        footprint.page_tables += memory(pid, "status", "VmPTE")?;
    }
    Ok(footprint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_was_touched_shows() {
        // Not against the peak before: another test of this process may have held and given back as much. None holds
        // anything near this.
        const BYTES: usize = 256 << 20;
        let block = std::hint::black_box(vec![1u8; BYTES]);
        assert!(peak_bytes().unwrap() >= BYTES as u64);
        let now = footprint(std::process::id()).unwrap();
        assert!(now.resident >= BYTES as u64, "{now:?}");
        // Eight bytes of page table for each page of 4 KiB at most; fewer where the kernel maps larger ones.
        assert!(now.page_tables > 0 && now.page_tables < now.resident / 100, "{now:?}");
        drop(block);
    }

    #[test]
    fn what_is_gone_has_no_figure() {
        assert!(footprint(u32::MAX).unwrap_err().starts_with("cannot read /proc/4294967295/"));
    }
}
