import { expect, test, vi } from 'vitest';
import { handedOver, handOver } from '../../../../shared/host/handed-over.ts';

test('a process takes what its parent has handed over, and from nobody else', () => {
  expect(handOver('HANDED', ['a b', 'c'])).toEqual({ HANDED: `${process.pid}:a b,c` });
  vi.stubEnv('HANDED', `${process.ppid}:a b,c`);
  expect(handedOver('HANDED')).toEqual(['a b', 'c']);
  // A grandparent's variable is inherited, too.
  vi.stubEnv('HANDED', `${process.pid}:a b,c`);
  expect(handedOver('HANDED')).toEqual([]);
  vi.stubEnv('HANDED', undefined);
  expect(handedOver('HANDED')).toEqual([]);
});
