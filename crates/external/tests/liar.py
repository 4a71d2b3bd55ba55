"""A runner that does one thing wrong: the one that its argument names. It runs `noop`, with a wait in each batch."""

import os
import signal
import subprocess
import sys
import time

does = sys.argv[1]


def say(line):
    print(line, flush=True)


def die():
    if does.endswith("-kill"):
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(7 if does.endswith("-seven") else 0)


def silent():
    time.sleep(100)


def leave(**how):
    nothing = subprocess.DEVNULL
    subprocess.Popen(["sleep", "100"], stdin=nothing, stdout=nothing, stderr=nothing, **how)


def folded(tasks):
    return sum(index ^ index * 0x9E3779B97F4A7C15 % 2**64 for index in range(tasks)) % 2**64


def batch(number, tasks):
    begun = time.perf_counter_ns()
    time.sleep(0.5 if does == "short" else 0.02)
    wall = time.perf_counter_ns() - begun
    if does == "half" or does == "half-silence":
        print("batch 2000", end="", flush=True)
        die() if does == "half" else silent()
    if does.startswith("die-batch"):
        die()
    created, completed, digest = tasks, tasks, folded(tasks)
    if does == "created":
        created += 1
    elif does == "completed":
        completed -= 1
    elif does == "digest" or (does == "digest-later" and number == 1):
        digest ^= 1
    elif does == "short":
        wall //= 2
    elif does == "long":
        wall += 10**12
    elif does == "huge":
        wall = 2**64 - 1
    elif does == "beyond":
        wall = 10**20
    say(f"batch {wall} {created} {completed} {digest:016x}")


def described():
    if does == "describe-rubbish":
        say('{"protocol": 1')
    elif does == "describe-unsupported":
        say("unsupported too old")
    elif does == "describe-die-seven":
        die()
    elif does == "rubbish":
        say("Traceback (most recent call last):")
    else:
        say(
            '{"protocol": 1, "language": "Lies", "implementation": "the liar", "version": "1", "jit": false,'
            ' "global_lock": {"held": null, "how": "nobody knows"}, "models": {"loop": null}}'
        )


def observed():
    order = dict(line.split() for line in iter(sys.stdin.readline, "go\n"))
    tasks, batches = int(order["tasks"]), int(order["batches"])
    if does == "silence":
        silent()
    elif does == "rubbish":
        say("Traceback (most recent call last):")
    elif does == "bytes":
        sys.stdout.buffer.write(b"\xff\xfe\n")
        sys.stdout.flush()
    elif does == "endless-line":
        while True:
            print("y" * 1000, end="", flush=True)
    elif does == "endless-lines":
        while True:
            say("y")
    elif does == "errors":
        sys.stderr.write("no room\n" * 20000)
        sys.stderr.flush()
        sys.exit(1)
    elif does == "unsupported":
        return say("unsupported the package is not there")
    elif does == "failed":
        return say("failed it has no room")
    elif does == "early-end":
        return say("end")
    elif does.startswith("die-start"):
        die()
    say("ready")
    if does.startswith("die-ready"):
        die()
    elif does == "ready-silence":
        silent()
    elif does == "twice":
        say("ready")
    elif does == "few":
        say("end")
    elif does == "endless-batches":
        while True:
            say(f"batch 1 {tasks} {tasks} {folded(tasks):016x}")
    elif does == "closed":
        os.close(1)
        silent()
    elif does == "child":
        leave()
    elif does == "daemon":
        leave(start_new_session=True)
    for number in range(batches):
        batch(number, tasks)
    if does == "die-end":
        die()
    say("end")
    if does == "end-silence":
        silent()
    for line in sys.stdin:
        if does == "again-die":
            die()
        elif does == "again-silence":
            silent()
        batch(batches, tasks)
        say("end")
    if does == "end-deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        silent()
    elif does == "end-rubbish":
        print("and more", end="", flush=True)
    elif does in ("end-seven", "end-kill"):
        die()


for line in sys.stdin:
    if line == "describe\n":
        described()
    elif line == "observe\n":
        observed()
