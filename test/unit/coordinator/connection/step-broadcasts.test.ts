import { describe, expect, test } from 'vitest';
import { StepBroadcasts } from '../../../../coordinator/connection/step-broadcasts.ts';

const parameters = new Float32Array(4);

describe('the broadcasts of a run', () => {
  /** Writes down what is encoded of which step, and what is over. */
  function createBroadcasts() {
    const calls: string[] = [];
    const broadcasts = new StepBroadcasts((step) => {
      calls.push(`create ${step}`);
      return {
        step,
        encode: (_, length) => calls.push(`encode ${step}: ${length}`),
        sendTo: () => 0,
        end: () => calls.push(`end ${step}`),
      };
    });
    return { broadcasts, calls };
  }

  test('encode the parameters of a step once, when somebody needs them', () => {
    const { broadcasts, calls } = createBroadcasts();
    broadcasts.begin(0, parameters);
    expect(calls).toEqual([]);
    const first = broadcasts.whole(0, parameters);
    expect(broadcasts.whole(0, parameters)).toBe(first);
    expect(calls).toEqual(['create 0', 'encode 0: 4']);
  });

  test('keep the parameters of a step until the next step begins', () => {
    const { broadcasts, calls } = createBroadcasts();
    broadcasts.begin(0, parameters);
    const first = broadcasts.whole(0, parameters);
    broadcasts.begin(0, parameters);
    expect(broadcasts.whole(0, parameters)).toBe(first);
    broadcasts.begin(1, parameters);
    expect(broadcasts.whole(1, parameters).step).toBe(1);
    expect(calls).toEqual(['create 0', 'encode 0: 4', 'end 0', 'create 1', 'encode 1: 4']);
  });

  test('make the parts that were sent ahead the parameters of the next step', () => {
    const { broadcasts, calls } = createBroadcasts();
    broadcasts.begin(0, parameters);
    const current = broadcasts.whole(0, parameters);
    const next = broadcasts.part(1, parameters, 2);
    expect(broadcasts.part(1, parameters, 4)).toBe(next);
    expect(broadcasts.whole(0, parameters)).toBe(current);
    broadcasts.begin(1, parameters);
    expect(broadcasts.whole(1, parameters)).toBe(next);
    expect(broadcasts.part(2, parameters, 1).step).toBe(2);
    expect(calls).toEqual([
      'create 0',
      'encode 0: 4',
      'create 1',
      'encode 1: 2',
      'encode 1: 4',
      'end 0',
      'create 2',
      'encode 2: 1',
    ]);
  });

  test('end the parts that were sent ahead when these are rolled back, and begin again', () => {
    const { broadcasts, calls } = createBroadcasts();
    broadcasts.begin(0, parameters);
    const wrong = broadcasts.part(1, parameters, 2);
    broadcasts.rollBack();
    broadcasts.rollBack();
    broadcasts.begin(1, parameters);
    expect(broadcasts.whole(1, parameters)).not.toBe(wrong);
    expect(calls).toEqual(['create 1', 'encode 1: 2', 'end 1', 'create 1', 'encode 1: 4']);
  });

  test('end the parts that were sent ahead when the step begins again', () => {
    const { broadcasts, calls } = createBroadcasts();
    broadcasts.begin(0, parameters);
    const current = broadcasts.whole(0, parameters);
    broadcasts.part(1, parameters, 2);
    broadcasts.begin(0, parameters);
    expect(calls.at(-1)).toBe('end 1');
    expect(broadcasts.whole(0, parameters)).toBe(current);
  });

  test('tell the parameters of a step from their averages', () => {
    const { broadcasts, calls } = createBroadcasts();
    const averages = new Float32Array(4);
    broadcasts.begin(0, parameters);
    const trained = broadcasts.whole(0, parameters);
    broadcasts.part(1, parameters, 4);
    broadcasts.begin(1, averages);
    const evaluated = broadcasts.whole(1, averages);
    broadcasts.begin(1, averages);
    expect(broadcasts.whole(1, averages)).toBe(evaluated);
    broadcasts.begin(1, parameters);
    const again = broadcasts.whole(1, parameters);
    expect(new Set([trained, evaluated, again]).size).toBe(3);
    expect(calls.slice(-3)).toEqual(['end 1', 'create 1', 'encode 1: 4']);
  });
});
