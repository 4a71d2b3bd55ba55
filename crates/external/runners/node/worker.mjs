// What runs in a worker thread or a worker process: a task for each message.

import process from 'node:process';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';

import { run } from './kernels.mjs';

const order = isMainThread ? JSON.parse(process.argv[2]) : workerData;
const port = isMainThread ? process : parentPort;
// In an object: a channel to another process carries no bare BigInt.
const say = (answer) => (isMainThread ? process.send(answer) : parentPort.postMessage(answer));

port.on('message', (index) => {
  run(order, index).then((value) => say({ value }), (error) => say({ failed: String(error.message) }));
});
say({});
