#!/usr/bin/env bash
# Runs the binary of a release archive in a root file system that holds nothing but it, /proc, /dev and an empty /tmp: no
# library, no shell, no user. As root. Without an archive as argument it takes that of this machine's architecture in dist/.
set -euo pipefail
cd "$(dirname "$0")/.."

host=$(rustc -vV | sed -n 's/^host: //p')
archive=${1:-$(echo dist/concbench-*-"$host".tar.gz)}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fail() { echo "dist-test: $1" >&2; exit 1; }

(cd "$(dirname "$archive")" && grep -F -- "$(basename "$archive")" SHA256SUMS | sha256sum --check --quiet)
tar -xzf "$archive" -C "$folder" --strip-components 1
for file in LICENSE-MIT LICENSE-APACHE THIRD-PARTY.txt README.md man/concbench-run.1 completions/_concbench reference/index.html; do
    [ -s "$folder/$file" ] || fail "the archive lacks $file"
done
for path in "$PWD" "${CARGO_HOME:-$HOME/.cargo}"; do
    if grep -qF -- "$path" "$folder/bin/concbench"; then fail "the binary holds the path $path"; fi
done
mkdir -p "$folder"/root/{proc,dev,tmp}
cp "$folder/bin/concbench" "$folder/root/"

inside() {
    # Mounts of a namespace of their own end with it.
    unshare --mount bash -euo pipefail -c '
        mount -t proc proc "$1/proc"
        mount --rbind /dev "$1/dev"
        exec env -i "$(command -v chroot)" "$1" /concbench "${@:2}"' inside "$folder/root" "$@"
}
inside --version | tee "$folder/version"
grep -q "$host, release)" "$folder/version" || fail "it does not say that it is a release for $host"
inside doctor
inside run --quick --blocks 2 --quiet --label bare --out /tmp/runs 'count/|sleep/(smol|process-pool)|http/tokio'
report=$(echo "$folder"/root/tmp/runs/*-bare/index.html)
grep -q '</html>' "$report" || fail "no report"
echo "all as it should be: $(du -h "$archive" | cut -f1) packed, $(du -h "$folder/bin/concbench" | cut -f1) alone"
