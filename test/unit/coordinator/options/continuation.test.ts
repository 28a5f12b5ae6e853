import { Command, Option } from 'commander';
import { expect, test } from 'vitest';
import {
  continuationOf,
  recordedContinuation,
  secretsOf,
} from '../../../../coordinator/options/continuation.ts';
import { addPortOptions } from '../../../../coordinator/options/port-flags.ts';

/** The command `train` with these flags of its port. */
const trainWith = (...flags: string[]): Command =>
  addPortOptions(new Command('train'), new Option('--port <number>')).parse(flags, {
    from: 'user',
  });

test('a run without a token, as its flags ask, goes on without one', () => {
  const command = trainWith('--host', '::', '--token', 'none', '--work-token', 'secret');
  const continuation = ['train', '--host', '::', '--token', 'none'];
  expect(continuationOf(command)).toEqual(continuation);
  expect(recordedContinuation(continuation)).toEqual({ continuation });
  expect(secretsOf(command)).toEqual(['--work-token']);
});

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
  [['train', '--token', 'chosen by another']],
  [['train', '--workers', '2', '--watch-token']],
])('a record that no coordinator has written says nothing: %j', ([words]) => {
  expect(recordedContinuation(words)).toEqual({});
});
