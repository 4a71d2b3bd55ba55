//! One reader of concbench's, the one that `CONCBENCH_FUZZ_TARGET` names, under libFuzzer.
#![no_main]

use std::sync::LazyLock;

static TARGET: LazyLock<String> =
    LazyLock::new(|| std::env::var("CONCBENCH_FUZZ_TARGET").expect("CONCBENCH_FUZZ_TARGET names a folder of fuzz/corpus"));

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    assert!(concbench::fuzz::one(&TARGET, bytes), "there is no reader `{}`", *TARGET);
});
