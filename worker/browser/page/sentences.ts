import { isActive, type TabState } from './tab-state.ts';

const count = (value: number): string => Math.round(value).toLocaleString('en-US');
const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
const plural = (value: number, noun: string): string =>
  `${count(value)} ${noun}${value === 1 ? '' : 's'}`;

/** What the tab does now, in a sentence or two. */
export function statusSentence(state: TabState): string {
  const { phase, reason, rank, loaded } = state;
  switch (phase) {
    case 'invited':
      return 'Nothing runs before you press Start.';
    case 'connecting':
      return 'The page checks its kernels and connects to the run.';
    case 'preparing':
      return loaded
        ? `The page gets the training data: ${megabytes(loaded.receivedBytes)} of ` +
            `${megabytes(loaded.totalBytes)}.`
        : 'The page gets the training data.';
    case 'computing':
      return `This tab is worker ${rank ?? ''} of the run, and computes.`;
    case 'lost':
      return `There is no connection to the run (${reason}). The page tries again by itself.`;
    case 'leaving':
      return 'The tab finishes what it was asked for.';
    case 'paused':
      return 'Paused. The run goes on without this tab.';
    case 'dismissed':
      return 'The run has let this tab go. You may join again.';
    case 'finished':
      return `The run is finished. ${thanks(state)}`;
    case 'run-failed':
      return `The run has failed, by no fault of this tab: ${sentence(reason)} ${thanks(state)}`;
    case 'failed':
      return `This tab cannot take part: ${sentence(reason)}`;
  }
}

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

function thanks({ work: { examples } }: TabState): string {
  if (examples === 0) return 'You may close this tab.';
  return `Thank you: this tab computed ${plural(examples, 'example')}. You may close it.`;
}

/** A number or a name that the page shows. */
export interface Figure {
  readonly name: string;
  readonly value: string;
}

/** What is computed, how fast, and what the tab has given. Empty before there is a run. */
export function figuresOf(state: TabState): Figure[] {
  const { run, work, threads } = state;
  if (!run) return [];
  const kernels =
    run.tile === 'plain' ? 'plain kernels, 100 times slower than fast ones' : 'fast kernels';
  const speed =
    work.examplesPerSecond > 0 && isActive(state)
      ? `${count(work.examplesPerSecond)} examples/s`
      : '–';
  return [
    { name: 'Speed', value: speed },
    { name: 'Computed', value: plural(work.examples, 'example') },
    { name: 'Answers', value: `${plural(work.shares, 'share')}, ${plural(work.sums, 'sum')}` },
    { name: 'Data', value: run.dataset },
    { name: 'Model', value: `${run.model} (${plural(run.parameterCount, 'parameter')})` },
    {
      name: 'Arithmetic',
      value: `${run.numerics} numerics, ${kernels}, ${plural(threads, 'thread')}`,
    },
  ];
}

/** The title of the browser's tab, for those who look at other tabs. */
export function titleOf({ phase }: TabState): string {
  const words: Partial<Record<TabState['phase'], string>> = {
    invited: 'Take part',
    computing: 'Computing',
    paused: 'Paused',
    finished: 'Finished',
    'run-failed': 'The run has failed',
    failed: 'Cannot take part',
    dismissed: 'Let go',
    lost: 'Reconnecting',
  };
  return `${words[phase] ?? 'Joining'} · Lockstep`;
}
