#!/usr/bin/env bash
# Packs a release: `dist/concbench-<version>-<target>.tar.gz` and `dist/SHA256SUMS`.
#
# The binary is linked statically against glibc, so that it runs on any Linux of its architecture, however old its glibc.
# Never against musl: its allocator would be what is ranked. For aarch64 too, where Rust has the target and the system a
# linker for it.
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(cargo metadata --no-deps --format-version 1 | python3 -c '
import json, sys
print(next(p["version"] for p in json.load(sys.stdin)["packages"] if p["name"] == "concbench"))')
# One commit gives one archive, wherever and whenever it is packed.
epoch=$(git log -1 --format=%ct)
rm -rf dist
mkdir dist
# What makes pages and completions: the binary of this machine's own architecture, which comes first.
native=""

pack() {
    local target=$1 name=concbench-$version-$1 folder page
    folder=dist/$name
    # Paths of this machine have no place in what others run.
    local flags="-C target-feature=+crt-static --remap-path-prefix=$PWD=/concbench"
    flags+=" --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo"
    RUSTFLAGS=$flags cargo build --locked --profile dist --target "$target" --bin concbench
    native=${native:-target/$target/dist/concbench}
    mkdir -p "$folder"/{bin,man,completions,reference}
    cp "target/$target/dist/concbench" "$folder/bin/"
    # What is committed, and nothing that lies beside it.
    git archive HEAD README.md METHODOLOGY.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE docs fleet schema | tar -x -C "$folder"
    cp reports/reference/kvm-2-cores/{index.html,results.json,summary.md} "$folder/reference/"
    scripts/third_party.py "$target" >"$folder/THIRD-PARTY.txt"
    "$native" man >"$folder/man/concbench.1"
    for page in $("$native" man | sed -n 's/^concbench\\-\([a-z]*\)(1)$/\1/p'); do
        [ "$page" = help ] || "$native" man "$page" >"$folder/man/concbench-$page.1"
    done
    "$native" completions bash >"$folder/completions/concbench.bash"
    "$native" completions zsh >"$folder/completions/_concbench"
    "$native" completions fish >"$folder/completions/concbench.fish"
    tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$epoch" -C dist -c "$name" | gzip -n -9 >"$folder.tar.gz"
    rm -rf "$folder"
}

pack "$(rustc -vV | sed -n 's/^host: //p')"
other=aarch64-unknown-linux-gnu
if rustc --print target-libdir --target $other 2>/dev/null | xargs test -d && command -v aarch64-linux-gnu-gcc >/dev/null; then
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc pack $other
else
    echo "no archive for $other: \`rustup target add $other\` and a linker (gcc-aarch64-linux-gnu) make one" >&2
fi
(cd dist && sha256sum -- *.tar.gz | tee SHA256SUMS)
