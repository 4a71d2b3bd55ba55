use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicU32, AtomicU64};

use memmap2::MmapRaw;
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, ftruncate, memfd_create};

/// Memory that several processes can see: atomics only, since any of them may write at any time.
#[derive(Debug)]
pub struct SharedMemory {
    map: MmapRaw,
    /// How many 32-bit atomics come before the 64-bit ones; even, so that those are aligned.
    halves: usize,
}

impl SharedMemory {
    /// Makes memory for this many 32-bit and 64-bit atomics, all zero, and a descriptor by which other processes can
    /// map it.
    ///
    /// # Errors
    ///
    /// When the kernel refuses the memory or the descriptor.
    pub fn create(halves: usize, words: usize) -> io::Result<(Self, OwnedFd)> {
        let bytes = bytes(halves, words)?;
        let file = memfd_create("concbench", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
        ftruncate(&file, bytes as u64)?;
        fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
        let file = File::from(file);
        let memory = Self::map(&file, halves, words)?;
        Ok((memory, file.into()))
    }

    /// Maps what [`SharedMemory::create`] made with the same numbers.
    ///
    /// # Errors
    ///
    /// When it is something else, or the kernel refuses to map it.
    pub fn open(file: OwnedFd, halves: usize, words: usize) -> io::Result<Self> {
        Self::map(&File::from(file), halves, words)
    }

    fn map(file: &File, halves: usize, words: usize) -> io::Result<Self> {
        let sealed = fcntl_get_seals(file.as_fd())?.contains(SealFlags::SHRINK);
        let length = file.metadata()?.len();
        if !sealed || length != bytes(halves, words)? as u64 || !halves.is_multiple_of(2) {
            return Err(io::Error::other(format!(
                "no shared memory of ours: {length} bytes, sealed: {sealed}"
            )));
        }
        Ok(Self { map: MmapRaw::map_raw(file)?, halves })
    }

    /// The 32-bit atomics.
    pub fn halves(&self) -> &[AtomicU32] {
        // SAFETY: the mapping starts at a page, is at least this long (checked in `map`), stays as long because the
        // file is sealed against shrinking, and lives as long as `self`. Any bits are a valid atomic, and whoever else
        // has mapped it, ours or not, may write to it at any time, which atomics allow.
        unsafe { std::slice::from_raw_parts(self.map.as_mut_ptr().cast::<AtomicU32>(), self.halves) }
    }

    /// Some of the 64-bit atomics.
    ///
    /// # Panics
    ///
    /// When there are not as many.
    pub fn words(&self, range: Range<usize>) -> &[AtomicU64] {
        let start = self.halves * size_of::<AtomicU32>();
        let count = (self.map.len() - start) / size_of::<AtomicU64>();
        // SAFETY: as above; `halves` is even, so the words start at a multiple of eight bytes.
        let words = unsafe {
            std::slice::from_raw_parts(self.map.as_mut_ptr().byte_add(start).cast::<AtomicU64>(), count)
        };
        &words[range]
    }
}

/// How many bytes they fill: an error rather than a number that has wrapped, by which `halves` would lie outside of the
/// mapping.
fn bytes(halves: usize, words: usize) -> io::Result<usize> {
    let halves = halves.checked_mul(size_of::<AtomicU32>());
    let words = words.checked_mul(size_of::<AtomicU64>());
    halves.zip(words).and_then(|(halves, words)| halves.checked_add(words)).ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidInput, "more shared memory than a process can address")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use memmap2::MmapMut;
    use std::sync::atomic::Ordering::Relaxed;

    /// One that needs no file, so that Miri can look at it, too.
    fn without_file(halves: usize, words: usize) -> SharedMemory {
        SharedMemory { map: MmapMut::map_anon(bytes(halves, words).unwrap()).unwrap().into(), halves }
    }

    #[test]
    fn both_kinds_of_atomics_fill_the_mapping_and_do_not_overlap() {
        let memory = without_file(4, 3);
        std::thread::scope(|scope| {
            scope.spawn(|| memory.halves().iter().for_each(|half| half.store(u32::MAX, Relaxed)));
            memory.words(0..3).iter().for_each(|word| word.store(7, Relaxed));
        });
        assert_eq!(memory.halves().iter().map(|half| half.load(Relaxed)).collect::<Vec<_>>(), [u32::MAX; 4]);
        assert_eq!(memory.words(0..3).iter().map(|word| word.load(Relaxed)).collect::<Vec<_>>(), [7; 3]);
    }

    #[test]
    #[should_panic(expected = "out of range")]
    fn more_words_than_there_are_cannot_be_had() {
        without_file(4, 3).words(0..4);
    }

    #[test]
    fn numbers_whose_bytes_cannot_be_counted_are_refused() {
        let most = usize::MAX / 8;
        for (halves, words) in [(1 << 62, 1), (0, 1 << 61), (2 * most, most), (usize::MAX - 1, usize::MAX)] {
            let refused = SharedMemory::create(halves, words).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::InvalidInput, "{halves} and {words}: {refused}");
        }
        assert!(bytes(2, most - 1).is_ok());
    }

    #[test]
    #[cfg_attr(miri, ignore = "needs a file to map")]
    fn two_mappings_show_the_same_atomics_and_a_wrong_size_is_refused() {
        let (here, file) = SharedMemory::create(4, 3).unwrap();
        assert!(SharedMemory::open(file.try_clone().unwrap(), 4, 4).is_err());
        let there = SharedMemory::open(file, 4, 3).unwrap();
        here.halves()[3].store(5, Relaxed);
        there.words(0..3)[2].store(6, Relaxed);
        assert_eq!(there.halves()[3].load(Relaxed), 5);
        assert_eq!(here.words(1..3)[1].load(Relaxed), 6);
    }

    #[test]
    #[cfg_attr(miri, ignore = "needs a file to map")]
    fn a_file_that_can_shrink_is_refused() {
        let file = File::from(memfd_create("other", MemfdFlags::CLOEXEC).unwrap());
        file.set_len(bytes(4, 3).unwrap() as u64).unwrap();
        assert!(SharedMemory::open(file.into(), 4, 3).is_err());
    }
}
