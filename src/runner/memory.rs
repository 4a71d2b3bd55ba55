//! How much memory a runner and its workers hold.

use std::fs;

/// The peak of what is resident, in bytes: of this process, and what each worker process that is alive holds now.
///
/// Not `ru_maxrss`: the kernel carries that over from the process that started this one, so a small runner would show
/// the size of its supervisor. Workers count with their proportional share (PSS) of pages that several processes map.
pub(super) fn peak_bytes() -> Result<u64, String> {
    let own = kibibytes("/proc/self/status", "VmHWM:")?;
    let workers: u64 = descendants(std::process::id()).into_iter().map(proportional).sum();
    Ok((own + workers) * 1024)
}

/// A worker that ends meanwhile holds nothing any more.
fn proportional(pid: u32) -> u64 {
    kibibytes(&format!("/proc/{pid}/smaps_rollup"), "Pss:").unwrap_or(0)
}

fn descendants(pid: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return Vec::new();
    };
    let lists =
        threads.flatten().filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    let children: Vec<u32> = lists
        .flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect();
    let below: Vec<u32> = children.iter().flat_map(|&child| descendants(child)).collect();
    [children, below].concat()
}

fn kibibytes(path: &str, name: &str) -> Result<u64, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("cannot read {path}: {error}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| format!("{path} has no {name}"))
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
        drop(block);
    }
}
