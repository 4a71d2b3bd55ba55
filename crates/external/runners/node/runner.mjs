// Measures constructs of Node as concbench orders: version 1 of its protocol for external runners.

import { writeSync } from 'node:fs';
import process from 'node:process';
import readline from 'node:readline';

import { GOLDEN, wrap } from './kernels.mjs';
import { MODELS } from './models.mjs';

const WORDS = new Set(['kernel', 'model', 'host']);

const PAUSE = new Int32Array(new SharedArrayBuffer(4));

// At once: what goes through the stream of standard output is lost where the process ends early. Node has a pipe refuse what
// it cannot take; whoever reads it late is waited for.
const say = (line) => {
  const bytes = Buffer.from(`${line}\n`);
  for (let written = 0; written < bytes.length; ) {
    try {
      written += writeSync(1, bytes, written);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
      Atomics.wait(PAUSE, 0, 0, 1);
    }
  }
};
const now = () => process.hrtime.bigint();

const describe = () =>
  say(
    JSON.stringify({
      protocol: 1,
      language: 'JavaScript',
      implementation: 'Node.js',
      version: process.versions.node,
      executable: process.execPath,
      global_lock: { held: false, how: 'threads share no objects: each worker has an isolate of its own' },
      jit: true,
      remark: `V8 ${process.versions.v8}`,
      models: Object.fromEntries(Object.keys(MODELS).map((model) => [model, null])),
    }),
  );

async function readOrder(lines) {
  const order = {};
  for (let { value, done } = await lines.next(); !done; { value, done } = await lines.next()) {
    const [key, ...rest] = value.split(' ');
    if (key === 'go') return order;
    order[key] = WORDS.has(key) ? rest.join(' ') : Number(rest[0]);
  }
  throw new Error('the order did not end');
}

async function measure(model, order) {
  const begun = now();
  const values = await model.batch();
  let digest = 0n;
  let done = 0;
  for (let index = 0; index < values.length; index++) {
    if (values[index] === undefined) continue;
    digest += values[index] ^ wrap(BigInt(index) * GOLDEN);
    done++;
  }
  digest = wrap(digest);
  const wall = now() - begun;
  say(`batch ${wall} ${order.tasks} ${done} ${digest.toString(16).padStart(16, '0')}`);
}

async function observe(lines) {
  const order = await readOrder(lines);
  if (!MODELS[order.model]) return say(`unsupported there is no model ${order.model}`);
  const model = new MODELS[order.model](order);
  await model.start();
  say('ready');
  const warmUntil = now() + BigInt(order.warm_ms) * 1_000_000n;
  for (let batches = 0; batches < order.batches || (now() < warmUntil && batches < order.most); batches++) {
    await measure(model, order);
  }
  say('end');
  for (let { value, done } = await lines.next(); !done; { value, done } = await lines.next()) {
    if (value !== 'again') continue;
    await measure(model, order);
    say('end');
  }
  await model.close();
}

async function main() {
  const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  for (let { value, done } = await lines.next(); !done; { value, done } = await lines.next()) {
    if (value === 'describe') describe();
    else if (value === 'observe') await observe(lines);
  }
}

main().catch((error) => {
  say(`failed ${String(error?.message ?? error).replace(/\s+/g, ' ')}`);
  process.exitCode = 1;
  // Workers that are still there must not keep it alive.
  process.exit();
});
