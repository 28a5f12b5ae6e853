import fusedUrl from '../../../../../shared/engine/assembly/fused.wasm?url';
import strictUrl from '../../../../../shared/engine/assembly/strict.wasm?url';
import { createBench } from './bench.ts';
import type { ToLab } from './lab-messages.ts';

/** The thread of the page's engine. */
const MODULES = { fused: fusedUrl, strict: strictUrl };

const take = createBench(
  async (numerics) => (await fetch(MODULES[numerics])).arrayBuffer(),
  (message) => postMessage(message),
);
addEventListener('message', ({ data }: MessageEvent<ToLab>) => take(data));
