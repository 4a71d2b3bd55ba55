// The constructs that are measured: each is started with an order, runs batches, and is closed. A batch resolves to what its
// tasks returned, in the order of their numbers.

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

import { run } from './kernels.mjs';

const file = (name) => fileURLToPath(new URL(name, import.meta.url));
const numbers = (count) => Array.from({ length: count }, (_, index) => index);

// await in a for loop.
class Sequential {
  constructor(order) {
    this.order = order;
  }

  async start() {}

  async batch() {
    const values = [];
    for (let index = 0; index < this.order.tasks; index++) values.push(await run(this.order, index));
    return values;
  }

  async close() {}
}

// Promise.all over all tasks.
class Promises extends Sequential {
  batch() {
    return Promise.all(numbers(this.order.tasks).map((index) => run(this.order, index)));
  }
}

// Workers that are handed one task after the other as each becomes free; how one is started and spoken to is the subclass's.
class Pool extends Sequential {
  async start() {
    this.workers = numbers(this.order.workers).map(() => this.open());
    await Promise.all(this.workers.map((worker) => this.ready(worker)));
  }

  batch() {
    const values = new Array(this.order.tasks);
    let next = 0;
    const serve = async (worker) => {
      while (next < this.order.tasks) {
        const index = next++;
        values[index] = await this.ask(worker, index);
      }
    };
    return Promise.all(this.workers.map(serve)).then(() => values);
  }

  ask(worker, index) {
    return answer(worker, () => this.send(worker, index));
  }
}

// The next message of a worker, or why there is none.
function answer(worker, ask) {
  return new Promise((resolve, reject) => {
    const settle = (act) => (value) => {
      for (const [event, listener] of listeners) worker.off(event, listener);
      act(value);
    };
    const listeners = [
      ['message', settle(({ value, failed }) => (failed ? reject(new Error(failed)) : resolve(value)))],
      ['error', settle(reject)],
      ['exit', settle((code) => reject(new Error(`a worker exited with ${code}`)))],
    ];
    for (const [event, listener] of listeners) worker.on(event, listener);
    ask();
  });
}

// worker_threads: one isolate, and one event loop, a worker.
class Threads extends Pool {
  open() {
    return new Worker(file('./worker.mjs'), { workerData: this.order });
  }

  ready(worker) {
    return answer(worker, () => {});
  }

  send(worker, index) {
    worker.postMessage(index);
  }

  async close() {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }
}

// `advanced` carries BigInt; the order comes as an argument, so that the first message is the first task.
const child = (order) =>
  fork(file('./worker.mjs'), [JSON.stringify(order)], { serialization: 'advanced', stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });

const ended = (process) =>
  new Promise((resolve) => {
    process.on('exit', resolve);
    process.disconnect();
  });

// child_process.fork: workers that stay, as cluster starts them.
class Processes extends Pool {
  open() {
    return child(this.order);
  }

  ready(process) {
    return answer(process, () => {});
  }

  send(process, index) {
    process.send(index);
  }

  async close() {
    await Promise.all(this.workers.map(ended));
  }
}

// child_process.fork: one a task.
class ProcessEach extends Sequential {
  batch() {
    const one = async (index) => {
      const process = child(this.order);
      await answer(process, () => {});
      const value = await answer(process, () => process.send(index));
      await ended(process);
      return value;
    };
    return Promise.all(numbers(this.order.tasks).map(one));
  }
}

export const MODELS = {
  sequential: Sequential,
  promises: Promises,
  'worker-threads': Threads,
  'process-fork': ProcessEach,
  'process-pool': Processes,
};
