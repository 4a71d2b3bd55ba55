"""Lays what `crates.sh` has gathered beside each other: a line for each thing, medians over the rounds, in nanoseconds."""

import glob
import os
import re
import statistics
import sys

from table import records

# How many messages one iteration of crossbeam's benchmark hands over.
STEPS = 40_000


def ours(folder, experiment, cell, response):
    found = []
    for record in records(folder):
        cells = record["experiments"][experiment]["cells"]
        found += [one["summary"][response]["median"] for one in cells if one["id"] == cell]
    return statistics.median(found)


def theirs(folder, files, pattern, to_ns):
    found = []
    for path in glob.glob(os.path.join(folder, files)):
        with open(path, encoding="utf-8") as file:
            found.append(to_ns(float(re.search(pattern, file.read())[1].replace(",", ""))))
    return statistics.median(found)


def main(folder):
    lines = [
        (
            "a message over an unbounded channel of crossbeam",
            ours(folder, "messaging", "messaging/crossbeam/8/1-to-1/unbounded@two", "message_ns"),
            "its `unbounded::spsc`",
            theirs(folder, "crossbeam-*", r"spsc +\.\.\. bench: +([\d,.]+) ns", lambda ns: ns / STEPS),
        ),
        (
            "a lock of parking_lot that nobody else wants",
            ours(folder, "sharing", "sharing/thread-lock/thread-spawn@1", "acquire_ns"),
            "its `mutex 1 0 0`",
            theirs(folder, "mutex-*", r"parking_lot::Mutex +\| +([\d.]+) kHz", lambda khz: 1e6 / khz),
        ),
    ]
    print("| what | ns here | against | ns there | here over there |")
    print("| --- | ---: | --- | ---: | ---: |")
    for what, own, against, other in lines:
        print(f"| {what} | {own:.1f} | {against} | {other:.1f} | {own / other:.2f} |")


if __name__ == "__main__":
    main(sys.argv[1])
