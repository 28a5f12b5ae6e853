import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { stripTypeScriptTypes } from 'node:module';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parametersSha256 } from '../../coordinator/run-folder/checkpoint.ts';
import { LocalSource } from '../../coordinator/training/local-source.ts';
import { createParameterServer } from '../../coordinator/training/parameter-server.ts';
import { createDataset } from '../../shared/data/dataset.ts';
import type { DataRole } from '../../shared/data/manifest.ts';
import { NUMERICS } from '../../shared/engine/kernels.ts';
import { LayerSpec } from '../../shared/engine/layers/layer-spec.ts';
import { openEngine } from '../../shared/host/load-engine.ts';
import { createPartialSumComputer } from '../../shared/round/partial-sum-computer.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';
import { createWorkload } from '../../shared/round/workload.ts';
import { chromium, openPage } from '../support/browser/chromium.ts';
import { createToyFiles } from '../support/toy-dataset.ts';
import { toyConfig } from '../support/toy-run.ts';
import type { BrowserResult, BrowserTask } from './page.ts';

const ROOT = new URL('../../', import.meta.url);
const STEPS = 5;

const { manifest, contents } = createToyFiles();
const dataset = createDataset(manifest, contents);

function configOf(numerics: RunConfig['numerics']): RunConfig {
  const layers = [
    { type: 'conv2d', filters: 5, kernel: 3 },
    { type: 'batch-norm' },
    { type: 'activation', function: 'gelu' },
    { type: 'max-pool', size: 2 },
    { type: 'dropout', rate: 0.2 },
    { type: 'dense', outputs: 3 },
  ];
  const model = {
    input: { height: 4, width: 5, channels: 1 },
    layers: layers.map((layer) => LayerSpec.parse(layer)),
  };
  return toyConfig(dataset, { model, numerics, augmentation: { flip: 0.5, shift: 1, erase: 0.3 } });
}

async function hashInNode(config: RunConfig): Promise<string> {
  const engine = openEngine(config.numerics);
  const workload = createWorkload(config, dataset);
  const server = createParameterServer(engine, config, workload);
  const source = new LocalSource(
    createPartialSumComputer(engine, config, workload),
    workload,
    setImmediate,
  );
  while (server.step < STEPS) {
    const round = { kind: 'train', step: server.step } as const;
    const { root } = await source.sum(round, server.parameters, new AbortController().signal);
    server.update(root, workload.exampleCount(round, { lo: 0, hi: config.microBatchCount }));
  }
  return parametersSha256(server.parameters);
}

const PAGE = `<!doctype html>
<script type="importmap">{ "imports": { "zod": "/node_modules/zod/index.js" } }</script>
<script type="module">
  const bytes = async (path) => new Uint8Array(await (await fetch(path)).arrayBuffer());
  const hexOf = (byte) => byte.toString(16).padStart(2, '0');
  const hex = (buffer) => Array.from(new Uint8Array(buffer), hexOf).join('');
  const sha256 = async (data) => hex(await crypto.subtle.digest('SHA-256', data));
  const tell = (result) => fetch('/result', { method: 'POST', body: JSON.stringify(result) });
  try {
    const { trainInBrowser } = await import('/test/browser/page.ts');
    const task = await (await fetch('/task')).json();
    tell(await trainInBrowser(task, bytes, sha256));
  } catch (error) {
    tell({ error: String(error.stack ?? error) });
  }
</script>`;

/**
 * Serves the sources, with their types stripped, and opens the page in a browser. Resolves to the
 * result that the page posts.
 */
async function openInBrowser(task: BrowserTask): Promise<BrowserResult & { error?: string }> {
  const { promise, resolve } = Promise.withResolvers<BrowserResult>();
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const send = (type: string, body: string | Uint8Array) =>
      response.writeHead(200, { 'content-type': type }).end(body);
    if (path === '/') return void send('text/html', PAGE);
    if (path === '/task') return void send('application/json', JSON.stringify(task));
    if (path.startsWith('/data/')) {
      return void send(
        'application/octet-stream',
        contents[path.slice('/data/'.length) as DataRole],
      );
    }
    if (path === '/result') {
      resolve(JSON.parse((await request.toArray()).join('')));
      return void response.end();
    }
    const file = await readFile(new URL(`.${path}`, ROOT));
    if (path.endsWith('.ts'))
      return void send('text/javascript', stripTypeScriptTypes(file.toString()));
    send(path.endsWith('.wasm') ? 'application/wasm' : 'text/javascript', file);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.writeHead(404).end());
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  openPage(`http://127.0.0.1:${port}/`);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return promise;
}

describe.skipIf(!chromium)('in a browser (skipped if Chromium is not installed)', () => {
  test.for(NUMERICS)(
    'the %s engine passes its self-test, and has the bits of Node and of the vectors',
    async (numerics) => {
      const config = configOf(numerics);
      const result = await openInBrowser({ config, steps: STEPS });
      expect(result.error).toBeUndefined();
      expect(result).toEqual({
        difference: null,
        parametersSha256: await hashInNode(config),
        differingVectors: [],
      });
    },
  );
});
