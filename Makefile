# Aliases only: what is longer than a line stands in scripts/.

.PHONY: bench quick schema list report compare doctor lint test test-all faults fuzz cover deny miri sanitize versus-python \
	versus-channels versus-crates versus-plain versus-wrk overhead rows picture dist dist-test package-test fleet-test

# Builds, measures the default matrix through criterion and in interleaved blocks, and writes reports/latest/index.html.
bench:
	cargo bench

# An indication in under 90 seconds. Not `CONCBENCH_QUICK=true cargo bench`: criterion alone takes nearly a second for
# each of about a hundred cells, and ranks nothing.
quick:
	cargo run --release -- run --quick

list:
	cargo run --release -- list

# Writes the report of the latest run again, from its record.
report:
	cargo run --release -- report

# Holds runs against the first of them: make compare RUNS="reports/<run> reports/<run>".
compare:
	cargo run --release -- compare $(RUNS)

# Writes the schema of results.json again, from its types.
schema:
	cargo run --quiet --release -- schema > schema/results.schema.json

# Says whether this machine is fit to measure on.
doctor:
	cargo run --release -- doctor

# The tests that are run apart are no part of all targets.
lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo clippy --workspace --test faults --test sharing -- -D warnings

# Format, lints, documentation, unit and integration tests: about eleven minutes on two cores once it is built.
test:
	scripts/test.sh

# Sets itself up and runs every check there is: the faults, what tasks share, criterion and the pages in a browser, too.
test-all: test
	scripts/test-long.sh

# Injects every fault, the long cases too, and writes docs/FAULTS.md. The quick ones are tests.
faults:
	scripts/faults.sh
	cargo test --test sharing -- killed --include-ignored

# Reads ten million mutations of each corpus, and writes docs/FUZZING.md. Some thousand are tests.
fuzz:
	scripts/fuzz.sh

# Has libFuzzer look for inputs that reach code which nothing has reached before: half an hour for each reader.
cover:
	scripts/cover.sh

# Licences, advisories and duplicates of the dependencies.
deny:
	scripts/deny.sh

# Undefined behaviour, as far as Miri can look.
miri:
	scripts/miri.sh

# The unit tests under AddressSanitizer and ThreadSanitizer.
sanitize:
	scripts/sanitize.sh

# The models beside CPython's standard library and beside loops written by hand.
versus-python:
	cargo bench --bench models

# Round trips over a pipe and messages over CPython's queue and pipe, beside `perf bench` and a plain script (a minute).
versus-channels:
	scripts/versus/channels.sh

# A channel of crossbeam and a lock of parking_lot beside their authors' own benchmarks (clones them, needs nightly).
versus-crates:
	scripts/versus/crates.sh

# Python's pools as a run has them, and a plain script that times the same: the two are to agree within 10 %.
versus-plain:
	cargo build --release
	scripts/versus/plain.py target/release/concbench

# The clients of `serving` beside wrk, on the same HTTP servers.
versus-wrk:
	scripts/versus/wrk.sh

# Counts the instructions of our models beside those of loops written by hand (some minutes, needs valgrind); with LTO=fat
# those of a build that is optimised as a whole.
overhead:
	scripts/overhead.sh $(LTO)

# Runs the command of each row of docs/ROWS.md, and writes what it prints into docs/OUTPUTS.md (seven minutes).
rows:
	cargo build --release
	scripts/rows.py target/release/concbench

# Takes the pictures of the README from the latest report.
picture:
	tests/browser/setup.sh
	node scripts/picture.mjs reports/latest/index.html docs

# Packs a release into dist/: a binary that needs no library, with pages, completions and licences.
dist:
	scripts/dist.sh

# Runs the binary of that archive where nothing else is (as root).
dist-test:
	scripts/dist-test.sh

# Builds every package as a registry would get it, and runs the program that `cargo install` makes (takes long).
package-test:
	scripts/package-test.sh

# Measures a fleet on this machine, by ssh and on a Slurm, of which a node dies (as root, installs what it needs).
fleet-test:
	scripts/fleet-test.sh
