#!/usr/bin/env python3
"""Times a pool at the same work as the experiment `languages`, by time.perf_counter alone: nothing here is shared with it.

    scripts/versus/plain.py                        the time of a warm batch of each, in milliseconds
    scripts/versus/plain.py reports/latest         beside those of a run, with how far they are apart

A run on a quiet machine and this script right after it should agree within 10 %.
"""

import concurrent.futures
import json
import multiprocessing
import os
import statistics
import sys
import threading
import time


def count(start, n=100_000):
    folded = start
    for number in range(1, n + 1):
        folded = ((folded << 5 | folded >> 59) & 0xFFFFFFFFFFFFFFFF) ^ number
    return folded


def multiply(index, n=8_000):
    product = index | 1 << 63
    for factor in range(2, n + 1):
        product *= factor
    return product.bit_length()


def wait(_):
    time.sleep(0.005)


def pool_map(pool, task, tasks):
    return lambda: pool.map(task, range(tasks), chunksize=1)


def executor_map(pool, task, tasks):
    return lambda: list(pool.map(task, range(tasks)))


def by_threads(task, tasks):
    def batch():
        threads = [threading.Thread(target=task, args=(index,)) for index in range(tasks)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return batch


def in_turn(task, tasks):
    return lambda: [task(index) for index in range(tasks)]


def timed(batch, seconds=2.0):
    """The median of warm batches, in milliseconds."""
    batch()
    times, until = [], time.perf_counter() + seconds
    while len(times) < 5 or time.perf_counter() < until:
        begun = time.perf_counter()
        batch()
        times.append(time.perf_counter() - begun)
    return 1e3 * statistics.median(times)


def main():
    cores = len(os.sched_getaffinity(0))
    with multiprocessing.Pool(cores) as pool, concurrent.futures.ThreadPoolExecutor(10) as waiting:
        batches = {
            "languages/count/python/sequential@1": in_turn(count, 10),
            f"languages/count/python/pool-map-1@{cores}": pool_map(pool, count, 10),
            "languages/count/python/threads@10": by_threads(count, 10),
            "languages/factorial/python/sequential@1": in_turn(multiply, 12),
            f"languages/factorial/python/pool-map-1@{cores}": pool_map(pool, multiply, 12),
            "languages/sleep/python/thread-pool@10": executor_map(waiting, wait, 100),
        }
        found = {name: timed(batch) for name, batch in batches.items()}
    run = {}
    if len(sys.argv) > 1:
        with open(os.path.join(sys.argv[1], "results.json"), encoding="utf-8") as file:
            cells = json.load(file)["experiments"]["languages"]["cells"]
        run = {cell["id"]: cell["summary"]["steady_ns"]["median"] / 1e6 for cell in cells if cell.get("summary")}
    far = 0
    for name, own in found.items():
        other = run.get(name)
        beside = "" if other is None else f"  concbench {other:9.3f} ms  {100 * (other / own - 1):+6.1f} %"
        far += other is not None and not 0.9 <= other / own <= 1.1
        print(f"{name:48} {own:9.3f} ms{beside}")
    sys.exit(f"{far} are more than 10 % apart" if far else 0)


if __name__ == "__main__":
    main()
