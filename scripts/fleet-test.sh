#!/usr/bin/env bash
# The fleet on this machine: ReFrame's `local`, `ssh` to an sshd of its own, and `squeue` to a Slurm of its own, with a
# controller and four nodes. One node measures, one is too noisy at first, one has cells that fail, one dies. As root, on
# Debian and its kin. Everything that it starts ends with it.
#
#     fleet-test.sh [here]     `here`: ReFrame's `local` alone, as anybody
#
# CONCBENCH names the program, a debug build by default. With KEEP=1 its folder stays.
set -euo pipefail
cd "$(dirname "$0")/.."

here=$PWD
binary=${CONCBENCH:-$here/target/debug/concbench}
[ -x "$binary" ] || cargo build
folder=$(mktemp -d)
started=()
end() {
    # Jobs before their nodes.
    [ "${SLURM_CONF:-}" != "$folder/slurm.conf" ] || timeout 10 scancel --quiet --user="$(id -un)" 2>/dev/null || true
    # Nodes before their controller, that before what tells who is who.
    for ((number = ${#started[@]} - 1; number >= 0; number--)); do
        kill "${started[number]}" 2>/dev/null || continue
        for _ in $(seq 100); do kill -0 "${started[number]}" 2>/dev/null || break; sleep 0.1; done
        kill -9 "${started[number]}" 2>/dev/null || true
    done
    if [ -n "${KEEP:-}" ]; then echo "kept: $folder"; else rm -rf "$folder"; fi
}
trap end EXIT
step() { printf '\n== %s\n' "$1"; }
fail() { echo "fleet-test: $1" >&2; exit 1; }
# Starts a daemon in the foreground of its own, with what it says in a file, and remembers it.
daemon() {
    local name=$1
    shift
    "$@" >"$folder/$name.log" 2>&1 &
    started+=($!)
    echo $! >"$folder/$name.pid"
}
# Waits until a command succeeds.
await() {
    local what=$1
    shift
    for _ in $(seq 300); do if "$@" >/dev/null 2>&1; then return; fi; sleep 0.1; done
    fail "$what did not come up: $(tail -n 3 "$folder"/*.log)"
}
says() { grep -q -- "$2" "$1" || { cat "$1"; fail "it does not say: $2"; }; }
silent() { if grep -q -- "$2" "$1"; then cat "$1"; fail "it says: $2"; fi; }

step "what it needs: ReFrame"
reframe=$(fleet/setup.sh)

# A program that measures little, and on each node what the node is there to show. The doctor would find a machine unfit that
# runs a test suite, so it is answered for, too.
cat >"$folder/lost.toml" <<'TOML'
[[workload]]
name = "lost"
task = { kernel = "http", requests = 1, target = "127.0.0.1:9" }
tasks = 2
teaches = "What a target that nobody serves does to a run."
why-this-size = "One is enough, two are a batch."
models = ["sequential"]
pool-workers = ["cores"]
TOML
cat >"$folder/concbench" <<SH
#!/usr/bin/env bash
case "\${SLURMD_NODENAME:-} \$1" in
"n2 doctor")
    if mkdir "$folder/was-noisy" 2>/dev/null; then echo "load 9.0: too noisy"; exit 75; fi ;;
"n3 run") exec "$binary" "\$@" --definition "$folder/lost.toml" --definition "$folder/count.toml" ;;
"n4 run")
    step=\$\$
    until grep -q slurmstepd /proc/\$step/comm; do step=\$(awk '{ print \$4 }' /proc/\$step/stat); done
    kill -9 "\$(cat "$folder/n4.pid")" "\$step"
    kill -9 0 ;;
esac
if [ "\$1" = doctor ]; then echo "fit, says the test"; exit 0; fi
exec "$binary" "\$@"
SH
cp workloads/definitions/count.toml "$folder"
chmod +x "$folder/concbench"
measure() {
    local system=$1
    shift
    "$reframe" -C fleet/settings.py -c fleet/check.py --system="$system" --prefix "$folder/run-$system" \
        --report-file "$folder/$system.json" --nocolor -S program="$folder/concbench" \
        -S arguments="--quick --blocks 2 --only matrix '^(lost|count/(sequential|rayon))'" "$@" -r
}
merge() { CONCBENCH=$binary fleet/merge.py "$folder/$1.json" --anyway --out "$folder/$1.html" "${@:2}"; }

step "this machine"
measure here -S label=here | tee "$folder/here.txt"
says "$folder/here.txt" "count/rayon@[0-9]*: [0-9.]* ns"
"$binary" report "$folder/run-here/output/here/local/plain/concbench/results.json" --out "$folder/page" >/dev/null
[ -s "$folder/page/index.html" ] || fail "no page"
if [ "${1:-}" = here ]; then exit 0; fi

step "what else it needs: Slurm, munge, an SSH server"
missing=""
command -v slurmctld >/dev/null || missing="$missing slurm-wlm"
command -v munged >/dev/null || missing="$missing munge"
[ -x /usr/sbin/sshd ] || missing="$missing openssh-server"
command -v rsync >/dev/null || missing="$missing rsync"
if [ -n "$missing" ]; then
    apt-get update -qq
    # Nothing of it is to be started by its package: the test has daemons of its own.
    DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

step "two machines by ssh"
ssh-keygen -q -t ed25519 -N '' -f "$folder/host"
ssh-keygen -q -t ed25519 -N '' -f "$folder/user"
mkdir -p /run/sshd
chmod 755 "$folder"
cat >"$folder/sshd" <<CONF
Port 22022
ListenAddress 127.0.0.1
HostKey $folder/host
AuthorizedKeysFile $folder/user.pub
PidFile none
UsePAM no
StrictModes no
PermitRootLogin yes
SetEnv TMPDIR=$folder
CONF
cat >"$folder/ssh" <<CONF
Host *
    HostName 127.0.0.1
    Port 22022
    IdentityFile $folder/user
    UserKnownHostsFile $folder/known
    StrictHostKeyChecking accept-new
CONF
daemon sshd /usr/sbin/sshd -D -e -f "$folder/sshd"
await sshd ssh -F "$folder/ssh" alpha true
FLEET_SSH="alpha beta" FLEET_SSH_OPTIONS="-F $folder/ssh" measure ssh
merge ssh >"$folder/ssh.txt" 2>&1
says "$folder/ssh.txt" "2 of 2 machines came back"
says "$folder/ssh.txt" "beta"

step "four nodes of a Slurm"
mkdir -m 755 "$folder/munge"
mkdir "$folder/state"
(umask 077 && head -c 1024 /dev/urandom >"$folder/munge/key")
daemon munged munged --foreground --force --socket="$folder/munge/socket" --key-file="$folder/munge/key" \
    --pid-file="$folder/munge/pid" --log-file="$folder/munge/log" --seed-file="$folder/munge/seed"
host=$(hostname)
cat >"$folder/slurm.conf" <<CONF
ClusterName=fleet
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=27817
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool-%n
SlurmctldPidFile=$folder/state/pid
SlurmdPidFile=$folder/state/%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
# A node that has died is given up soon.
SlurmdTimeout=10
KillWait=5
MpiDefault=none
NodeName=n[1-4] NodeHostname=$host NodeAddr=127.0.0.1 Port=[27821-27824] CPUs=$(nproc) RealMemory=500
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF=$folder/slurm.conf
await munged test -S "$folder/munge/socket"
daemon slurmctld slurmctld -D
for node in n1 n2 n3 n4; do
    mkdir "$folder/spool-$node"
    daemon "$node" slurmd -D -N "$node"
done
idle() { [ "$(sinfo -h -t idle -o %D)" = 4 ]; }
await "the nodes" idle

# Ends with 1: a machine is missing.
measure slurm --distribute --max-retries=1 -S label='rack-{node}' | tee "$folder/slurm.txt" && fail "a node died, and all is well"
code=0
merge slurm >"$folder/merged.txt" 2>&1 || code=$?
cat "$folder/merged.txt"
[ "$code" -eq 1 ] || fail "a machine is missing, and the merge ends with $code"
says "$folder/merged.txt" "n2: measured at try 2: .*too noisy to measure, worth another try: load 9.0: too noisy"
says "$folder/merged.txt" "n4: .*nothing came back"
says "$folder/merged.txt" "n3: some cells failed, the others are compared"
says "$folder/merged.txt" "3 of 4 machines came back"
for node in n1 n2 n3; do says "$folder/slurm.html" "rack-$node"; done
silent "$folder/slurm.html" "rack-n4"

step "all as it should be"
