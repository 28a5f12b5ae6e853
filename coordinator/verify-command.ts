import { Command, Option } from 'commander';
import { type Console, createConsole } from '../shared/console.ts';
import { coordinatorSources, loadDataset } from '../shared/data/load-dataset.ts';
import { formatBar, formatCount, formatDuration, formatPercent } from '../shared/format.ts';
import { interruptionSignal } from '../shared/interruption.ts';
import { openEngine } from '../shared/load-engine.ts';
import { wholeNumber } from '../shared/option-parsers.ts';
import { createWorkload } from '../shared/workload.ts';
import type { StepRecord } from './ledger.ts';
import { createHumanReporter, reportJson } from './reporter.ts';
import { readRun } from './run-folder.ts';
import { recomputeSteps, verifyChain, verifyCheckpoint, verifyExamples, verifyWork } from './verify-run.ts';

interface VerifyOptions {
  readonly full?: true;
  readonly steps: number;
  readonly dataDir?: string;
  readonly json?: true;
}

export function verifyCommand(): Command {
  return new Command('verify')
    .summary('check that a run is what its records say')
    .description(
      'Checks the records of a run: that every step has each micro-batch once and every epoch each example once, that\n' +
        'the chain of parameter fingerprints is whole and leads to the checkpoints; and computes a sample of\n' +
        'steps again, from the beginning and from each checkpoint, to the same fingerprints.',
    )
    .argument('<run>', 'run folder')
    .option('--full', 'compute every step again')
    .addOption(
      new Option('--steps <count>', 'how many steps to compute again').default(100).argParser(wholeNumber(0)),
    )
    .option('--data-dir <dir>', 'folder with the dataset (default: found or fetched)')
    .option('--json', 'print the result as one line of JSON')
    .action(verify);
}

async function verify(directory: string, options: VerifyOptions): Promise<void> {
  const signal = interruptionSignal();
  const report = options.json ? reportJson : createHumanReporter(process.stdout);
  const console = createConsole(process.stdout);
  const print = (line: string) => (options.json ? undefined : console.print(line));

  const { config, records, checkpoints } = await readRun(directory);
  const sources = coordinatorSources(options.dataDir);
  const { dataset } = await loadDataset(config.dataset, sources, { signal, report });
  const engine = openEngine(config.numerics);
  const workload = createWorkload(config, dataset);
  print(`Records      ${formatCount(records.length)} steps, one after the other`);
  verifyChain(records);
  print(`Chain        whole, up to ${records.at(-1)?.chain.slice(0, 16) ?? 'its start'}…`);
  verifyWork(records, config);
  const epochs = verifyExamples(records, config, workload, dataset.train.count);
  print(`Examples     each once an epoch, in ${epochs} whole epochs`);
  for (const checkpoint of checkpoints) verifyCheckpoint(checkpoint, records, engine);
  print(`Checkpoints  ${checkpoints.length}, with the parameters of their records`);

  const starts = [undefined, ...(options.full ? [] : checkpoints)].filter((start) =>
    records.some(({ step }) => step === (start?.step ?? 0)),
  );
  const perStart = options.full ? records.length : Math.ceil(options.steps / Math.max(1, starts.length));
  const total = Math.min(records.length, perStart * starts.length);
  const showProgress = createProgress(console, total);
  let recomputedSteps = 0;
  for (const start of starts)
    recomputedSteps += await recomputeSteps(
      { config, dataset, openEngine },
      records,
      start,
      perStart,
      signal,
      showProgress,
    );
  console.clearLive();
  print(
    `Recomputed   ${formatCount(recomputedSteps)} of ${formatCount(records.length)} steps, to the same bits`,
  );
  const workers = tallyWork(records);
  for (const { worker, summed, beside } of workers)
    print(`Work         ${describeTally(worker, summed, beside)}`);
  print('\nThe run is what its records say.');
  if (!options.json) return;
  const chain = records.at(-1)?.chain ?? null;
  const counts = { steps: records.length, epochs, checkpoints: checkpoints.length, recomputedSteps };
  globalThis.console.log(JSON.stringify({ event: 'verification', ...counts, chain, workers }));
}

/** Shows how far the recomputation is, in a terminal. */
function createProgress(console: Console, total: number): () => void {
  const startedAt = performance.now();
  let done = 0;
  let shownAt = startedAt;
  return () => {
    done++;
    const now = performance.now();
    if (now - shownAt < 500) return;
    shownAt = now;
    const secondsLeft = ((now - startedAt) / done / 1000) * (total - done);
    const rate = formatCount((done / (now - startedAt)) * 1000);
    console.showLive(
      `computing again  ${done}/${total}  ${formatBar(done / total, 16)}  ${rate} steps/s  ${formatDuration(secondsLeft)} left`,
    );
  };
}

interface Tally {
  /** Null for the coordinator. */
  readonly worker: string | null;
  /** The part of all micro-batches whose sums counted, and of those that were computed beside: 0 to 1 each. */
  readonly summed: number;
  readonly beside: number;
}

/** Who computed how much, the most first. */
function tallyWork(records: readonly StepRecord[]): Tally[] {
  const counts = new Map<string | null, { summed: number; beside: number }>();
  let total = 0;
  for (const { work, copies = [] } of records) {
    for (const [kind, lines] of [['summed', work] as const, ['beside', copies] as const]) {
      for (const [lo, hi, worker] of lines) {
        const count = counts.get(worker) ?? { summed: 0, beside: 0 };
        count[kind] += hi - lo;
        counts.set(worker, count);
        if (kind === 'summed') total += hi - lo;
      }
    }
  }
  return Array.from(counts, ([worker, { summed, beside }]) => ({
    worker,
    summed: summed / total,
    beside: beside / total,
  })).sort((a, b) => b.summed - a.summed);
}

function describeTally(worker: string | null, summed: number, beside: number): string {
  const more = beside > 0 ? `, and ${formatPercent(beside)} beside` : '';
  return `${worker ?? 'the coordinator'}: ${formatPercent(summed)} of all micro-batches${more}`;
}
