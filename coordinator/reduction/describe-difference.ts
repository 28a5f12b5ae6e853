import { areSameBits } from '../../shared/bytes.ts';
import type { Stage } from '../../shared/round/challenge.ts';
import type { RoundKind, Workload } from '../../shared/round/workload.ts';

/** A part of a vector that a worker has computed, and what it should be. */
export interface ComparedPart {
  /** For people, such as "the loss". */
  readonly name: string;
  readonly expected: Float32Array;
  readonly actual: Float32Array;
}

/** Numbers that are further apart do not come from another rounding. */
const ROUNDING_ULPS_MAX = 1_000_000;

/**
 * Which part differs first, and how, for people. The parts are in the order in which they are
 * computed. Undefined if all bits are the same.
 */
export function describeDifference(parts: readonly ComparedPart[]): string | undefined {
  const index = parts.findIndex(({ expected, actual }) => !areSameBits(expected, actual));
  if (index < 0) return undefined;
  const before = index === 0 ? '' : `${parts[index - 1].name} agrees, but `;
  return `${before}${describePart(parts[index])}`;
}

function describePart({ name, expected, actual }: ComparedPart): string {
  if (actual.length !== expected.length)
    return `${name} has ${actual.length} values instead of ${expected.length}`;
  const distances = expected.map((value, i) => ulpsBetween(value, actual[i]));
  const wrong = [...distances.keys()].filter((i) => distances[i] !== 0);
  const size = describeDistance(Math.max(...wrong.map((i) => distances[i])));
  const example = `value ${wrong[0]} is ${actual[wrong[0]]} instead of ${expected[wrong[0]]}`;
  return `${name} differs ${size}, in ${wrong.length} of ${expected.length} values: ${example}`;
}

function describeDistance(ulps: number): string {
  if (ulps === 1) return 'in the last bit';
  if (ulps <= ROUNDING_ULPS_MAX) return `by up to ${ulps} units in the last place`;
  return 'by more than a rounding';
}

/** How many f32 numbers lie between two, plus 1. From -0 to +0 it is 1. */
function ulpsBetween(a: number, b: number): number {
  return Math.abs(orderOf(a) - orderOf(b));
}

const value = new Float32Array(1);
const bits = new Int32Array(value.buffer);

/** Whole numbers in the order of the f32 numbers. */
function orderOf(x: number): number {
  value[0] = x;
  return bits[0] >= 0 ? bits[0] : -1 - (bits[0] & 0x7fffffff);
}

/** The parts of a newcomer's answer to a challenge. */
export function partsOfAnswer(stages: readonly Stage[], answer: Float32Array): ComparedPart[] {
  let end = 0;
  const parts = stages.map(({ name, values }) => {
    const start = end;
    end += values.length;
    return { name, expected: values, actual: answer.subarray(start, end) };
  });
  const rest = { name: 'the end of its answer', expected: new Float32Array(0) };
  return [...parts, { ...rest, actual: answer.subarray(end) }];
}

/** The parts of a partial sum. The gradient is computed from the last layer to the first. */
export function partsOfSum(
  workload: Workload,
  kind: RoundKind,
  expected: Float32Array,
  actual: Float32Array,
): ComparedPart[] {
  const part = (name: string, from: number, to: number): ComparedPart => ({
    name,
    expected: expected.subarray(from, to),
    actual: actual.subarray(from, to),
  });
  const end = expected.length;
  const { tensors } = workload.model;
  const gradients = tensors.map(({ name, offset }, i) =>
    part(`the gradient of ${name}`, offset, tensors[i + 1]?.offset ?? workload.parameterCount),
  );
  return [
    part('the correct count', end - 1, end),
    part('the loss', end - 2, end - 1),
    ...(kind === 'train' ? gradients.reverse() : []),
  ];
}
