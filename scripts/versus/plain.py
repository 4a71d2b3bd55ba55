#!/usr/bin/env python3
"""Times pools at the same work as the experiment `languages`, by time.perf_counter alone: nothing here is shared with it.

    scripts/versus/plain.py                               the time of a warm batch of each, in milliseconds
    scripts/versus/plain.py target/release/concbench      beside those of concbench, with how far they are apart

Both take turns, so that what else the machine does meets both alike. In a turn either side starts each pool anew and times its
warm batches; how far they are apart is the median of the ratios of all turns, with an interval that holds it with 95 %. Both
should agree within 10 %. How much longer the script's median is than its fastest batch says how calm the machine is.
"""

import collections
import concurrent.futures
import contextlib
import itertools
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

# How often either side has its turn, and how many warm batches the script times in one.
TURNS = 30
WARM = 2
# The order statistics between which the median of so many lies with 95 % (binomial, 30 values: the 10th and the 21st).
LOW = 9


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
    """The same of a run of concbench, of one block."""
    with tempfile.TemporaryDirectory() as folder:
        cells = "^(" + "|".join(names) + ")$"
        run = [program, "run", "--only", "languages", "--external", "python", "--blocks", "1", "--quiet", "--format", "json"]
        run += ["--out", folder, cells]
        done = subprocess.run(run, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        record = json.loads(done.stdout)
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
    for _ in range(TURNS):
        for name, start in batches.items():
            own[name].append(timed(start()))
        if len(sys.argv) > 1:
            for name, times in of_concbench(sys.argv[1], batches).items():
                theirs[name].append(times)
    far = 0
    for name, turns in own.items():
        median = statistics.median(itertools.chain(*turns))
        calm = 100 * (median / min(itertools.chain(*turns)) - 1)
        line = f"{name:42} {1e3 * median:8.3f} ms, {calm:3.0f} % over the fastest"
        if name in theirs:
            ratios = sorted(statistics.median(their) / statistics.median(our) for our, their in zip(turns, theirs[name]))
            ratio = statistics.median(ratios)
            low, high = ratios[LOW], ratios[-1 - LOW]
            line += f"; concbench {100 * (ratio - 1):+5.1f} % [{100 * (low - 1):+.1f}, {100 * (high - 1):+.1f}]"
            far += not 0.9 <= ratio <= 1.1
        print(line)
    sys.exit(f"{far} are more than 10 % apart" if far else 0)


if __name__ == "__main__":
    main()
