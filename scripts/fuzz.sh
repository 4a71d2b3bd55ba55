#!/usr/bin/env bash
# Reads mutations of the corpus in fuzz/corpus: ten million for each target, or as many as the first argument says, in
# chunks of a seed each, as many at once as there are cores. Prints a row for each chunk, and writes their sums to
# docs/FUZZING.md if there are as many.
set -euo pipefail
cd "$(dirname "$0")/.."

inputs=${1:-10000000}
export chunk=${2:-$((inputs < 500000 ? inputs : 500000))}
targets=(records journals histograms protocol definitions frames externals http_answers)
rows=$(mktemp)
trap 'rm -f "$rows"' EXIT

code=$(git rev-parse --short HEAD)
git diff --quiet HEAD -- src crates workloads || code="$code and changes of its own"

# With the checks of a debug build, at the speed of a release build.
export CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS=true CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS=true
cargo test --release --lib --no-run --target-dir target/fuzz
binary=$(find target/fuzz/release/deps -maxdepth 1 -name 'concbench-*' -executable -type f -printf '%T@ %p\n' | sort -n | tail -1 | cut -d' ' -f2)

fuzz() {
    # Whoever hoards is ended by the limit, far above the bound that the test itself looks at.
    ulimit -v 4194304
    CONCBENCH_FUZZ_INPUTS=$chunk CONCBENCH_FUZZ_SEED=$2 "$binary" --exact "fuzz::tests::$1" --nocapture | grep '^| '
}
export -f fuzz
export binary

for target in "${targets[@]}"; do
    for ((done = 0, seed = 1; done < inputs; done += chunk, seed += 1)); do
        echo "$target" "$seed"
    done
done | xargs -P "$(nproc)" -n 2 bash -euo pipefail -c 'fuzz "$@"' fuzz | tee "$rows"

[ "$inputs" -ge 10000000 ] || exit 0
{
    cat <<TEXT
# Fuzzing

Written by \`make fuzz\`, on the code of $code: mutations of [the corpus](../fuzz/corpus), each following from a seed and
its number. *Understood* are those that were taken for what they look like. Nothing panicked, no input took longer than
20 s, and no process held more than 512 MiB. Every run of the tests reads some thousand more.

| target | inputs | understood | findings | seconds | most memory, MiB |
| --- | ---: | ---: | ---: | ---: | ---: |
TEXT
    awk -F'|' '{ gsub(/ /, ""); if (!($2 in n)) order[++m] = $2; n[$2] += $4; ok[$2] += $5; s[$2] += $6; if ($7 > p[$2]) p[$2] = $7 }
        END { for (i = 1; i <= m; i++) { t = order[i]; printf "| %s | %d | %d | 0 | %d | %d |\n", t, n[t], ok[t], s[t], p[t] } }' "$rows"
} >docs/FUZZING.md
