import { describe, expect, test } from 'vitest';
import { createStrangers } from '../../../../coordinator/port/strangers.ts';

/** Connections with names, and the names of those that were ended, in order. */
function createConnections() {
  const ended: string[] = [];
  const connection = (name: string) => ({ destroy: () => void ended.push(name) });
  return { ended, connection };
}

describe('strangers', () => {
  test('lose the oldest of an address that has too many', () => {
    const { ended, connection } = createConnections();
    const strangers = createStrangers(10, 2);
    for (const name of ['a1', 'a2', 'b1', 'a3', 'a4'])
      strangers.add(name, connection(name), name[0]);
    expect(ended).toEqual(['a1', 'a2']);
    expect(strangers.count).toBe(3);
  });

  test('lose the oldest of the address that has most, if there are too many in all', () => {
    const { ended, connection } = createConnections();
    const strangers = createStrangers(12, 20);
    const ofB = Array.from({ length: 10 }, (_, i) => `b${i}`);
    for (const name of ['a1', ...ofB, 'c1', 'd1', 'e1', 'f1'])
      strangers.add(name, connection(name), name[0]);
    expect(ended).toEqual(['b0', 'b1', 'a1']);
  });

  test('lose the oldest one, not a user with two, if a crowd has one each', () => {
    const { ended, connection } = createConnections();
    const strangers = createStrangers(20, 10);
    const crowd = (from: number, to: number) => {
      for (let i = from; i < to; i++) strangers.add(`${i}`, connection(`${i}`), `${i}`);
    };
    crowd(0, 18);
    for (const name of ['worker', 'status']) strangers.add(name, connection(name), 'user');
    crowd(18, 36);
    expect(ended).toHaveLength(18);
    expect(ended).not.toContain('worker');
    crowd(36, 37);
    expect(ended.at(-1)).toBe('worker');
  });

  test('take no room once they are known or gone', () => {
    const { ended, connection } = createConnections();
    const strangers = createStrangers(2, 2);
    const add = (name: string) => strangers.add(name, connection(name), 'a');
    add('known');
    add('gone');
    for (const name of ['known', 'gone', 'gone', 'never seen']) strangers.remove(name);
    add('other');
    add('one more');
    expect(ended).toEqual([]);
    expect(strangers.count).toBe(2);
  });

  test('let in each newcomer, however many there are', () => {
    const { ended, connection } = createConnections();
    const strangers = createStrangers(50, 20);
    for (let i = 0; i < 1000; i++) strangers.add(`${i}`, connection(`${i}`), `${i % 7}`);
    expect(strangers.count).toBe(50);
    expect(ended).toHaveLength(950);
    expect(ended).not.toContain('999');
  });
});
