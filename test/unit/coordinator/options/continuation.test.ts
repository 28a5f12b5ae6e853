import { expect, test } from 'vitest';
import { recordedContinuation } from '../../../../coordinator/options/continuation.ts';

test('the flags of a recorded coordinator are in the command that goes on with its run', () => {
  const continuation = ['train', '--workers', '2', '--min-workers', '1', '--tls-key', 'a b.pem'];
  expect(recordedContinuation(continuation)).toEqual({ continuation });
});

test.for([
  [undefined],
  [[]],
  [['sh', '-c', 'reboot']],
  [['train', '--out', '/etc']],
  [['train', '--workers', '2', '--data-dir', 'x']],
])('a record that no coordinator has written says nothing: %j', ([words]) => {
  expect(recordedContinuation(words)).toEqual({});
});
