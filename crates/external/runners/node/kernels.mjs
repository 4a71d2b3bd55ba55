// The tasks, each a function of its number: an async function, since that is how waiting is written here. Results are
// BigInt, the only whole numbers of 64 bits that JavaScript has.

import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

// 2^64 over the golden ratio: what a digest turns the number of a task by.
export const GOLDEN = 0x9e3779b97f4a7c15n;
export const wrap = (value) => BigInt.asUintN(64, value);

const rotated = (value) => wrap(value << 5n) | (value >> 59n);

// Counts to n, and folds every number on the way into start. In two halves of 32 bits, which stay in registers: a BigInt is
// an object on the heap for each step.
export function count(start, n) {
  let high = Number(start >> 32n) | 0;
  let low = Number(start & 0xffffffffn) | 0;
  for (let number = 1; number <= n; number++) {
    const carried = (high << 5) | (low >>> 27);
    low = ((low << 5) | (high >>> 27)) ^ number;
    high = carried;
  }
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

// Multiplies 1 to n into an integer that starts as the number of the task, and folds its 64-bit digits.
function factorial(index, n) {
  let product = index | (1n << 63n);
  for (let factor = 2n; factor <= n; factor++) product *= factor;
  // Shifting digit after digit out of so long an integer would take as long as the product.
  const text = product.toString(16);
  let folded = 0xcbf29ce484222325n;
  for (let end = text.length; end > 0; end -= 16) {
    const digit = BigInt(`0x${text.slice(Math.max(0, end - 16), end)}`);
    folded = wrap((folded ^ digit) * 0x100000001b3n);
  }
  return folded;
}

// The body that the target answers with.
function body(seed, length) {
  let mixed = wrap((seed ^ (seed >> 30n)) * 0xbf58476d1ce4e5b9n);
  mixed = wrap((mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn);
  let state = mixed ^ (mixed >> 31n) | 1n;
  const bytes = Buffer.alloc(Math.ceil(length / 8) * 8);
  for (let at = 0; at < length; at += 8) {
    state ^= wrap(state << 13n);
    state ^= state >> 7n;
    state ^= wrap(state << 17n);
    bytes.writeBigUInt64LE(state, at);
  }
  return bytes.subarray(0, length);
}

function get(options) {
  return new Promise((resolve, reject) => {
    const request = http.get(options, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200) resolve(Buffer.concat(parts));
        else reject(new Error(`http: the server answered with status ${response.statusCode}`));
      });
    });
    request.on('error', reject);
  });
}

// A client that asks several times over one connection: an agent of its own, since the global one shares them.
async function ask(order, index) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  try {
    let digest = index;
    for (let request = 0; request < order.requests; request++) {
      const seed = wrap(index * GOLDEN) ^ BigInt(request);
      const path = `/?seed=${seed}&delay_us=${order.delay_us}&bytes=${order.body_bytes}`;
      const received = await get({ host: order.host, port: order.port, path, agent });
      if (!received.equals(body(seed, order.body_bytes))) {
        throw new Error('http: the body is not the one that was asked for');
      }
      let folded = seed;
      for (const byte of received) folded = rotated(folded) ^ BigInt(byte);
      digest = wrap(digest * 31n + folded);
    }
    return digest;
  } finally {
    agent.destroy();
  }
}

export async function run(order, number) {
  const index = BigInt(number);
  switch (order.kernel) {
    case 'noop':
      return index;
    case 'count':
      return count(index, order.n);
    case 'factorial':
      return factorial(index, order.n);
    case 'sleep':
      await sleep(order.wait_us / 1000);
      return index;
    case 'mixed': {
      const before = count(index, order.n);
      await sleep(order.wait_us / 1000);
      return count(before, order.n);
    }
    case 'http':
      return ask(order, index);
    default:
      throw new Error(`there is no kernel ${order.kernel}`);
  }
}
