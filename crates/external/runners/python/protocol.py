"""Measures constructs of Python as concbench orders: version 1 of its protocol for external runners."""

import json
import platform
import sys
import sysconfig
import time

import kernels
import models

NUMBERS = {
    "tasks", "workers", "batches", "warm_ms", "most", "n", "wait_us", "requests", "delay_us", "body_bytes", "port",
}  # fmt: skip


def say(line):
    # Flushed at once: a child process that is forked later must not have the line in its buffer, too.
    print(line, flush=True)


def global_lock():
    """Whether threads take turns at running Python, and how that was found out."""
    if hasattr(sys, "_is_gil_enabled"):
        return {"held": sys._is_gil_enabled(), "how": "sys._is_gil_enabled() says so"}
    if platform.python_implementation() == "CPython":
        return {"held": True, "how": "sys has no _is_gil_enabled, as in every CPython before 3.13, all of which hold it"}
    return {"held": None, "how": "this implementation does not say"}


def describe():
    jit = getattr(sys, "_jit", None)
    say(
        json.dumps(
            {
                "protocol": 1,
                "language": "Python",
                "implementation": platform.python_implementation(),
                "version": platform.python_version(),
                # A shim may stand before it in the search path: what is measured is the interpreter.
                "executable": sys.executable,
                "global_lock": global_lock(),
                "jit": platform.python_implementation() == "PyPy" or bool(jit and jit.is_enabled()),
                "remark": "free-threaded build" if sysconfig.get_config_var("Py_GIL_DISABLED") else None,
                "models": {model: models.missing(model) for model in models.MODELS},
            }
        )
    )


def read_order():
    order = {}
    for line in sys.stdin:
        key, _, value = line.rstrip("\n").partition(" ")
        if key == "go":
            return order
        order[key] = int(value) if key in NUMBERS else value
    raise EOFError("the order did not end")


def digest(values):
    total = 0
    for index, value in enumerate(values):
        if value is not None:
            total += value ^ (index * kernels.GOLDEN & kernels.MASK)
    return total & kernels.MASK


def measure(model, order):
    begun = time.perf_counter_ns()
    values = model.batch()
    folded = digest(values)
    wall = time.perf_counter_ns() - begun
    done = sum(value is not None for value in values)
    say(f"batch {wall} {order['tasks']} {done} {folded:016x}")


def observe():
    order = read_order()
    reason = models.missing(order["model"])
    if reason:
        return say(f"unsupported {reason}")
    model = models.MODELS[order["model"]](order)
    try:
        say("ready")
        warm_until = time.monotonic_ns() + order["warm_ms"] * 1_000_000
        batches = 0
        while batches < order["batches"] or (time.monotonic_ns() < warm_until and batches < order["most"]):
            measure(model, order)
            batches += 1
        say("end")
        for line in sys.stdin:
            if line.strip() == "again":
                measure(model, order)
                say("end")
    finally:
        model.close()


def main():
    try:
        serve()
    except Exception as error:
        message = " ".join(f"{type(error).__name__}: {error}".split())
        say(f"failed {message}")
        raise


def serve():
    for line in sys.stdin:
        if line.strip() == "describe":
            describe()
        elif line.strip() == "observe":
            observe()
