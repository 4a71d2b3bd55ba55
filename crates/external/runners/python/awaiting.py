"""The same tasks where waiting gives the thread back."""

import asyncio

import kernels


async def ask(order, index):
    """The same client over streams: the standard library has no HTTP client that awaits."""
    reader, writer = await asyncio.open_connection(order["host"], order["port"])
    try:
        digest = index
        for request in range(order["requests"]):
            seed = kernels.seed_of(index, request)
            head = f"GET {kernels.path(order, seed)} HTTP/1.1\r\nhost: {order['host']}:{order['port']}\r\n\r\n"
            writer.write(head.encode())
            await writer.drain()
            lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
            if not lines[0].startswith("http/1.1 200"):
                raise ValueError(f"http: the server answered {lines[0]!r}")
            length = next(int(line[15:]) for line in lines if line.startswith("content-length:"))
            received = await reader.readexactly(length)
            digest = (digest * 31 + kernels.checked(received, seed, order["body_bytes"])) & kernels.MASK
        return digest
    finally:
        writer.close()
        await writer.wait_closed()


async def run(order, index, sleep=asyncio.sleep):
    """Runs a task, and gives its thread back while the task waits."""
    kernel = order["kernel"]
    if kernel == "sleep":
        await sleep(order["wait_us"] / 1e6)
        return index
    if kernel == "mixed":
        before = kernels.count(index, order["n"])
        await sleep(order["wait_us"] / 1e6)
        return kernels.count(before, order["n"])
    if kernel == "http":
        return await ask(order, index)
    return kernels.run(order, index)


def run_share(order, indices):
    """Runs several tasks at once, in an event loop of their own."""

    async def share():
        return await asyncio.gather(*(run(order, index) for index in indices))

    return asyncio.run(share())
