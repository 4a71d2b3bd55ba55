"""Lays what `channels.sh` has gathered beside each other: a line for each thing, medians over the rounds, in nanoseconds."""

import glob
import json
import os
import statistics
import sys


def records(folder):
    for path in sorted(glob.glob(os.path.join(folder, "*", "*", "results.json"))):
        if not os.path.islink(os.path.dirname(path)):
            with open(path, encoding="utf-8") as file:
                yield json.load(file)


def ours(folder):
    found = {}
    for record in records(folder):
        for cell in record["experiments"]["messaging"]["cells"]:
            factors, summary = cell["factors"], cell.get("summary", {})
            for response in ("message_ns", "round_trip_p50_ns"):
                if response in summary:
                    key = (factors["channel"], factors["cores"], response)
                    found.setdefault(key, []).append(summary[response]["median"])
    return {key: statistics.median(values) for key, values in found.items()}


def theirs(folder):
    found = {}
    for path in glob.glob(os.path.join(folder, "python-*")):
        cores = os.path.basename(path).split("-")[1]
        with open(path, encoding="utf-8") as file:
            for name, value in json.load(file).items():
                found.setdefault((name, cores), []).append(value)
    for path in glob.glob(os.path.join(folder, "perf-*")):
        cores = os.path.basename(path).split("-")[1]
        with open(path, encoding="utf-8") as file:
            text = file.read().strip()
        if text:
            # Seconds for a hundred thousand rounds.
            found.setdefault(("perf bench sched pipe", cores), []).append(float(text.split()[-1]) * 1e9 / 100_000)
    return {key: statistics.median(values) for key, values in found.items()}


LINES = [
    ("8 bytes there and back over two pipes", "pipe", "round_trip_p50_ns", "perf bench sched pipe"),
    ("8 bytes there and back over two pipes", "pipe", "round_trip_p50_ns", "os.pipe, round trip"),
    ("a message over a pipe", "pipe", "message_ns", "os.pipe"),
    ("a message over a pipe, pickled there", "pipe", "message_ns", "Pipe"),
    ("a message over a queue; theirs is a pipe, a lock and a thread", "pipe", "message_ns", "Queue"),
    ("a message over a queue; theirs is a pipe and locks", "pipe", "message_ns", "SimpleQueue"),
    ("a message through a manager", "manager", "message_ns", "Manager().Queue"),
]


def main(folder):
    mine, others = ours(folder), theirs(folder)
    print("| what | cores | here | against | ns here | ns there | here over there |")
    print("| --- | --- | --- | --- | ---: | ---: | ---: |")
    for what, channel, response, other in LINES:
        for cores in ("one", "two"):
            own, their = mine.get((channel, cores, response)), others.get((other, cores))
            if own is not None and their is not None:
                print(f"| {what} | {cores} | {channel} | {other} | {own:.0f} | {their:.0f} | {own / their:.2f} |")


if __name__ == "__main__":
    main(sys.argv[1])
