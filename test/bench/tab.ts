/**
 * Compares a browser's tab with a worker in Node that has as many threads: each trains alone, one
 * after the other, several times, for `--seconds`. Prints the examples per second as medians, their
 * ratio to Node, where the time of a step goes, and the memory of the tab's process. `flagged` is a
 * tab in a Chromium that has the flags of V8 which Node's worker sets: what they are worth. For
 * Linux, with Chromium.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Browser, chromium as driver } from 'playwright-core';
import type { StepTiming } from '../../coordinator/reporting/step-timings.ts';
import { v8FlagsFor } from '../../shared/host/v8-flags.ts';
import { findChromium } from '../support/browser/find-program.ts';
import { place } from './take-turns.ts';

const { values: flags } = parseArgs({
  options: {
    models: { type: 'string', default: 'mlp,cnn' },
    kinds: { type: 'string', default: 'Node,tab' },
    threads: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '20' },
    /** Of every coordinator, such as `--flags "--wire bf16"`. */
    flags: { type: 'string', default: '' },
  },
});
const CLI = fileURLToPath(new URL('../../cli.ts', import.meta.url));
const WARM_UP_MS = 6_000;
const KINDS = ['Node', 'tab', 'flagged'] as const;
type Kind = (typeof KINDS)[number];

/** Figures of one run, by name. The times are means per step, in ms. */
interface Measurement {
  readonly examplesPerSecond: number;
  /** The worker's engine computes. */
  readonly computeMs: number;
  /** The worker encodes sums and hands them to its socket. */
  readonly sendMs: number;
  /** The rest, from when a share is handed to the coordinator's socket until its last sum is here. */
  readonly onTheWayMs: number;
  /** The rest of the step: the coordinator's own work. */
  readonly aroundMs: number;
  /** Of the process of the tab alone; 0 for Node. */
  readonly megabytes: number;
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

const read = async <T>(url: string): Promise<T> => (await (await fetch(url)).json()) as T;
const stepOf = async (url: string): Promise<number> =>
  (await read<{ step: number }>(`${url}/api/status`)).step;

/** The newest steps after this one. */
async function stepsAfter(url: string, step: number): Promise<StepTiming[]> {
  const found: StepTiming[] = [];
  for (let isMore = true; isMore; ) {
    const after = found.at(-1)?.step ?? step;
    const page = await read<{ steps: StepTiming[]; isMore: boolean }>(
      `${url}/api/steps?after=${after}`,
    );
    found.push(...page.steps);
    isMore = page.isMore;
  }
  return found;
}

async function openTab(url: string, isFlagged: boolean): Promise<Browser> {
  // The V8 of Chromium 150 and later.
  const program = findChromium() ?? '';
  const browser = await driver.launch({
    executablePath: program,
    args: [
      '--no-sandbox',
      ...(isFlagged ? [`--js-flags=${v8FlagsFor('15', process.arch).join(' ')}`] : []),
    ],
  });
  const page = await browser.newPage();
  await page.goto(`${url}/join`);
  const slider = page.getByRole('slider', { name: 'Threads' });
  if ((await slider.count()) > 0) await slider.fill(flags.threads);
  await page.getByRole('button', { name: 'Start' }).click();
  const threads = flags.threads === '1' ? '1 thread' : `${flags.threads} threads`;
  await page.getByText(`kernels, ${threads}`).waitFor();
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
  const more = flags.flags.split(' ').filter(Boolean);
  const coordinator = start('coordinator', '--port', '0', '--json', ...run, ...more);
  const url = await addressOf(coordinator);
  const address = url.replace('http', 'ws');
  const worker =
    kind === 'Node' ? start('worker', address, '--threads', flags.threads) : undefined;
  const browser = kind === 'Node' ? undefined : await openTab(url, kind === 'flagged');
  await wait(WARM_UP_MS);
  const before = await stepOf(url);
  await wait(1000 * Number(flags.seconds));
  const steps = await stepsAfter(url, before);
  const megabytes = browser ? await megabytesOf(browser) : 0;
  await browser?.close();
  worker?.kill('SIGKILL');
  coordinator.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
  return { ...partsOf(steps), megabytes };
}

function partsOf(steps: readonly StepTiming[]): Omit<Measurement, 'megabytes'> {
  const shares = steps.flatMap((step) => step.shares ?? []);
  const [computeMs, sendMs, tripMs] = [
    shares.map((share) => share.computeMs ?? 0),
    shares.map((share) => share.sendMs ?? 0),
    shares.map((share) => share.roundTripMs),
  ].map((values) => values.reduce((sum, value) => sum + value, 0) / steps.length);
  const [first, last] = [steps[0], steps[steps.length - 1]];
  // Medians of a window: an evaluation between two epochs is no part of a step.
  const stepMs = median(steps.slice(1).map(({ doneAt }, i) => doneAt - steps[i].doneAt));
  const examples = steps.slice(1).reduce((sum, step) => sum + step.examples, 0);
  return {
    examplesPerSecond: (1000 * examples) / (last.doneAt - first.doneAt),
    ...{ computeMs, sendMs },
    onTheWayMs: tripMs - computeMs - sendMs,
    aroundMs: stepMs - tripMs,
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

console.log(
  `${place}; Node ${process.versions.node}; medians of ${flags.rounds} rounds; ` +
    `threads: ${flags.threads} ${flags.flags}`,
);
const kinds = KINDS.filter((kind) => flags.kinds.split(',').includes(kind));
for (const model of flags.models.split(',')) {
  const found = new Map<Kind, Measurement[]>(kinds.map((kind) => [kind, []]));
  for (let round = 0; round < Number(flags.rounds); round++)
    for (const [kind, list] of found) list.push(await measure(kind, model));
  const of = (kind: Kind, name: keyof Measurement) =>
    median((found.get(kind) ?? []).map((each) => each[name]));
  for (const kind of kinds) {
    const show = (name: keyof Measurement) => of(kind, name).toFixed(2);
    const ratio = of(kind, 'examplesPerSecond') / of(kinds[0], 'examplesPerSecond');
    const engine = of(kinds[0], 'computeMs') / of(kind, 'computeMs');
    console.log(
      `${model}, ${kind}: ${of(kind, 'examplesPerSecond').toFixed(0)} examples/s, ` +
        `ratio ${ratio.toFixed(2)}, of the engine alone ${engine.toFixed(2)}; ms per step: ` +
        `compute ${show('computeMs')}, send ${show('sendMs')}, on the way ` +
        `${show('onTheWayMs')}, coordinator ${show('aroundMs')}; ` +
        `${of(kind, 'megabytes').toFixed(0)} MB`,
    );
  }
}
