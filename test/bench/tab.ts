/**
 * Compares a browser's tab with a worker in Node of one thread: each trains alone, one after the
 * other, several times, for `--seconds`. Prints the examples per second of both as medians, their
 * ratio, and the memory of the tab's process. For Linux, with Chromium.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Browser, chromium as driver } from 'playwright-core';
import { findChromium } from '../support/browser/find-program.ts';
import { place } from './take-turns.ts';

const { values: flags } = parseArgs({
  options: {
    models: { type: 'string', default: 'mlp,cnn' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '20' },
  },
});
const CLI = fileURLToPath(new URL('../../cli.ts', import.meta.url));
const WARM_UP_MS = 10_000;

type Kind = 'tab' | 'Node';
interface Measurement {
  readonly examplesPerSecond: number;
  /** Of the process of the tab alone; undefined for Node. */
  readonly megabytes?: number;
}

const start = (...args: string[]): ChildProcess =>
  spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function addressOf(coordinator: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: coordinator.stdout ?? process.stdin })) {
    const { event, url } = JSON.parse(line) as { event: string; url: string };
    coordinator.stdout?.resume();
    if (event === 'listening') return url.replace('ws', 'http');
  }
  throw new Error('the coordinator has ended');
}

async function examplesOf(url: string): Promise<number> {
  const status = await (await fetch(`${url}/api/status`)).json();
  const { step, globalBatch } = status as { step: number; globalBatch: number };
  return step * globalBatch;
}

async function openTab(url: string): Promise<Browser> {
  const browser = await driver.launch({
    executablePath: findChromium() ?? '',
    args: ['--no-sandbox'],
  });
  const page = await browser.newPage();
  await page.goto(`${url}/join`);
  await page.getByRole('button', { name: 'Start' }).click();
  return browser;
}

/** The memory of the largest page process: its own, and its part of what it shares. */
async function megabytesOf(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  const pages = processInfo.filter(({ type }) => type === 'renderer');
  const kilobytes = pages.map(({ id }) => {
    const text = readFileSync(`/proc/${id}/smaps_rollup`, 'utf8');
    return Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0);
  });
  return (Math.max(0, ...kilobytes) * 1024) / 1e6;
}

async function measure(kind: Kind, model: string): Promise<Measurement> {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
  const run = ['--model', model, '--epochs', '1000', '--out', join(folder, 'run')];
  const coordinator = start('coordinator', '--port', '0', '--json', ...run);
  const url = await addressOf(coordinator);
  const worker =
    kind === 'Node' ? start('worker', url.replace('http', 'ws'), '--threads', '1') : undefined;
  const browser = kind === 'tab' ? await openTab(url) : undefined;
  await wait(WARM_UP_MS);
  const [before, since] = [await examplesOf(url), performance.now()];
  await wait(1000 * Number(flags.seconds));
  const examples = (await examplesOf(url)) - before;
  const examplesPerSecond = (1000 * examples) / (performance.now() - since);
  const megabytes = browser && (await megabytesOf(browser));
  await browser?.close();
  worker?.kill('SIGKILL');
  coordinator.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
  return { examplesPerSecond, ...(megabytes !== undefined && { megabytes }) };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

console.log(`${place}; Node ${process.versions.node}; medians of ${flags.rounds} rounds`);
for (const model of flags.models.split(',')) {
  const found: Record<Kind, Measurement[]> = { tab: [], Node: [] };
  for (let round = 0; round < Number(flags.rounds); round++)
    for (const kind of ['Node', 'tab'] as const) found[kind].push(await measure(kind, model));
  const speedOf = (kind: Kind) =>
    median(found[kind].map(({ examplesPerSecond }) => examplesPerSecond));
  const [tab, node] = [speedOf('tab'), speedOf('Node')];
  const megabytes = median(found.tab.map((each) => each.megabytes ?? 0));
  console.log(
    `${model}: a tab ${tab.toFixed(0)} examples/s, Node ${node.toFixed(0)}: ratio ` +
      `${(tab / node).toFixed(2)}; the tab's process has ${megabytes.toFixed(0)} MB`,
  );
}
