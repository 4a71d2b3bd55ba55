"""The tasks, each a function of its number.

A worker process imports this module and nothing else, so that starting one costs no more than it has to.
"""

import time

MASK = (1 << 64) - 1
# 2^64 over the golden ratio: what a digest turns the number of a task by.
GOLDEN = 0x9E3779B97F4A7C15


def rotated(value):
    """Turned left by five of its 64 bits."""
    return (value << 5 | value >> 59) & MASK


def count(start, n):
    """Counts to n, and folds every number on the way into start."""
    folded = start
    # Not by `rotated`: a call costs as much as a step.
    for number in range(1, n + 1):
        folded = ((folded << 5 | folded >> 59) & MASK) ^ number
    return folded


def factorial(index, n):
    """Multiplies 1 to n into an integer that starts as the number of the task, and folds its 64-bit digits."""
    product = index | 1 << 63
    for factor in range(2, n + 1):
        product *= factor
    folded = 0xCBF29CE484222325
    digits = product.to_bytes((product.bit_length() + 63) // 64 * 8, "little")
    for at in range(0, len(digits), 8):
        digit = int.from_bytes(digits[at : at + 8], "little")
        folded = (folded ^ digit) * 0x100000001B3 & MASK
    return folded


def body(seed, length):
    """The body that the target answers with."""
    mixed = (seed ^ seed >> 30) * 0xBF58476D1CE4E5B9 & MASK
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & MASK
    state = mixed ^ mixed >> 31 | 1
    parts = []
    for _ in range(0, length, 8):
        state ^= state << 13 & MASK
        state ^= state >> 7
        state ^= state << 17 & MASK
        parts.append(state.to_bytes(8, "little"))
    return b"".join(parts)[:length]


def seed_of(index, request):
    return index * GOLDEN & MASK ^ request


def path(order, seed):
    return f"/?seed={seed}&delay_us={order['delay_us']}&bytes={order['body_bytes']}"


def checked(received, seed, length):
    """What a right answer makes of its seed."""
    if received != body(seed, length):
        raise ValueError("http: the body is not the one that was asked for")
    folded = seed
    for byte in received:
        folded = rotated(folded) ^ byte
    return folded


def ask(order, index):
    """A client that asks several times over one connection."""
    # Here, since it takes as long as a fresh interpreter, and most tasks do not need it.
    import http.client

    connection = http.client.HTTPConnection(order["host"], order["port"])
    try:
        digest = index
        for request in range(order["requests"]):
            seed = seed_of(index, request)
            connection.request("GET", path(order, seed))
            response = connection.getresponse()
            received = response.read()
            if response.status != 200:
                raise ValueError(f"http: the server answered with status {response.status}")
            digest = (digest * 31 + checked(received, seed, order["body_bytes"])) & MASK
        return digest
    finally:
        connection.close()


def run(order, index):
    """Runs a task, and blocks its thread while the task waits."""
    kernel = order["kernel"]
    if kernel == "noop":
        return index
    if kernel == "count":
        return count(index, order["n"])
    if kernel == "factorial":
        return factorial(index, order["n"])
    if kernel == "sleep":
        time.sleep(order["wait_us"] / 1e6)
        return index
    if kernel == "mixed":
        before = count(index, order["n"])
        time.sleep(order["wait_us"] / 1e6)
        return count(before, order["n"])
    if kernel == "http":
        return ask(order, index)
    raise ValueError(f"there is no kernel {kernel}")


def store(values, order, index):
    """Runs a task, and leaves what it returns in shared memory."""
    values[index] = run(order, index)
