import { Command, Option } from 'commander';
import { type Console, createConsole, isJsonAsked } from '../../shared/cli/console.ts';
import {
  formatBar,
  formatCount,
  formatDuration,
  formatPercent,
  formatQuantity,
} from '../../shared/cli/format.ts';
import { interruptionSignal } from '../../shared/cli/interruption.ts';
import { threadsOption, wholeNumber } from '../../shared/cli/option-parsers.ts';
import { coordinatorSources, loadDataset } from '../../shared/data/loading/load-dataset.ts';
import { LockstepError, reasonOf } from '../../shared/errors.ts';
import { openEngine, openEngineFor } from '../../shared/host/load-engine.ts';
import { createWorkload, type Workload } from '../../shared/round/workload.ts';
import { defaultThreadCount } from '../../shared/threads/start-threads.ts';
import type { Report } from '../reporting/events.ts';
import { createNoticeReporter } from '../reporting/reporter.ts';
import type { Checkpoint } from '../run-folder/checkpoint.ts';
import { describeLockOwner } from '../run-folder/run-lock.ts';
import { type Verification, writeVerification } from '../run-folder/verification.ts';
import type { StepRecord } from '../training/ledger.ts';
import { type RecomputeOptions, recompute, recomputeQuality } from './recompute.ts';
import { lastStepOf, type RecordedRun, readRun, startOf } from './recorded-run.ts';
import { verifyCheckpoints, verifyEnd, verifyQuality } from './verify-checkpoints.ts';
import {
  verifyChain,
  verifyColumns,
  verifyEpochs,
  verifyExamples,
  verifyWork,
} from './verify-records.ts';

interface VerifyOptions {
  readonly full?: true;
  readonly steps: number;
  readonly threads?: number;
  readonly dataDir?: string;
  readonly json?: true;
}

export function verifyCommand(): Command {
  return new Command('verify')
    .summary('check that a run matches its records')
    .description(
      'Checks the files of a run against each other. ' +
        'A run of that length must have all records and checkpoints. ' +
        'Every step must have each micro-batch once, and every epoch each example once. ' +
        'The chain of parameter fingerprints must be unbroken and agree with the checkpoints. ' +
        'The end must name the right model.\n' +
        'Then computes a sample of steps again, from the beginning and from each checkpoint. ' +
        'Each step must lead to the recorded fingerprint.',
    )
    .argument('<run>', 'run folder')
    .option('--full', 'compute every step again')
    .addOption(
      new Option('--steps <count>', 'how many steps to compute again')
        .default(100)
        .argParser(wholeNumber(0)),
    )
    .addOption(threadsOption('threads that compute (default: one per core)'))
    .option('--data-dir <dir>', 'folder with the dataset (default: where the run had it)')
    .option('--json', 'print the result as one line of JSON')
    .action(verify);
}

async function verify(directory: string, options: VerifyOptions): Promise<void> {
  const isJson = isJsonAsked(options);
  const report = createNoticeReporter(isJson);
  const keep = async (found: Found) => {
    const time = new Date().toISOString();
    await writeVerification(directory, { time, ...found }).catch((error: unknown) => {
      const message = `what was found is not kept: ${reasonOf(error)}`;
      report({ event: 'notice', code: 'checkpoint', message });
    });
  };
  const owner = await describeLockOwner(directory);
  if (owner !== undefined) {
    const message =
      `${owner} holds the lock of this run. If it trains now, files may change while they are ` +
      'checked: then try again when it has ended.';
    report({ event: 'notice', code: 'checkpoint', message });
  }
  let found = NOTHING_FOUND;
  try {
    const run = await readRun(directory);
    found = foundIn(run);
    const { recomputedSteps, epochs } = await check(run, options, report);
    found = { ...found, recomputedSteps };
    await keep(found);
    printEnd(run, found, epochs, isJson);
  } catch (error) {
    const isFailed = error instanceof LockstepError && error.code === 'VERIFY';
    if (isFailed) await keep({ ...found, isPassed: false, message: error.message });
    throw error;
  }
}

type Found = Omit<Verification, 'time'>;

const NOTHING_FOUND: Found = {
  isPassed: true,
  message: null,
  steps: 0,
  firstStep: 0,
  recomputedSteps: 0,
  chain: null,
};

const foundIn = ({ records, description: { firstStep } }: RecordedRun): Found => ({
  ...NOTHING_FOUND,
  steps: records.length,
  firstStep,
  chain: records.at(-1)?.chain ?? null,
});

/** Checks a run, and computes steps again. */
async function check(
  run: RecordedRun,
  options: VerifyOptions,
  report: Report,
): Promise<{ recomputedSteps: number; epochs: number }> {
  const signal = interruptionSignal();
  const console = createConsole(process.stdout);
  const print = (line: string) => (isJsonAsked(options) ? undefined : console.print(line));
  const { records, checkpoints } = run;
  const { config, dataDir } = run.description;
  const sources = coordinatorSources(options.dataDir, config.dataset, dataDir);
  const { dataset } = await loadDataset(config.dataset, sources, { signal, report });
  const workload = createWorkload(config, dataset);
  const epochs = verifyFiles(run, workload, dataset.train.count, print);

  const { threads = defaultThreadCount() } = options;
  const again: RecomputeOptions = {
    dataset,
    openEngine: (numerics) => openEngineFor(numerics, threads),
    threads,
    signal,
  };
  const model = checkpoints.find(({ step }) => step === run.done?.modelStep);
  if (model) verifyQuality(run, await recomputeQuality(run, model, again));
  const recomputed = await recomputeSample(run, options, again, console);
  const recomputedSteps = recomputed.reduce((sum, [from, to]) => sum + to - from, 0);
  print(
    `Recomputed   ${formatCount(recomputedSteps)} of ${formatQuantity(records.length, 'step')}, ` +
      `bit-identical${describeSample(recomputed, records.length)}`,
  );
  return { recomputedSteps, epochs };
}

/** Prints who computed how much, and the result. */
function printEnd(
  run: RecordedRun,
  { chain, steps, firstStep, recomputedSteps }: Found,
  epochs: number,
  isJson: boolean,
): void {
  const workers = tallyWork(run.records);
  if (isJson) {
    const counts = {
      steps,
      firstStep,
      epochs,
      checkpoints: run.checkpoints.length,
      recomputedSteps,
      isDone: run.done !== undefined,
    };
    return console.log(JSON.stringify({ event: 'verification', ...counts, chain, workers }));
  }
  const { print } = createConsole(process.stdout);
  for (const { worker, summed, beside } of workers)
    print(`Work         ${describeTally(worker, summed, beside)}`);
  print('\nThe run matches its records.');
}

/** Checks all files against each other. Returns the number of whole epochs. */
function verifyFiles(
  run: RecordedRun,
  workload: Workload,
  exampleCount: number,
  print: (line: string) => void,
): number {
  const { records, checkpoints } = run;
  const { config, firstStep, stopRule } = run.description;
  const from = firstStep === 0 ? '' : `, from step ${firstStep} on: the run began there`;
  print(`Records      ${formatQuantity(records.length, 'step')}${from}`);
  verifyChain(run);
  const chain = records.at(-1)?.chain.slice(0, 16) ?? 'its start';
  print(`Chain        complete and unbroken, up to ${chain}…`);
  verifyColumns(records, config, workload);
  verifyWork(records, config);
  const epochs = verifyExamples(records, config, workload, exampleCount);
  print(`Examples     each once per epoch, in ${epochs} whole epochs`);
  verifyEpochs(run, workload);
  verifyCheckpoints(run, workload, openEngine(config.numerics));
  print(`Checkpoints  ${checkpoints.length}, with the recorded parameters`);
  const stepCount = stopRule.epochs * workload.stepsPerEpoch;
  print(
    verifyEnd(run, workload)
      ? `End          at step ${lastStepOf(run)}, with the model of step ${run.done?.modelStep}`
      : `End          not yet: ${lastStepOf(run)} of ${formatQuantity(stepCount, 'step')}`,
  );
  return epochs;
}

/**
 * Computes steps again: all of them, or some from the beginning and from each checkpoint. Returns
 * the ranges of steps.
 */
async function recomputeSample(
  run: RecordedRun,
  options: VerifyOptions,
  again: RecomputeOptions,
  console: Console,
): Promise<[from: number, to: number][]> {
  const { firstStep } = run.description;
  const later = run.checkpoints.filter(
    ({ step }) => step > firstStep && step < lastStepOf(run) && !options.full,
  );
  const starts: (Checkpoint | undefined)[] = [startOf(run), ...later];
  const perStart = options.full ? run.records.length : Math.ceil(options.steps / starts.length);
  const total = Math.min(run.records.length, perStart * starts.length);
  const showProgress = createProgress(console, total);
  const ranges: [number, number][] = [];
  for (const start of starts) {
    const from = start?.step ?? firstStep;
    const count = Math.min(
      perStart,
      (later.find(({ step }) => step > from)?.step ?? Number.POSITIVE_INFINITY) - from,
    );
    ranges.push([from, from + (await recompute(run, start, count, again, showProgress))]);
  }
  console.clearLive();
  return ranges.filter(([from, to]) => to > from);
}

/** Says which steps were computed again, if not all. */
function describeSample(ranges: readonly [number, number][], all: number): string {
  const count = ranges.reduce((sum, [from, to]) => sum + to - from, 0);
  if (count === all) return '';
  const steps = ranges.map(([from, to]) => `${from}-${to - 1}`).join(', ');
  return `: steps ${steps}. For the others, give --full`;
}

/** Returns a function that shows the progress in a terminal. Call it after each computed step. */
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
      `computing again  ${done}/${total}  ${formatBar(done / total, 16)}  ` +
        `${rate} steps/s  ${formatDuration(secondsLeft)} left`,
    );
  };
}

interface Tally {
  /** Null for the coordinator. */
  readonly worker: string | null;
  /** The micro-batches whose sums entered the result, as a fraction of all micro-batches. */
  readonly summed: number;
  /** The micro-batches of other sums (checks, late or wrong), as a fraction of all. */
  readonly beside: number;
}

/** The work per worker, sorted by `summed`, largest first. */
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
  const more =
    beside > 0 ? `, and ${formatPercent(beside)} not used (checks, late or wrong sums)` : '';
  return `${worker ?? 'the coordinator'}: ${formatPercent(summed)} of all micro-batches${more}`;
}
