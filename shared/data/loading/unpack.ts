import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, gunzip, gunzipSync } from 'node:zlib';
import { LockstepError, reasonOf, systemCode } from '../../errors.ts';
import { announcedLength } from '../idx.ts';
import { DATA_BYTES_MAX, type DataFile } from '../manifest.ts';

/** The most bytes of a file with its content, plain or gzipped. gzip adds little to any content. */
export function packedBytesMax(bytes: number = DATA_BYTES_MAX): number {
  return Math.ceil(bytes * 1.001) + 2 ** 16;
}

/**
 * Unpacks a file if it is gzipped. Throws a `DATA` error if the content is another one. With
 * `isKnown`, it is known already that a content that is not gzipped is the right one.
 */
export async function unpackVerified(
  packed: Uint8Array,
  file: DataFile,
  isKnown = false,
): Promise<Uint8Array> {
  const { name, sha256, bytes } = file;
  const content = await unpackBounded(packed, name, bytes);
  if (bytes !== undefined && content.length !== bytes) {
    throw new LockstepError(
      'DATA',
      `${name} is damaged: its content has ${content.length} bytes, not ${bytes}`,
    );
  }
  if (isKnown && content === packed) return content;
  const digest = createHash('sha256').update(content).digest('hex');
  if (digest !== sha256) {
    throw new LockstepError(
      'DATA',
      `${name} is damaged: its content has SHA-256 ${digest}, not ${sha256}`,
    );
  }
  return content;
}

const unzip = promisify(gunzip);
/** So many packed bytes unpack to 1 MB at most. */
const BEGINNING_BYTES = 1_000;

/**
 * Unpacks content that is gzipped: no more than `bytes`, or, if that is not known, than the header
 * of the IDX file says. Throws a `DATA` error that names the file.
 */
export async function unpackBounded(
  packed: Uint8Array,
  name: string,
  bytes?: number,
): Promise<Uint8Array> {
  if (packed[0] !== 0x1f || packed[1] !== 0x8b) return packed;
  let limit = bytes ?? 0;
  try {
    limit = bytes ?? lengthIn(packed);
    if (limit > DATA_BYTES_MAX)
      throw new Error(`its header announces ${limit} bytes, more than any dataset may have`);
    return await unzip(packed, { maxOutputLength: Math.max(1, limit) });
  } catch (error) {
    const reason =
      systemCode(error) === 'ERR_BUFFER_TOO_LARGE'
        ? `it unpacks to more than the ${limit} bytes that belong there`
        : reasonOf(error);
    throw new LockstepError('DATA', `${name}.gz is damaged: ${reason}`);
  }
}

/** The length that the IDX file in gzipped bytes announces, or of what is seen of other content. */
function lengthIn(packed: Uint8Array): number {
  const beginning = gunzipSync(packed.subarray(0, BEGINNING_BYTES), {
    finishFlush: constants.Z_SYNC_FLUSH,
  });
  return announcedLength(beginning) ?? beginning.length;
}
