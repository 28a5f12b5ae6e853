/**
 * Measures TensorFlow.js with its WebAssembly backend. `node tfjs.ts BATCH MS DATA-DIR` prints the
 * examples/s of the classic net. The packages are not dependencies of this project. The folder
 * TFJS_DIR (default: the current folder) must have them.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [, , batchText, ms, directory] = process.argv;
const batch = Number(batchText);
const require = createRequire(join(process.env.TFJS_DIR ?? '.', 'package.json'));
const tf = require('@tensorflow/tfjs');
const wasm = require('@tensorflow/tfjs-backend-wasm');
wasm.setWasmPaths(`${join(require.resolve('@tensorflow/tfjs-backend-wasm'), '..')}/`);
wasm.setThreadsCount(1);
await tf.setBackend('wasm');

const pixels = Float32Array.from(
  readFileSync(join(directory, 'images')).subarray(16),
  (byte) => byte / 255,
);
const labels = Int32Array.from(readFileSync(join(directory, 'labels')).subarray(8));
const widths = [784, 256, 128, 10];
const layers = widths.slice(1).map((width, i) => ({
  weight: tf.variable(tf.randomNormal([widths[i], width], 0, Math.sqrt(2 / widths[i]))),
  bias: tf.variable(tf.zeros([width])),
}));
const optimizer = tf.train.momentum(0.01, 0.9);
let at = 0;

function step(): void {
  tf.tidy(() => {
    at = at + batch > labels.length ? 0 : at;
    const x = tf.tensor2d(pixels.subarray(at * 784, (at + batch) * 784), [batch, 784]);
    const y = tf.oneHot(tf.tensor1d(labels.subarray(at, at + batch), 'int32'), 10);
    at += batch;
    const loss = optimizer.minimize(() => {
      const logits = layers.reduce(
        (hidden, { weight, bias }, i) =>
          i === 0 ? x.matMul(weight).add(bias) : tf.relu(hidden).matMul(weight).add(bias),
        x,
      );
      return tf.losses.softmaxCrossEntropy(y, logits);
    }, true);
    loss.dataSync();
  });
}

for (let i = 0; i < 3; i++) step();
const startedAt = performance.now();
let examples = 0;
while (performance.now() - startedAt < Number(ms)) {
  step();
  examples += batch;
}
console.log(
  JSON.stringify({ examplesPerSecond: (examples / (performance.now() - startedAt)) * 1000 }),
);
