"""The constructs that are measured: each is started with an order, runs batches, and is closed.

A batch returns what its tasks returned, in the order of their numbers.
"""

import asyncio
import importlib
import multiprocessing
import sys
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial

import awaiting
import kernels
from workers import end_with_parent


class Sequential:
    """A for loop."""

    def __init__(self, order):
        self.order = order

    def batch(self):
        return [kernels.run(self.order, index) for index in range(self.order["tasks"])]

    def close(self):
        pass


class Threads(Sequential):
    """threading.Thread: one a task, started and joined."""

    def batch(self):
        values = [None] * self.order["tasks"]
        threads = [
            threading.Thread(target=kernels.store, args=(values, self.order, index))
            for index in range(self.order["tasks"])
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return values


class ThreadPool(Sequential):
    """concurrent.futures.ThreadPoolExecutor."""

    def __init__(self, order):
        super().__init__(order)
        self.pool = ThreadPoolExecutor(order["workers"])

    def batch(self):
        return list(self.pool.map(partial(kernels.run, self.order), range(self.order["tasks"])))

    def close(self):
        self.pool.shutdown()


class Processes(Sequential):
    """multiprocessing.Process: one a task, started and joined. Results come back in shared memory."""

    def __init__(self, order, method):
        super().__init__(order)
        self.context = multiprocessing.get_context(method)
        if method == "forkserver":
            # What its documentation recommends: what is imported once need not be imported by each process.
            self.context.set_forkserver_preload(["kernels"])

    def batch(self):
        tasks = self.order["tasks"]
        values = self.context.Array("Q", tasks, lock=False)
        processes = [
            self.context.Process(target=kernels.store, args=(values, self.order, index))
            for index in range(tasks)
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        done = [process.exitcode == 0 for process in processes]
        return [value if ended else None for value, ended in zip(values, done)]


class Pool(Sequential):
    """multiprocessing.Pool.map with a chunk size; None leaves it to the library."""

    def __init__(self, order, chunk):
        super().__init__(order)
        self.chunk = chunk
        self.pool = multiprocessing.Pool(order["workers"], end_with_parent)

    def batch(self):
        return self.pool.map(
            partial(kernels.run, self.order), range(self.order["tasks"]), chunksize=self.chunk
        )

    def close(self):
        self.pool.close()
        self.pool.join()


def process_pool(workers):
    return ProcessPoolExecutor(workers, initializer=end_with_parent)


class ProcessExecutor(Sequential):
    """concurrent.futures.ProcessPoolExecutor."""

    def __init__(self, order):
        super().__init__(order)
        self.pool = process_pool(order["workers"])

    def batch(self):
        return list(self.pool.map(partial(kernels.run, self.order), range(self.order["tasks"])))

    def close(self):
        self.pool.shutdown()


class Loop(Sequential):
    """An event loop that lives from batch to batch; how the tasks are started is the subclass's."""

    def __init__(self, order, new_loop=asyncio.new_event_loop):
        super().__init__(order)
        self.loop = new_loop()

    def batch(self):
        return self.loop.run_until_complete(self.together())

    def awaitables(self):
        return (awaiting.run(self.order, index) for index in range(self.order["tasks"]))

    async def together(self):
        return await asyncio.gather(*self.awaitables())

    def close(self):
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()


class Tasks(Loop):
    """asyncio.create_task for each task, awaited in turn."""

    async def together(self):
        tasks = [asyncio.create_task(task) for task in self.awaitables()]
        return [await task for task in tasks]


class TaskGroup(Loop):
    """asyncio.TaskGroup."""

    async def together(self):
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(task) for task in self.awaitables()]
        return [task.result() for task in tasks]


class Executor(Loop):
    """An event loop that hands blocking calls to an executor."""

    def __init__(self, order, executor):
        super().__init__(order)
        self.executor = executor(order["workers"])

    async def together(self):
        loop = asyncio.get_running_loop()
        calls = (
            loop.run_in_executor(self.executor, kernels.run, self.order, index)
            for index in range(self.order["tasks"])
        )
        return await asyncio.gather(*calls)

    def close(self):
        self.executor.shutdown()
        super().close()


class LoopPerProcess(Sequential):
    """Processes that each run an event loop with a share of the tasks."""

    def __init__(self, order):
        super().__init__(order)
        self.pool = multiprocessing.Pool(order["workers"], end_with_parent)

    def batch(self):
        tasks, workers = self.order["tasks"], self.order["workers"]
        shares = [range(worker, tasks, workers) for worker in range(workers)]
        results = self.pool.map(partial(awaiting.run_share, self.order), shares, chunksize=1)
        values = [None] * tasks
        for share, result in zip(shares, results):
            for index, value in zip(share, result):
                values[index] = value
        return values

    def close(self):
        self.pool.close()
        self.pool.join()


def uvloop(order):
    """The same gather on uvloop's event loop."""
    return Loop(order, importlib.import_module("uvloop").new_event_loop)


class Gevent(Sequential):
    """A greenlet a task; the standard library's waits are gevent's after its patch."""

    def __init__(self, order):
        super().__init__(order)
        importlib.import_module("gevent.monkey").patch_all()
        self.gevent = importlib.import_module("gevent")

    def batch(self):
        jobs = [
            self.gevent.spawn(kernels.run, self.order, index) for index in range(self.order["tasks"])
        ]
        self.gevent.joinall(jobs)
        return [job.value for job in jobs]


class Trio(Sequential):
    """A nursery with a task for each."""

    def __init__(self, order):
        super().__init__(order)
        self.trio = importlib.import_module("trio")

    def batch(self):
        values = [None] * self.order["tasks"]

        async def one(index):
            values[index] = await awaiting.run(self.order, index, sleep=self.trio.sleep)

        async def together():
            async with self.trio.open_nursery() as nursery:
                for index in range(self.order["tasks"]):
                    nursery.start_soon(one, index)

        self.trio.run(together)
        return values


class Aiomultiprocess(Loop):
    """aiomultiprocess.Pool: worker processes that each run an event loop."""

    def __init__(self, order):
        super().__init__(order)
        pool = importlib.import_module("aiomultiprocess").Pool

        async def start():
            return pool(processes=order["workers"], initializer=end_with_parent)

        self.pool = self.loop.run_until_complete(start())

    async def together(self):
        task = partial(awaiting.run, self.order)
        return await self.pool.map(task, range(self.order["tasks"]))

    def close(self):
        async def stop():
            self.pool.close()
            await self.pool.join()

        self.loop.run_until_complete(stop())
        super().close()


MODELS = {
    "sequential": Sequential,
    "threads": Threads,
    "thread-pool": ThreadPool,
    "process-spawn": partial(Processes, method="spawn"),
    "process-fork": partial(Processes, method="fork"),
    "process-forkserver": partial(Processes, method="forkserver"),
    "pool-map": partial(Pool, chunk=None),
    "pool-map-1": partial(Pool, chunk=1),
    "pool-map-256": partial(Pool, chunk=256),
    "process-executor": ProcessExecutor,
    "asyncio-tasks": Tasks,
    "asyncio-gather": Loop,
    "asyncio-taskgroup": TaskGroup,
    "asyncio-threads": partial(Executor, executor=ThreadPoolExecutor),
    "asyncio-processes": partial(Executor, executor=process_pool),
    "process-asyncio": LoopPerProcess,
    "uvloop": uvloop,
    "gevent": Gevent,
    "trio": Trio,
    "aiomultiprocess": Aiomultiprocess,
}


def missing(model):
    """Why this interpreter has no such construct; None where it has."""
    if model == "asyncio-taskgroup" and sys.version_info < (3, 11):
        return "asyncio.TaskGroup needs Python 3.11"
    if model in ("uvloop", "gevent", "trio", "aiomultiprocess"):
        try:
            importlib.import_module(model)
        except (Exception, SystemExit) as error:
            if isinstance(error, ModuleNotFoundError) and error.name == model:
                return f"the package {model} is not there; pip install {model}"
            # It is said in a line, and a line has an end.
            why = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            return f"the package {model} cannot be imported: {why}"
    return None
