import { assert } from '../../../shared/assert.ts';
import type { RunStatus, VerificationSummary } from './run-view.ts';

/*
 * What can be said of two runs, and of a run and its verification, from their chains.
 *
 * The chain after a step is a hash over the parameters after every step so far. So if two runs have
 * the same chain after a step, they had the same parameters after all steps up to there.
 */

/** How long two runs were equal. Steps are numbers of updates. */
export interface RunComparison {
  /** The first and the last step that both have; null if they have none in common. */
  readonly compared: readonly [first: number, last: number] | null;
  /** The last step after which both had the same parameters; null: not even after the first. */
  readonly equalTo: number | null;
  /** How many steps each has. */
  readonly mine: number;
  readonly other: number;
  /** The SHA-256 of each run's model; null before its end. */
  readonly mySha256: string | null;
  readonly otherSha256: string | null;
  /** The settings in which their configurations differ, for people; null if one is not known. */
  readonly differences: readonly string[] | null;
}

/** Where a hash that somebody has given is in a run. */
export interface HashPlace {
  readonly kind: 'chain' | 'fingerprint' | 'parameters';
  /** The number of updates. */
  readonly step: number;
}

/**
 * The last number in [first, last] for which `isEqual` holds, if it holds up to some number and
 * never again. Null if it does not hold for the first one. Asks about log2 of the range.
 */
export async function lastEqual(
  first: number,
  last: number,
  isEqual: (step: number) => Promise<boolean>,
): Promise<number | null> {
  assert(first <= last, 'a range has a first number');
  if (!(await isEqual(first))) return null;
  let [equal, different] = [first, last + 1];
  while (different - equal > 1) {
    const middle = Math.floor((equal + different) / 2);
    if (await isEqual(middle)) equal = middle;
    else different = middle;
  }
  return equal;
}

/** The settings that a sentence names. */
const SETTINGS_MAX = 4;

/** One or two sentences, and why the runs differ. */
export function describeComparison(comparison: RunComparison, name: string): string {
  const { compared, equalTo, differences } = comparison;
  const sentences = describeSteps(comparison, name);
  if (!compared || equalTo === compared[1] || !differences) return sentences;
  if (differences.length === 0) return `${sentences} Their configurations are the same.`;
  const more = differences.length - SETTINGS_MAX;
  const rest = more > 0 ? `, and ${more} more` : '';
  const list = differences.slice(0, SETTINGS_MAX).join(', ');
  return `${sentences} Their configurations differ: ${list}${rest}.`;
}

function describeSteps({ compared, equalTo, mine, other }: RunComparison, name: string): string {
  if (!compared) return `This run and ${name} have no step in common.`;
  const [first, last] = compared;
  if (equalTo === null) {
    return first <= 1
      ? `This run and ${name} had different parameters from the first step on.`
      : `This run and ${name} had different parameters after step ${count(first)}, the first ` +
          'one that both have.';
  }
  if (equalTo < last) {
    return (
      `This run and ${name} were equal up to step ${count(equalTo)}, and different after step ` +
      `${count(equalTo + 1)}.`
    );
  }
  const longer = mine === other ? '' : ` ${mine > other ? 'This run' : name} went on after that.`;
  return (
    `This run and ${name} had the same parameters, to the last bit, after every step up to ` +
    `${count(last)}.${longer}`
  );
}

/** `place`: null if the hash is nowhere in the run. */
export function describePlace(place: HashPlace | null): string {
  switch (place?.kind) {
    case 'chain':
      return (
        `Equal: it is this run's chain after step ${count(place.step)}. Both runs had the same ` +
        'parameters after every step up to there.'
      );
    case 'fingerprint':
      return `Equal: it is the fingerprint of this run after step ${count(place.step)}.`;
    case 'parameters':
      return "Equal: it is the SHA-256 of this run's model.";
    default:
      return 'Different: this run has no such chain, fingerprint or SHA-256.';
  }
}

/** What `lockstep verify` has found; see `run-folder/verification.ts`. */
export interface FoundVerification {
  /** Whether the run matched its records. */
  readonly isPassed: boolean;
  /** Why not. */
  readonly message: string | null;
  /** The records that were checked, and the step of the first one. */
  readonly steps: number;
  readonly firstStep: number;
  /** The steps that were computed again. */
  readonly recomputedSteps: number;
  /** The chain after the last checked step; null if there was none. */
  readonly chain: string | null;
}

/**
 * What a verification says of a run that is now as `status` tells. `time`: when it ended, as people
 * write it.
 */
export function summarizeVerification(
  found: FoundVerification | undefined,
  { step, chain }: Pick<RunStatus, 'step' | 'chain'>,
  time: string,
): Pick<VerificationSummary, 'isPassed' | 'isFailed' | 'sentence'> {
  const summary = { isPassed: false, isFailed: false };
  if (!found) return { ...summary, sentence: 'Nobody has computed steps of this run again yet.' };
  const { steps, firstStep, recomputedSteps, message, isPassed } = found;
  const isOfNow = firstStep + steps === step && found.chain === chain;
  // Records that cannot be read have no chain.
  const isUnreadable = !isPassed && found.chain === null;
  if (!isOfNow && !isUnreadable) {
    const sentence =
      `The verification on ${time} was of ${count(steps)} steps. ` +
      'The run has gone on since, or began again.';
    return { ...summary, sentence };
  }
  if (!isPassed) {
    const sentence = `The verification on ${time} failed: ${message ?? 'a step differs'}`;
    return { ...summary, isFailed: true, sentence };
  }
  const sentence =
    `Verified on ${time}: ${count(recomputedSteps)} of ${count(steps)} steps were computed ` +
    'again on one process, to the same bits.';
  return { ...summary, isPassed: true, sentence };
}

const count = (value: number): string => value.toLocaleString('en-US');
