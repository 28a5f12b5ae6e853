import { STEP_PARTS, type StepBreakdown } from '../../training/step-breakdown.ts';

/** What people read of a part of a step. */
export interface PartWords {
  /** Two or three words, for a legend. */
  readonly name: string;
  /** One sentence: what the part is. */
  readonly meaning: string;
}

export const PART_WORDS: Readonly<Record<keyof StepBreakdown, PartWords>> = {
  compute: {
    name: 'computing',
    meaning:
      'Workers pass examples forward and backward and sum the gradients; ' +
      'this is the mean over the workers.',
  },
  slowest: {
    name: 'waiting for the slowest',
    meaning:
      'The worker that finishes last computes longer than the mean, or waits for a late one.',
  },
  broadcast: {
    name: 'handing out',
    meaning: 'The coordinator hands parameters and shares out, until the last worker has its own.',
  },
  serialise: {
    name: 'sending',
    meaning: 'The worker that finishes last writes its sums to its connection.',
  },
  wire: {
    name: 'network',
    meaning:
      'Parameters and sums are on their way, in sockets, in the network or in a queue of messages.',
  },
  reduce: {
    name: 'adding',
    meaning: 'The coordinator adds up what was still to add when the last sum arrived.',
  },
  update: {
    name: 'updating',
    meaning: 'The optimizer changes the parameters.',
  },
  between: {
    name: 'between',
    meaning: 'The coordinator begins the next step.',
  },
};

/** What limits the speed, with the parts of a step in which it does. */
const LIMITS = {
  computing: ['compute'],
  waiting: ['slowest'],
  exchanging: ['broadcast', 'serialise', 'wire'],
  coordinator: ['reduce', 'update', 'between'],
} as const satisfies Record<string, readonly (keyof StepBreakdown)[]>;

const LIMIT_NAMES = ['computing', 'waiting', 'exchanging', 'coordinator'] as const;

/** If computing takes a smaller part of a step, more workers gain little. */
export const COMPUTE_PART_MIN = 0.6;

export interface Limit {
  readonly name: keyof typeof LIMITS;
  /** Its part of a step, 0 to 1. */
  readonly part: number;
}

/** The whole time of a step. */
export const wholeOf = (breakdown: StepBreakdown): number =>
  STEP_PARTS.reduce((sum, part) => sum + breakdown[part], 0);

/** What limits the speed: computing, unless it takes too small a part of a step. */
export function limitOf(breakdown: StepBreakdown): Limit {
  const whole = wholeOf(breakdown);
  const limits = LIMIT_NAMES.map((name) => ({
    name,
    part: LIMITS[name].reduce((sum, part) => sum + breakdown[part], 0) / whole,
  }));
  const [computing, ...others] = limits;
  if (computing.part >= COMPUTE_PART_MIN) return computing;
  return others.reduce((most, each) => (each.part > most.part ? each : most));
}

/** One sentence: what limits the speed. */
export function describeLimit({ name, part }: Limit): string {
  const percent = `${Math.round(part * 100)} %`;
  switch (name) {
    case 'computing':
      return `Computing takes ${percent} of a step. Only this part is divided among more workers.`;
    case 'waiting':
      return `Waiting for the slowest worker takes ${percent} of a step.`;
    case 'exchanging':
      return `Handing out work and collecting sums takes ${percent} of a step.`;
    case 'coordinator':
      return (
        `Adding and updating takes ${percent} of a step, ` +
        'and the coordinator does that alone, whatever the number of workers.'
      );
  }
}

/** What to try against a limit, after "Try". Undefined if there is nothing to try. */
export function adviceOn(name: Limit['name'], globalBatch: number): string | undefined {
  switch (name) {
    case 'computing':
      return undefined;
    case 'waiting':
      return 'more --micro-batches, or workers that have cores of their own';
    case 'exchanging':
      return (
        `a larger --global-batch than ${globalBatch}, ` +
        'or a model with more computation per parameter, such as cnn'
      );
    case 'coordinator':
      return `a larger --global-batch than ${globalBatch}`;
  }
}
