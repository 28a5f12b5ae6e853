import { describe, expect, test } from 'vitest';
import {
  scalarRecord,
  versionRecord,
} from '../../../../../coordinator/export/encoding/event-file.ts';
import { readEvents } from '../../../../support/event-file-reader.ts';

describe('an event file', () => {
  test('begins with the version that TensorBoard wants', () => {
    const bytes = versionRecord(1.5);
    expect(readEvents(bytes)).toEqual([
      { wallTime: 1.5, step: 0, version: 'brain.Event:2', values: {} },
    ]);
  });

  // Written by the `RecordWriter` of TensorBoard (2.22.0a0), from its own messages.
  test.for([
    [
      versionRecord(1.5),
      '1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c',
    ],
    [
      scalarRecord({ wallTime: 1.5, step: 300, values: { 'loss/train': 0.25, 'größe ✓': -3 } }),
      '3500000000000000d6c55de609000000000000f83f10ac022a270a110a0a6c6f73732f747261696e15' +
        '0000803e0a120a0b6772c3b6c39f6520e29c9315000040c03fc001d1',
    ],
  ] as const)('has the bytes that TensorBoard writes itself', ([bytes, expected]) => {
    expect(Buffer.from(bytes).toString('hex')).toBe(expected);
  });

  test.for([0, 1, 127, 128, 300, 2 ** 31, 2 ** 32 + 5, Number.MAX_SAFE_INTEGER])(
    'has step %d',
    (step) => {
      const [event] = readEvents(scalarRecord({ wallTime: 0, step, values: { loss: 1 } }));
      expect(event.step).toBe(step);
    },
  );

  test('has all values of a moment, in 32 bits, and tags of any letters', () => {
    const values = { 'loss/train': 0.1, 'größe ✓': -3.5e-12, huge: 1e300, none: Number.NaN };
    const wallTime = 1_795_705_651.925_338_3;
    const [event] = readEvents(scalarRecord({ wallTime, step: 7, values }));
    expect(event).toEqual({
      wallTime,
      step: 7,
      version: undefined,
      values: {
        'loss/train': Math.fround(0.1),
        'größe ✓': Math.fround(-3.5e-12),
        huge: Number.POSITIVE_INFINITY,
        none: Number.NaN,
      },
    });
  });

  test('has texts that are longer than a byte can say', () => {
    const tag = 'x'.repeat(1000);
    const [event] = readEvents(scalarRecord({ wallTime: 0, step: 0, values: { [tag]: 2 } }));
    expect(event.values).toEqual({ [tag]: 2 });
  });

  test('is the records, one after the other', () => {
    const steps = [3, 4, 5];
    const records = steps.map((step) =>
      scalarRecord({ wallTime: step, step, values: { a: step } }),
    );
    const events = readEvents(Buffer.concat([versionRecord(3), ...records]));
    expect(events.map(({ step }) => step)).toEqual([0, ...steps]);
  });

  test('that was changed does not pass the checks', () => {
    const bytes = scalarRecord({ wallTime: 0, step: 1, values: { loss: 1 } });
    for (let i = 0; i < bytes.length; i++) {
      const changed = bytes.slice();
      changed[i] ^= 1;
      expect(() => readEvents(changed), `byte ${i}`).toThrow();
    }
  });
});
