import { describe, expect, test } from 'vitest';
import { crc32c } from '../../../../../coordinator/export/encoding/crc32c.ts';
import { bitwiseCrc32c } from '../../../../support/event-file-reader.ts';

const ascending = Uint8Array.from({ length: 32 }, (_, i) => i);

describe('the check', () => {
  // RFC 3720, section B.4, and the usual check value.
  test.for([
    ['32 zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['ascending bytes', ascending, 0x46dd794e],
    ['descending bytes', ascending.toReversed(), 0x113fdb5c],
    ['"123456789"', Buffer.from('123456789'), 0xe3069283],
    ['nothing', new Uint8Array(0), 0],
  ] as const)('of %s is that of the standard', ([, bytes, expected]) => {
    expect(crc32c(bytes)).toBe(expected);
  });

  test('of any bytes is that of a division bit by bit', () => {
    for (let length = 1; length < 300; length += 7) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * i * 31 + length * 7) & 0xff);
      expect(crc32c(bytes)).toBe(bitwiseCrc32c(bytes));
    }
  });
});
