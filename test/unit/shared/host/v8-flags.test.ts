import { expect, test } from 'vitest';
import { V8_FLAGS, v8FlagsFor } from '../../../../shared/host/v8-flags.ts';

const WIDER = '--experimental-wasm-revectorize';

test('V8 gets no flag that it does not have on this processor or in this version', () => {
  expect(v8FlagsFor('13.6.233.17-node.53', 'x64')).toContain(WIDER);
  expect(v8FlagsFor('13.6.233.17-node.53', 'arm64')).not.toContain(WIDER);
  expect(v8FlagsFor('13.6.233.17-node.53', 'arm64')).toContain('--no-liftoff');
  expect(v8FlagsFor('14.6.202.34', 'x64')).not.toContain('--no-liftoff');
  expect(v8FlagsFor('14.6.202.34', 'x64')).toContain('--wasm-tiering-budget=1000');
  expect(V8_FLAGS).toEqual(v8FlagsFor(process.versions.v8, process.arch));
});
