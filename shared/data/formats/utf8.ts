import { Transform } from 'node:stream';
import { LockstepError } from '../../errors.ts';

const NEW_LINE = 0x0a;

/**
 * Passes text in UTF-8 on, and ends with a `DATA` error that names the first line with other bytes.
 * Read as UTF-8, letters of Latin-1 would all become one sign.
 */
export function utf8Only(): Transform {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  const check = (bytes?: Uint8Array): LockstepError | undefined => {
    try {
      decoder.decode(bytes, { stream: bytes !== undefined });
      return undefined;
    } catch {
      const what = `line ${line} is not in UTF-8, but perhaps in Latin-1 or Windows-1252`;
      return new LockstepError('DATA', `${what}: save it as CSV in UTF-8`);
    }
  };
  return new Transform({
    transform(chunk: Uint8Array, _, done) {
      for (let from = 0; from < chunk.length; ) {
        const end = chunk.indexOf(NEW_LINE, from);
        const to = end < 0 ? chunk.length : end + 1;
        const error = check(chunk.subarray(from, to));
        if (error) return done(error);
        if (end >= 0) line++;
        from = to;
      }
      done(null, chunk);
    },
    flush: (done) => done(check()),
  });
}
