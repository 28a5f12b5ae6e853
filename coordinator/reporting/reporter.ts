import {
  type Console,
  type ConsoleOptions,
  createConsole,
  createJsonPrinter,
  isJsonAsked,
  type Level,
} from '../../shared/cli/console.ts';
import {
  formatBar,
  formatCount,
  formatDuration,
  formatLoss,
  formatNumber,
  formatPercent,
  formatQuantity,
} from '../../shared/cli/format.ts';
import { showDataEvent } from '../../shared/cli/show-data-event.ts';
import { formatCommand, shortPath } from '../../shared/host/command-line.ts';
import { learningTrend, patienceFor } from '../training/learning-trend.ts';
import type { EpochResult } from '../training/progress.ts';
import type {
  ChaosEvent,
  DoneEvent,
  ListeningEvent,
  ProgressEvent,
  Report,
  RunEvent,
  StartEvent,
} from './events.ts';
import { createNoticeLines } from './notice-log.ts';
import { RUN_ENDS } from './pool-events.ts';

/** The interval of progress lines in a pipe. In a terminal, progress is live. */
const PLAIN_PROGRESS_MS = 10_000;

/** Prints the events of a long run: as JSON if that is asked for, else as a log for people. */
export function createLogReporter(
  options: { readonly json?: true },
  resumeCommand: (runDir: string) => string,
): Report {
  if (isJsonAsked(options)) return createJsonPrinter(process.stdout);
  return createHumanReporter(process.stdout, { isLog: true }, resumeCommand);
}

/** Prints the notices of a command whose last word is its result, for people or as JSON. */
export const createNoticeReporter = (isJson: boolean): Report =>
  isJson ? createJsonPrinter(process.stdout) : createHumanReporter(process.stdout);

/**
 * Prints events for people. Progress is live in a terminal; elsewhere all lines are plain, without
 * control characters. `resumeCommand` gives the command that goes on with the run in a folder.
 */
export function createHumanReporter(
  output: NodeJS.WriteStream,
  options?: ConsoleOptions,
  resumeCommand = (runDir: string) => formatCommand('train', '--resume', shortPath(runDir)),
): Report {
  const console = createConsole(output, options);
  let start: StartEvent | undefined;
  let plainProgressAt = performance.now();
  const epochs: EpochResult[] = [];
  const noticeLine = createNoticeLines(() => performance.now());

  return (event: RunEvent) => {
    switch (event.event) {
      case 'download':
        return showDataEvent(console, event);
      case 'notice': {
        const line = noticeLine(event);
        if (line !== undefined) console.print(line, levelOf(event));
        return;
      }
      case 'chaos':
        return printChaos(console, event);
      case 'start':
        start = event;
        return printStart(console, event);
      case 'listening': {
        const workers = event.workersNeeded === 1 ? 'a worker' : `${event.workersNeeded} workers`;
        console.print(`Coordinator  ${event.url}  waits for ${workers}`);
        if (event.otherUrls.some((url) => url !== event.url))
          console.print(`For others   ${event.otherUrls.join('  ')}`);
        if (event.token !== undefined) console.print(`Token        ${event.token}`);
        return console.print(`Dashboard    ${dashboardWithToken(event)}`);
      }
      case 'worker':
        // At the end all workers leave, as expected.
        if (event.state === 'left' && RUN_ENDS.includes(event.reason)) return;
        return console.print(describeWorker(event), levelOf(event));
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
        return printStopped(console, event, resumeCommand(event.runDir));
      case 'done':
        return printDone(console, event, epochs, start, resumeCommand);
    }
  };
}

/** The address of the dashboard. A browser does not send the part after the # to anybody. */
export function dashboardWithToken({ dashboardUrl, token, controlToken }: ListeningEvent): string {
  const shown = token ?? controlToken;
  return shown === undefined ? dashboardUrl : `${dashboardUrl}#token=${shown}`;
}

function printStopped(
  console: Console,
  { step, checkpoint }: RunEvent & { event: 'stopped' },
  resumeCommand: string,
): void {
  console.print(`Stopped after step ${step}. Saved ${shortPath(checkpoint)}`);
  console.print(`Continue with: ${resumeCommand}`);
}

/** Kinds of notices that tell of what goes as it should. */
const INFORMATIVE: readonly string[] = [
  'certificate',
  'chaos',
  'control',
  'dashboard',
  'data',
  'late',
  'stopping',
];

/** A worker that has gone by itself, and most notices, are worth a look. */
function levelOf(event: RunEvent & { event: 'notice' | 'worker' }): Level {
  if (event.event === 'notice') return INFORMATIVE.includes(event.code) ? 'info' : 'warn';
  return event.state === 'left' && event.reason !== 'drained' ? 'warn' : 'info';
}

function printStart(console: Console, event: StartEvent): void {
  const { trainingExamples, validationExamples, testExamples } = event;
  const counts =
    `${formatCount(trainingExamples)} training, ${formatCount(validationExamples)} validation, ` +
    `${formatCount(testExamples)} test examples`;
  console.print(`Dataset      ${event.dataset}: ${counts}`);
  console.print(`Model        ${event.model}: ${formatCount(event.parameterCount)} parameters`);
  console.print(
    `Training     ${formatQuantity(event.epochs, 'epoch')} of ` +
      `${formatQuantity(event.stepsPerEpoch, 'step')}; ` +
      `${formatQuantity(event.globalBatch, 'example')} per step in ` +
      formatQuantity(event.microBatchCount, 'micro-batch'),
  );
  const kernels = event.tile === 'plain' ? 'plain kernels' : `WebAssembly, ${event.tile} tiles`;
  console.print(`Engine       ${event.numerics}; ${kernels}`);
  console.print(`Run folder   ${shortPath(event.runDir)}`);
  if (event.initialWeightsFrom !== null)
    console.print(`Weights      from ${shortPath(event.initialWeightsFrom)}`);
  if (event.resumedFrom !== null) {
    console.print(`Resumed      after step ${event.step}, from ${shortPath(event.resumedFrom)}`);
  }
}

function describeWorker(event: RunEvent & { event: 'worker' }): string {
  const { name, pid } = event;
  const runtime = event.state === 'ready' && event.runtime ? `, ${event.runtime}` : '';
  // In containers many processes have the same pid. Only our own workers have such names.
  const isHere = pid === process.pid && name.startsWith('local-');
  const where = pid === undefined ? runtime : isHere ? ', in this process' : `, pid ${pid}`;
  const what = event.state === 'ready' ? 'ready' : `left: ${describeReason(event.reason)}`;
  return `Worker ${event.rank}     ${what} (${name}${where}); world size ${event.worldSize}`;
}

const describeReason = (reason: string): string =>
  reason === 'drained' ? 'it was asked to, and has answered' : reason;

function describeProgress(event: ProgressEvent, start: StartEvent | undefined): string {
  const { step, stepCount, epoch, trainLoss, examplesPerSecond, secondsLeft, worldSize } = event;
  return [
    `epoch ${epoch}${start ? `/${start.epochs}` : ''}`,
    `step ${step}/${stepCount}`,
    formatBar(step / stepCount, 16),
    `loss ${formatLoss(trainLoss)}`,
    `${formatCount(examplesPerSecond)} examples/s`,
    ...(worldSize > 0 ? [formatQuantity(worldSize, 'worker')] : []),
    `${formatDuration(secondsLeft)} left`,
  ].join('  ');
}

function describeEpoch(
  event: RunEvent & { event: 'epoch' },
  start: StartEvent | undefined,
): string {
  const { epoch, trainLoss, validationLoss, testAccuracy, testErrors, seconds } = event;
  return [
    `epoch ${String(epoch).padStart(String(start?.epochs ?? '').length)}` +
      `${start ? `/${start.epochs}` : ''}`,
    `training loss ${formatLoss(trainLoss)}`,
    ...(validationLoss === null ? [] : [`validation loss ${formatLoss(validationLoss)}`]),
    testErrors
      ? `test RMSE ${formatNumber(testErrors.rmse)}   R² ${testErrors.r2.toFixed(4)}`
      : `test accuracy ${formatPercent(testAccuracy ?? 0)}`,
    formatDuration(seconds),
  ].join('   ');
}

function printDone(
  console: Console,
  event: DoneEvent,
  epochs: readonly EpochResult[],
  start: StartEvent | undefined,
  resumeCommand: (runDir: string) => string,
): void {
  const { trainLoss, parametersSha256 } = event;
  const run = shortPath(event.runDir);
  console.print('');
  console.print(describeTraining(event, start));
  const choice = describeChoice(event, start);
  if (choice) console.print(choice);
  for (const line of resultLines(event, start)) console.print(line);
  console.print(`  training loss   ${formatLoss(trainLoss)}`);
  console.print(`  parameters      sha256 ${parametersSha256}`);
  console.print(`  checkpoint      ${shortPath(event.checkpoint)}`);
  const advice = event.isStoppedEarly ? undefined : overfittingAdvice(epochs, start);
  if (advice) console.print(`\n${advice}`);
  const isMidEpoch = start !== undefined && event.steps % start.stepsPerEpoch !== 0;
  const next = [
    ...(isMidEpoch ? [`  ${resumeCommand(event.runDir)}    continue from here`] : []),
    `  ${formatCommand('view', run)}    the dashboard of this run`,
    `  ${formatCommand('evaluate', run)}    ${
      event.testErrors ? 'test errors, against the targets' : 'test accuracy and confusion matrix'
    }`,
    `  ${formatCommand('predict', run, 'FILE')}    what the model says of pictures or rows`,
    `  ${formatCommand('verify', run)}    whether the run matches its records`,
    `  ${formatCommand('train', '--help')}    other layers, optimizers, schedules`,
  ];
  console.print(`\nNext:\n${next.join('\n')}`);
  console.print('With the same flags, any number of workers gives the same sha256.');
}

/** The accuracy, or the errors beside those of a model that learned nothing. */
function resultLines(
  { testAccuracy, testErrors }: DoneEvent,
  start: StartEvent | undefined,
): string[] {
  if (!testErrors) return [`  test accuracy   ${formatPercent(testAccuracy ?? 0)}`];
  const baseline = start?.target?.baseline;
  const beside = (value: number | undefined) =>
    value === undefined ? '' : `   always the mean: ${formatNumber(value)}`;
  return [
    `  test RMSE       ${formatNumber(testErrors.rmse)}${beside(baseline?.rmse)}`,
    `  test MAE        ${formatNumber(testErrors.mae)}${beside(baseline?.mae)}`,
    `  test R²         ${testErrors.r2.toFixed(4)}`,
  ];
}

function describeTraining(event: DoneEvent, start: StartEvent | undefined): string {
  const { steps, seconds, totalSeconds, examplesPerSecond, worldSize } = event;
  if (steps === start?.step) return `The run had already finished at step ${steps}.`;
  const workers = worldSize === 0 ? 'without workers' : formatQuantity(worldSize, 'worker');
  const rate = `${formatCount(examplesPerSecond)} examples/s, ${workers}`;
  const firstStep = start?.step ?? 0;
  if (firstStep === 0) return `Trained to step ${steps} in ${formatDuration(seconds)}, ${rate}.`;
  return (
    `Trained to step ${steps} in ${formatDuration(totalSeconds)} in all. ` +
    `This part, from step ${firstStep}, took ${formatDuration(seconds)}, ${rate}.`
  );
}

/** Says which model early stopping has chosen, if it has. */
function describeChoice(
  { steps, modelStep, isStoppedEarly }: DoneEvent,
  start: StartEvent | undefined,
): string | undefined {
  if (!isStoppedEarly && modelStep === steps) return undefined;
  const epoch = start ? `epoch ${modelStep / start.stepsPerEpoch}, ` : '';
  const stop = isStoppedEarly ? 'Stopped early: the validation loss fell no more. ' : '';
  const which = `that of ${epoch}step ${modelStep}, with the lowest validation loss`;
  return `${stop}The run's model is ${which}.`;
}

function printChaos(console: Console, event: ChaosEvent): void {
  const { kill, stall, leave, join, corrupt, meanWorldSize, undisturbedWorldSize, goodput } = event;
  console.print('');
  console.print(
    `Chaos: ${kill} killed, ${stall} stalled, ${leave} asked to leave, ${join} joined, ` +
      `${corrupt} expelled for a wrong sum; ${meanWorldSize.toFixed(1)} workers on average`,
  );
  console.print(`  undisturbed   sha256 ${event.undisturbedSha256}`);
  console.print(
    `  disturbed     sha256 ${event.parametersSha256}   ${event.isEqual ? 'equal' : 'NOT EQUAL'}`,
  );
  console.print(
    `  goodput       ${Math.round(goodput * 100)} % of the examples/s of ` +
      `${undisturbedWorldSize} undisturbed workers`,
  );
}

/** Undefined if the model does not overfit, or if epochs before a resume are not known here. */
function overfittingAdvice(
  epochs: readonly EpochResult[],
  start: StartEvent | undefined,
): string | undefined {
  if (!start || start.resumedFrom !== null) return undefined;
  const trend = learningTrend(epochs, start.validationExamples);
  if (trend.kind !== 'overfitting') return undefined;
  const { best, last } = trend;
  return (
    `The model overfits. Since epoch ${best.epoch} the training loss fell from ` +
    `${formatLoss(best.trainLoss)} to ${formatLoss(last.trainLoss)}, but the validation loss ` +
    `rose from ${formatLoss(best.validationLoss)} to ${formatLoss(last.validationLoss)}. ` +
    `Try --early-stopping ${patienceFor(start.epochs)}.`
  );
}
