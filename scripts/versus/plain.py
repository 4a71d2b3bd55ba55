#!/usr/bin/env python3
"""Times pools at the same work as the experiment `languages`, by time.perf_counter alone: nothing here is shared with it.

    scripts/versus/plain.py                               the time of a warm batch of each, in milliseconds
    scripts/versus/plain.py target/release/concbench      beside those of runs in between, with how far they are apart

Of either side the fastest of all warm batches counts: what else a machine does only adds to a time. On a machine that does
nothing else both should agree within 10 %. How much longer the script's own median is says whether this is one.
"""

import collections
import concurrent.futures
import contextlib
import json
import multiprocessing
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time

# How often either side has its turn, how often everything is started in a turn of the script's own, and how many warm
# batches follow: about as many as in a run of concbench, since the fastest of more is faster.
TURNS = 10
STARTS = 4
WARM = 2


def count(start, n=100_000):
    folded = start
    for number in range(1, n + 1):
        folded = ((folded << 5 | folded >> 59) & 0xFFFFFFFFFFFFFFFF) ^ number
    return folded


def multiply(index, n=8_000):
    product = index | 1 << 63
    for factor in range(2, n + 1):
        product *= factor
    mixed = 0
    for (digit,) in struct.iter_unpack("<Q", product.to_bytes(-(-product.bit_length() // 64) * 8, "little")):
        mixed = (mixed ^ digit) * 1099511628211 % 2**64
    return mixed


def wait(_):
    time.sleep(0.005)


@contextlib.contextmanager
def pool_map(workers, task, tasks):
    with multiprocessing.Pool(workers) as pool:
        yield lambda: pool.map(task, range(tasks), chunksize=1)


@contextlib.contextmanager
def executor_map(workers, task, tasks):
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        yield lambda: list(pool.map(task, range(tasks)))


@contextlib.contextmanager
def by_threads(task, tasks):
    def batch():
        threads = [threading.Thread(target=task, args=(index,)) for index in range(tasks)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    yield batch


@contextlib.contextmanager
def in_turn(task, tasks):
    yield lambda: [task(index) for index in range(tasks)]


def timed(started):
    """The times of warm batches, in seconds: of a pool that has just been started, as in an observation of concbench."""
    times = []
    with started as batch:
        batch()
        for _ in range(WARM):
            begun = time.perf_counter()
            batch()
            times.append(time.perf_counter() - begun)
    return times


def of_concbench(program, names):
    """The same of a run of concbench."""
    with tempfile.TemporaryDirectory() as folder:
        cells = "^(" + "|".join(names) + ")$"
        run = [program, "run", "--only", "languages", "--external", "python", "--quiet", "--format", "json", "--out", folder, cells]
        record = json.loads(subprocess.run(run, check=True, stdout=subprocess.PIPE).stdout)
    cells = record["experiments"]["languages"]["cells"]
    return {
        cell["id"]: [ns / 1e9 for made in cell["observations"] for ns in made["responses"]["warm_ns"]]
        for cell in cells
        if cell["id"] in names
    }


def main():
    cores = len(os.sched_getaffinity(0))
    own, theirs = collections.defaultdict(list), collections.defaultdict(list)
    batches = {
        "languages/count/python/sequential@1": lambda: in_turn(count, 10),
        f"languages/count/python/pool-map-1@{cores}": lambda: pool_map(cores, count, 10),
        "languages/count/python/threads@10": lambda: by_threads(count, 10),
        "languages/factorial/python/sequential@1": lambda: in_turn(multiply, 12),
        f"languages/factorial/python/pool-map-1@{cores}": lambda: pool_map(cores, multiply, 12),
        "languages/sleep/python/thread-pool@10": lambda: executor_map(10, wait, 100),
    }
    # In turn, so that a machine that grows slower does so for both.
    for _ in range(TURNS):
        for _ in range(STARTS):
            for name, start in batches.items():
                own[name] += timed(start())
        if len(sys.argv) > 1:
            for name, times in of_concbench(sys.argv[1], batches).items():
                theirs[name] += times
    far = 0
    for name, times in own.items():
        least = min(times)
        line = f"{name:42} {1e3 * least:8.3f} ms, median {100 * (statistics.median(times) / least - 1):3.0f} % more"
        if name in theirs:
            ratio = min(theirs[name]) / least
            line += f"; concbench {1e3 * min(theirs[name]):8.3f} ms, {100 * (ratio - 1):+5.1f} %"
            far += not 0.9 <= ratio <= 1.1
        print(line)
    sys.exit(f"{far} are more than 10 % apart" if far else 0)


if __name__ == "__main__":
    main()
