import { relative } from 'node:path';
import { type Console, createConsole } from '../shared/console.ts';
import { showDataEvent } from '../shared/data/show-data-event.ts';
import { formatBar, formatCount, formatDuration, formatLoss, formatPercent } from '../shared/format.ts';
import type { ChaosEvent, DoneEvent, ProgressEvent, Report, RunEvent, StartEvent } from './events.ts';
import type { EpochResult } from './progress.ts';

/** In a pipe a line of progress comes this often; in a terminal it is live. */
const PLAIN_PROGRESS_MS = 10_000;

/** Of late shares one is told so often. */
const LATE_INTERVAL_MS = 5_000;

/** Prints events as they are, a line of JSON each. */
export const reportJson: Report = (event) => console.log(JSON.stringify(event));

/** Prints events for people: live in a terminal, plain lines without control characters elsewhere. */
export function createHumanReporter(output: NodeJS.WriteStream): Report {
  const console = createConsole(output);
  let start: StartEvent | undefined;
  let plainProgressAt = performance.now();
  const epochs: EpochResult[] = [];
  let latePrintedAt = Number.NEGATIVE_INFINITY;

  /** Late shares come in swarms where a machine is busy; all of them are in `--json` and counted in the status. */
  function isOneOfMany(): boolean {
    if (performance.now() - latePrintedAt < LATE_INTERVAL_MS) return true;
    latePrintedAt = performance.now();
    return false;
  }

  return (event: RunEvent) => {
    switch (event.event) {
      case 'download':
        return showDataEvent(console, event);
      case 'notice':
        if (event.code === 'late' && isOneOfMany()) return;
        return console.print(event.message);
      case 'chaos':
        return printChaos(console, event);
      case 'start':
        start = event;
        return printStart(console, event);
      case 'listening': {
        const workers = event.workersNeeded === 1 ? 'a worker' : `${event.workersNeeded} workers`;
        return console.print(`Coordinator  ${event.url}, waiting for ${workers}`);
      }
      case 'worker':
        // That they all leave when the work is done is no news.
        if (event.state === 'left' && event.reason === 'finished') return;
        return console.print(describeWorker(event));
      case 'progress':
        if (console.isTerminal) return console.showLive(describeProgress(event, start));
        if (performance.now() - plainProgressAt < PLAIN_PROGRESS_MS) return;
        plainProgressAt = performance.now();
        return console.print(describeProgress(event, start));
      case 'epoch':
        epochs.push(event);
        plainProgressAt = performance.now();
        return console.print(describeEpoch(event, start));
      case 'checkpoint':
        return;
      case 'stopped':
        console.print(`Stopped after step ${event.step}; saved ${shortPath(event.checkpoint)}`);
        return console.print(`Go on with: npx lockstep train --resume ${shortPath(event.runDir)}`);
      case 'done':
        return printDone(console, event, epochs, start);
    }
  };
}

function printStart(console: Console, event: StartEvent): void {
  const { trainingExamples, validationExamples, testExamples } = event;
  const counts =
    `${formatCount(trainingExamples)} training, ${formatCount(validationExamples)} validation, ` +
    `${formatCount(testExamples)} test images`;
  console.print(`Dataset      ${event.dataset}: ${counts}`);
  console.print(`Model        ${event.model}: ${formatCount(event.parameterCount)} parameters`);
  console.print(
    `Training     ${event.epochs} epochs of ${event.stepsPerEpoch} steps; ${event.globalBatch} examples a step ` +
      `in ${event.microBatchCount} micro-batches`,
  );
  const kernels = event.tile === 'plain' ? 'plain kernels' : `WebAssembly, ${event.tile} tiles`;
  console.print(`Engine       ${event.numerics}; ${kernels}`);
  console.print(`Run folder   ${shortPath(event.runDir)}`);
  if (event.resumedFrom !== null) {
    console.print(`Resumed      after step ${event.step}, from ${shortPath(event.resumedFrom)}`);
  }
}

function describeWorker(event: RunEvent & { event: 'worker' }): string {
  const who = `${event.name}${event.pid === undefined ? '' : `, pid ${event.pid}`}`;
  const what = event.state === 'ready' ? 'ready' : `left: ${event.reason}`;
  return `Worker ${event.rank}     ${what} (${who}); world size ${event.worldSize}`;
}

function describeProgress(event: ProgressEvent, start: StartEvent | undefined): string {
  const { step, stepCount, epoch, trainLoss, examplesPerSecond, secondsLeft, worldSize } = event;
  return [
    `epoch ${epoch}${start ? `/${start.epochs}` : ''}`,
    `step ${step}/${stepCount}`,
    formatBar(step / stepCount, 16),
    `loss ${formatLoss(trainLoss)}`,
    `${formatCount(examplesPerSecond)} examples/s`,
    ...(worldSize > 0 ? [`${worldSize} ${worldSize === 1 ? 'worker' : 'workers'}`] : []),
    `${formatDuration(secondsLeft)} left`,
  ].join('  ');
}

function describeEpoch(event: RunEvent & { event: 'epoch' }, start: StartEvent | undefined): string {
  const { epoch, trainLoss, validationLoss, testAccuracy, seconds } = event;
  return [
    `epoch ${String(epoch).padStart(String(start?.epochs ?? '').length)}${start ? `/${start.epochs}` : ''}`,
    `training loss ${formatLoss(trainLoss)}`,
    ...(validationLoss === null ? [] : [`validation loss ${formatLoss(validationLoss)}`]),
    `test accuracy ${formatPercent(testAccuracy)}`,
    formatDuration(seconds),
  ].join('   ');
}

function printDone(
  console: Console,
  event: DoneEvent,
  epochs: readonly EpochResult[],
  start: StartEvent | undefined,
): void {
  const { steps, seconds, examplesPerSecond, worldSize, testAccuracy, trainLoss, parametersSha256 } = event;
  const workers =
    worldSize === 0 ? 'this process alone' : worldSize === 1 ? '1 worker' : `${worldSize} workers`;
  const run = shortPath(event.runDir);
  console.print('');
  console.print(
    steps === start?.step
      ? `The run was finished before, at step ${steps}.`
      : `Trained to step ${steps} in ${formatDuration(seconds)}, ${formatCount(examplesPerSecond)} examples/s, ${workers}.`,
  );
  console.print(`  test accuracy   ${formatPercent(testAccuracy)}`);
  console.print(`  training loss   ${formatLoss(trainLoss)}`);
  console.print(`  parameters      sha256 ${parametersSha256}`);
  console.print(`  checkpoint      ${shortPath(event.checkpoint)}`);
  const advice = overfittingAdvice(epochs);
  if (advice) console.print(`\n${advice}`);
  const isMidEpoch = start !== undefined && event.steps % start.stepsPerEpoch !== 0;
  const next = [
    ...(isMidEpoch ? [`  npx lockstep train --resume ${run}    go on from here`] : []),
    `  npx lockstep evaluate ${run}    which classes it takes for which`,
    '  npx lockstep train --workers 3 …  with the same flags: the same sha256',
    '  npx lockstep train --help    other layers, optimizers, schedules',
  ];
  console.print(`\nNext:\n${next.join('\n')}`);
}

function printChaos(console: Console, event: ChaosEvent): void {
  const { kill, stall, leave, join, meanWorldSize, undisturbedWorldSize, goodput } = event;
  console.print('');
  console.print(
    `Chaos: ${kill} killed, ${stall} stalled, ${leave} asked to leave, ${join} joined; ` +
      `${meanWorldSize.toFixed(1)} workers on average`,
  );
  console.print(`  undisturbed   sha256 ${event.undisturbedSha256}`);
  console.print(
    `  disturbed     sha256 ${event.parametersSha256}   ${event.isEqual ? 'equal' : 'NOT EQUAL'}`,
  );
  console.print(
    `  goodput       ${Math.round(goodput * 100)} % of the examples/s of ${undisturbedWorldSize} undisturbed workers`,
  );
}

/** Says so when the validation loss has been rising while the training loss still fell. */
function overfittingAdvice(epochs: readonly EpochResult[]): string | undefined {
  const losses = epochs.map(({ validationLoss }) => validationLoss ?? Number.NaN);
  const best = epochs[losses.indexOf(Math.min(...losses))];
  const last = epochs.at(-1);
  if (!best || !last || last.epoch - best.epoch < 2 || last.trainLoss >= best.trainLoss) return undefined;
  return (
    `It overfits: since epoch ${best.epoch} the training loss fell from ${formatLoss(best.trainLoss)} to ` +
    `${formatLoss(last.trainLoss)}, but the validation loss rose from ${formatLoss(best.validationLoss ?? 0)} to ` +
    `${formatLoss(last.validationLoss ?? 0)}. Try --early-stopping 2.`
  );
}

/** Relative to the current folder where that is shorter. */
function shortPath(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere !== '' && fromHere.length < path.length ? fromHere : path;
}
