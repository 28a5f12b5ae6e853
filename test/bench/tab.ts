/**
 * Compares a browser's tab with a worker in Node that has as many threads: each trains alone, one
 * after the other, several times, for `--seconds`. Prints the examples per second as medians, where
 * the time of a step goes, the ratios to Node, and the memory of the tab's process. The times are
 * those of the fastest tenth of the steps, which other programs on the machine disturb least.
 * `flagged` is a tab in a Chromium that has the flags of V8 which Node's worker sets. For Linux,
 * with Chromium.
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

/** Figures of one run, by name. The times are of a step, in ms. */
interface Measurement {
  readonly examplesPerSecond: number;
  readonly stepMs: number;
  /** The worker's engine computes. */
  readonly computeMs: number;
  /** The worker encodes sums and hands them to its socket. */
  readonly sendMs: number;
  /** The rest, from when a share is handed to the coordinator's socket until its sums are here. */
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
  const worker = kind === 'Node' ? start('worker', address, '--threads', flags.threads) : undefined;
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
  const lasts = steps
    .slice(1)
    .map((step, i) => ({ ...step, stepMs: step.doneAt - steps[i].doneAt }));
  const parts = lasts.map(({ stepMs, shares = [] }) => {
    const total = (of: (share: (typeof shares)[number]) => number) =>
      shares.reduce((sum, share) => sum + of(share), 0);
    const computeMs = total((share) => share.computeMs ?? 0);
    const sendMs = total((share) => share.sendMs ?? 0);
    const tripMs = total((share) => share.roundTripMs);
    const onTheWayMs = tripMs - computeMs - sendMs;
    return { stepMs, computeMs, sendMs, onTheWayMs, aroundMs: stepMs - tripMs };
  });
  const fast = (name: keyof (typeof parts)[number]) =>
    quantile(
      parts.map((part) => part[name]),
      0.1,
    );
  const examples = lasts.reduce((sum, step) => sum + step.examples, 0);
  const wholeMs = lasts.reduce((sum, { stepMs }) => sum + stepMs, 0);
  return {
    examplesPerSecond: (1000 * examples) / wholeMs,
    stepMs: fast('stepMs'),
    computeMs: fast('computeMs'),
    sendMs: fast('sendMs'),
    onTheWayMs: fast('onTheWayMs'),
    aroundMs: fast('aroundMs'),
  };
}

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(part * sorted.length)];
}

const median = (values: readonly number[]): number => quantile(values, 0.5);

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
    const ratio = (name: keyof Measurement) => (of(kinds[0], name) / of(kind, name)).toFixed(2);
    const speed = of(kind, 'examplesPerSecond').toFixed(0);
    console.log(
      `${model}, ${kind}: ${speed} examples/s; step ${show('stepMs')} ms (${ratio('stepMs')} of ` +
        `${kinds[0]}’s speed): compute ${show('computeMs')} (${ratio('computeMs')}), send ` +
        `${show('sendMs')}, on the way ${show('onTheWayMs')}, coordinator ${show('aroundMs')}; ` +
        `${of(kind, 'megabytes').toFixed(0)} MB`,
    );
  }
}
