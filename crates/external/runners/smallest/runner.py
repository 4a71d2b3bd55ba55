#!/usr/bin/env python3
"""The smallest runner: one model, two kernels. docs/PROTOCOL.md says what it answers."""

import sys
import time


def say(line):
    print(line, flush=True)


def batch(order):
    begun = time.perf_counter_ns()
    digest = 0
    for index in range(int(order["tasks"])):
        if order["kernel"] == "sleep":
            time.sleep(int(order["wait_us"]) / 1e6)
        # The value of a task of these two kernels is its number.
        digest += index ^ index * 0x9E3779B97F4A7C15 % 2**64
    wall = time.perf_counter_ns() - begun
    say(f"batch {wall} {order['tasks']} {order['tasks']} {digest % 2**64:016x}")


def observe():
    # Until `go`, which has no value.
    order = dict(line.split() for line in iter(sys.stdin.readline, "go\n"))
    if order["model"] != "loop":
        return say("unsupported there is no such model")
    say("ready")
    # It never gets warm: after the fewest batches it may end once the time is over.
    until, done = time.monotonic() + int(order["warm_ms"]) / 1e3, 0
    while done < int(order["batches"]) or (time.monotonic() < until and done < int(order["most"])):
        batch(order)
        done += 1
    say("end")
    for line in sys.stdin:
        if line == "again\n":
            batch(order)
            say("end")


for line in sys.stdin:
    if line == "describe\n":
        say(
            '{"protocol": 1, "language": "Python", "implementation": "the smallest runner", "version": "1", "jit": false,'
            ' "global_lock": {"held": null, "how": "it has no threads"}, "models": {"loop": null}}'
        )
    elif line == "observe\n":
        observe()
