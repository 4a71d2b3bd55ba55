#!/usr/bin/env bash
# Injects every fault, one after the other, and writes docs/FAULTS.md. Where it may, it does so in namespaces of its own,
# so that afterwards nothing can hide: no process, no listener, no file in /dev/shm or /tmp that was not there before.
set -euo pipefail
cd "$(dirname "$0")/.."

here=$PWD
binary=$(cargo test --workspace --test faults --no-run 2>&1 | sed -n 's/.*(\(target.*\)).*/\1/p' | tail -1)
[ -x "$binary" ]

# What is there beside this script: processes, listeners, files.
inventory() {
    find /proc -maxdepth 1 -regex '/proc/[0-9]+' -printf 'process %f\n' 2>/dev/null | grep -v -w -e "$$" -e "$BASHPID" || true
    awk '$4 == "0A" { print "listener " $2 }' /proc/net/tcp /proc/net/tcp6
    awk '$6 == "01" && $4 ~ /10000$/ { print "socket " $8 }' /proc/net/unix
    find /dev/shm /tmp -mindepth 1 -not -path "$here*" -printf 'file %p\n' 2>/dev/null | grep -v -F -x -f <(parents) || true
}
# The folders above this one, which are not new.
parents() {
    local folder=$here
    while [ "$folder" != / ]; do
        echo "file $folder"
        folder=$(dirname "$folder")
    done
}
export -f inventory parents
export here binary

run() {
    local before after
    before=$(inventory | sed '/^process/d' | sort)
    local status=0
    FAULTS_TABLE=docs/FAULTS.md "$binary" || status=$?
    after=$(inventory | sed '/^process/d' | sort)
    if ! diff <(echo "$before") <(echo "$after"); then
        echo "something is left"
        exit 1
    fi
    if [ "${1:-}" = alone ] && [ "$(find /proc -maxdepth 1 -regex '/proc/[0-9]+' | wc -l)" -gt 4 ]; then
        ps ax
        echo "a process is left"
        exit 1
    fi
    [ "$status" -ne 0 ] || cat >>docs/FAULTS.md <<'TEXT'

After the last of them there was no listener, no socket, and no file in `/dev/shm` or `/tmp` that had not been there before
the first; and, where they run in namespaces of their own, no process.
TEXT
    exit "$status"
}
export -f run

if unshare --mount --net --ipc --pid --fork --mount-proc true 2>/dev/null; then
    unshare --mount --net --ipc --pid --fork --mount-proc bash -euo pipefail -c '
        ip link set lo up
        # A /tmp of its own, with this folder in it where that is where it lies.
        mount -t tmpfs none /dev/shm
        case $here in /tmp/*)
            mkdir /dev/shm/here
            mount --bind "$here" /dev/shm/here
            mount -t tmpfs none /tmp
            mkdir -p "$here"
            mount --bind /dev/shm/here "$here"
            umount /dev/shm/here
            rmdir /dev/shm/here
            cd "$here" ;;
        *) mount -t tmpfs none /tmp ;;
        esac
        run alone'
else
    echo "no namespaces here: what others leave in /tmp meanwhile is taken for ours"
    run
fi
