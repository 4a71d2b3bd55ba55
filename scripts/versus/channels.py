"""What CPython's multiprocessing takes to hand over a number: prints nanoseconds as one JSON object.

The argument says whether both sides share a core (`one`) or have one each (`two`), as in our cells. Nearest to a loop
without a library are the lines of `os.pipe`: `os.read` and `os.write` and nothing else.
"""

import json
import multiprocessing
import os
import sys
import time

CORES = sorted(os.sched_getaffinity(0))[: {"one": 1, "two": 2}[sys.argv[1]]]

MESSAGES = 20_000
ROUNDS = 5_000


def produces():
    """Binds the process that sends."""
    os.sched_setaffinity(0, {CORES[0]})


def consumes():
    """Binds the process that receives."""
    os.sched_setaffinity(0, {CORES[-1]})


def timed(produce, consume):
    """Nanoseconds a message, from one process to another."""
    context = multiprocessing.get_context("fork")
    consumes()
    started = time.perf_counter_ns()
    producer = context.Process(target=produce)
    producer.start()
    total = consume()
    took = time.perf_counter_ns() - started
    producer.join()
    assert producer.exitcode == 0, producer.exitcode
    assert total == MESSAGES * (MESSAGES - 1) // 2, total
    return took / MESSAGES


def queue(make):
    shared = make()

    def produce():
        produces()
        for number in range(MESSAGES):
            shared.put(number)

    def consume():
        return sum(shared.get() for _ in range(MESSAGES))

    return timed(produce, consume)


def pipe():
    receive, send = multiprocessing.Pipe(duplex=False)

    def produce():
        produces()
        for number in range(MESSAGES):
            send.send(number)

    def consume():
        return sum(receive.recv() for _ in range(MESSAGES))

    return timed(produce, consume)


def raw_pipe():
    receive, send = os.pipe()

    def produce():
        produces()
        for number in range(MESSAGES):
            os.write(send, number.to_bytes(8, "little"))

    def consume():
        return sum(int.from_bytes(os.read(receive, 8), "little") for _ in range(MESSAGES))

    return timed(produce, consume)


def echo(receive, send):
    while message := os.read(receive, 8):
        os.write(send, message)


def raw_round_trip():
    """Nanoseconds for 8 bytes there and back over two pipes: the median of all."""
    (there, ours), (theirs, back) = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        consumes()
        os.close(ours)
        os.close(theirs)
        echo(there, back)
        os._exit(0)
    os.close(there)
    os.close(back)
    produces()
    took = []
    for number in range(ROUNDS):
        message = number.to_bytes(8, "little")
        started = time.perf_counter_ns()
        os.write(ours, message)
        answer = os.read(theirs, 8)
        took.append(time.perf_counter_ns() - started)
        assert answer == message, (answer, message)
    os.close(ours)
    os.waitpid(pid, 0)
    return sorted(took)[ROUNDS // 2]


def main():
    os.sched_setaffinity(0, set(CORES))
    with multiprocessing.Manager() as manager:
        managed = queue(manager.Queue)
    print(
        json.dumps(
            {
                "Queue": queue(multiprocessing.Queue),
                "SimpleQueue": queue(multiprocessing.SimpleQueue),
                "Pipe": pipe(),
                "Manager().Queue": managed,
                "os.pipe": raw_pipe(),
                "os.pipe, round trip": raw_round_trip(),
            }
        )
    )


if __name__ == "__main__":
    main()
