import { describe, expect, test } from 'vitest';
import { bytesOf } from '../../../shared/bytes.ts';
import { ProtocolError } from '../../../shared/errors.ts';
import { ParameterInbox } from '../../../worker/parameter-inbox.ts';
import { createDraws } from '../../support/simulation/draws.ts';
import { naiveEngine } from '../../support/toy-run.ts';

const COUNT = 6;
const { unpackBfloat16 } = naiveEngine.kernels;

/** An inbox of 6 parameters, and how values [from, to) of some arrive. */
function createInbox(bfloat16Length = 0) {
  const allocated: Float32Array[] = [];
  const inbox = new ParameterInbox({
    parameterCount: COUNT,
    bfloat16Length,
    unpackBfloat16,
    allocate(length) {
      allocated.push(new Float32Array(length));
      return allocated[allocated.length - 1];
    },
  });
  const receive = (step: number, values: Float32Array, from = 0, to = COUNT, now = 0) =>
    inbox.receive(step, 4 * from, bytesOf(values.subarray(from, to)), now);
  return { inbox, receive, allocated };
}

const draws = createDraws(2);
const [first, second, third] = [1, 2, 3].map(() => draws.floats(COUNT));

describe('a parameter inbox', () => {
  test('has parameters once their last chunk is here', () => {
    const { inbox, receive } = createInbox();
    expect(inbox.current).toBeUndefined();
    receive(7, first, 0, 4);
    expect(inbox.current).toBeUndefined();
    receive(7, first, 4);
    expect(inbox.current).toEqual({ step: 7, values: first });
  });

  test('keeps the present parameters while the next ones arrive', () => {
    const { inbox, receive } = createInbox();
    receive(7, first);
    const values = inbox.current?.values;
    receive(8, second, 0, 5);
    expect(inbox.current).toEqual({ step: 7, values: first });
    expect(inbox.current?.values).toBe(values);
    receive(8, second, 5);
    expect(inbox.current).toEqual({ step: 8, values: second });
  });

  test('takes any number of steps in the same two vectors', () => {
    const { inbox, receive, allocated } = createInbox();
    for (const [step, values] of [first, second, third].entries()) {
      receive(step, values);
      expect(inbox.current).toEqual({ step, values });
    }
    expect(allocated).toHaveLength(2);
  });

  test('replaces chunks by those that begin again', () => {
    const { inbox, receive } = createInbox();
    receive(7, first, 0, 4);
    receive(7, second, 0, 2);
    receive(7, second, 2);
    expect(inbox.current).toEqual({ step: 7, values: second });
  });

  test.for<[string, number, number]>([
    ['leaves a gap', 3, 4],
    ['repeats values', 1, 4],
  ])('takes no chunk that %s', ([, from, to]) => {
    const { receive } = createInbox();
    receive(7, first, 0, 2);
    expect(() => receive(7, first, from, to)).toThrow(ProtocolError);
  });

  test('takes no chunk beyond the last parameter, nor one before the first', () => {
    const { inbox, receive } = createInbox();
    expect(() => receive(7, first, 1)).toThrow(ProtocolError);
    const long = new Uint8Array(4 * COUNT + 2);
    expect(() => inbox.receive(7, 0, long, 0)).toThrow(ProtocolError);
    expect(inbox.current).toBeUndefined();
  });

  test('unpacks parameters that arrive as bfloat16', () => {
    const { inbox } = createInbox(COUNT);
    const halves = Uint16Array.of(0x3f80, 0xbf80, 0x3fc0, 0x4000, 0, 0x8000);
    inbox.receive(7, 0, new Uint8Array(halves.buffer, 0, 6), 0);
    expect(inbox.current).toBeUndefined();
    inbox.receive(7, 6, new Uint8Array(halves.buffer, 6), 0);
    expect(inbox.current?.values).toEqual(Float32Array.of(1, -1, 1.5, 2, 0, -0));
  });

  test('says once how long the parameters took to arrive', () => {
    const { inbox, receive } = createInbox();
    expect(inbox.takeReceiveMs(5)).toBe(0);
    receive(7, first, 0, 4, 10);
    receive(7, first, 4, COUNT, 30);
    expect(inbox.takeReceiveMs(35)).toBe(25);
    expect(inbox.takeReceiveMs(40)).toBe(0);
    receive(8, first, 0, 4, 50);
    receive(8, first, 0, COUNT, 60);
    expect(inbox.takeReceiveMs(61)).toBe(1);
  });

  test('times the parameters in use, not the ones that arrive', () => {
    const { inbox, receive } = createInbox();
    receive(7, first, 0, COUNT, 10);
    expect(inbox.takeReceiveMs(20)).toBe(10);
    receive(8, second, 0, 4, 30);
    expect(inbox.takeReceiveMs(35)).toBe(0);
    receive(8, second, 4, COUNT, 40);
    expect(inbox.takeReceiveMs(50)).toBe(20);
  });

  test('refuses a chunk that continues the parameters of another step', () => {
    const { inbox, receive } = createInbox();
    receive(7, first, 0, 4);
    expect(() => receive(8, second, 4, COUNT)).toThrow(ProtocolError);
    expect(inbox.current).toBeUndefined();
  });
});
