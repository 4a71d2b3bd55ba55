"""What CPython's standard library needs for the same batches: prints seconds as one JSON object."""

import concurrent.futures
import json
import multiprocessing
import statistics
import sys
import threading
import time

WORKERS = 2
SLEEPERS = 100
NAP = 0.1


def noop(index):
    return index


def nap(_index):
    time.sleep(NAP)


def seconds(run, rounds):
    run()
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return statistics.median_low(times)


def per_task(run, tasks, rounds=3):
    return seconds(lambda: run(range(tasks)), rounds) / tasks


def check(returned, tasks):
    total = sum(returned)
    assert total == sum(tasks), (total, len(tasks))


def processes(method):
    context = multiprocessing.get_context(method)

    def run():
        started = [context.Process(target=nap, args=(index,)) for index in range(SLEEPERS)]
        for process in started:
            process.start()
        for process in started:
            process.join()
            assert process.exitcode == 0, process.exitcode

    return run


def threads():
    started = [threading.Thread(target=nap, args=(index,)) for index in range(SLEEPERS)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()


def start_pool():
    with multiprocessing.Pool(WORKERS) as pool:
        check(pool.map(noop, range(WORKERS)), range(WORKERS))


def main():
    figures = {}

    def note(name, measure):
        print(f"python: {name}", file=sys.stderr)
        figures[name] = measure()

    # Processes before threads: forking from a process with threads is not safe.
    for method, rounds in (("fork", 5), ("forkserver", 2), ("spawn", 1)):
        note(f"{SLEEPERS} processes, {method}", lambda: seconds(processes(method), rounds))
    note("start a pool", lambda: seconds(start_pool, 5))
    # One task a message, 256, and what each library takes by itself: 1 for the executor, a quarter of a worker's share for
    # the pool.
    with concurrent.futures.ProcessPoolExecutor(WORKERS) as pool:
        for name, options, tasks in [("1", {"chunksize": 1}, 10_000), ("256", {"chunksize": 256}, 100_000), ("default", {}, 10_000)]:
            note(f"ProcessPoolExecutor.map, {name}", lambda: per_task(lambda tasks: check(pool.map(noop, tasks, **options), tasks), tasks))
    with multiprocessing.Pool(WORKERS) as pool:
        for name, options, tasks in [("1", {"chunksize": 1}, 20_000), ("256", {"chunksize": 256}, 100_000), ("default", {}, 100_000)]:
            note(f"Pool.map, {name}", lambda: per_task(lambda tasks: check(pool.map(noop, tasks, **options), tasks), tasks))
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        note("ThreadPoolExecutor.map", lambda: per_task(lambda tasks: check(pool.map(noop, tasks), tasks), 20_000))
    note(f"{SLEEPERS} threads", lambda: seconds(threads, 5))
    json.dump(figures, sys.stdout)


if __name__ == "__main__":
    main()
