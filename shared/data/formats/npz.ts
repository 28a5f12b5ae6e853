import { type UnzipFileInfo, unzipSync } from 'fflate';
import { LockstepError, reasonOf } from '../../errors.ts';
import { DATA_BYTES_MAX } from '../manifest.ts';
import { type NpyArray, type NpyTexts, parseNpyOrTexts } from './npy.ts';

export const isZip = (file: Uint8Array): boolean =>
  file[0] === 0x50 && file[1] === 0x4b && file[2] === 3 && file[3] === 4;

/**
 * Reads the arrays of NumPy's `savez` and `savez_compressed`, by their names without `.npy`. No
 * more is unpacked than the file announces, and all of it has at most `bytesMax` bytes. Throws a
 * `DATA` error, which does not name the file.
 */
export function parseNpz(
  file: Uint8Array,
  bytesMax = DATA_BYTES_MAX,
): Map<string, NpyArray | NpyTexts> {
  let total = 0;
  const isWanted = ({ name, originalSize }: UnzipFileInfo): boolean => {
    if (!name.endsWith('.npy')) return false;
    total += originalSize;
    if (total > bytesMax)
      throw new LockstepError(
        'DATA',
        `it unpacks to more than ${bytesMax} bytes: save fewer or smaller arrays`,
      );
    return true;
  };
  const arrays = new Map<string, NpyArray | NpyTexts>();
  for (const [name, content] of Object.entries(unzip(file, isWanted))) {
    try {
      arrays.set(name.slice(0, -4), parseNpyOrTexts(content));
    } catch (error) {
      throw new LockstepError('DATA', `its array ${JSON.stringify(name)}: ${reasonOf(error)}`);
    }
  }
  return arrays;
}

function unzip(file: Uint8Array, filter: (info: UnzipFileInfo) => boolean) {
  try {
    return unzipSync(file, { filter });
  } catch (error) {
    if (error instanceof LockstepError) throw error;
    throw new LockstepError('DATA', `it is damaged (${reasonOf(error)}): save or get it again`);
  }
}

/** Names of inputs, in the order in which one of them is chosen. */
const INPUT_NAMES = ['x_test', 'x', 'X', 'test_images', 'images', 'arr_0', 'x_train'];

/** The array of inputs: the only one, or the first with a name that says so. Throws an error. */
export function chooseArray(arrays: ReadonlyMap<string, NpyArray | NpyTexts>): NpyArray {
  const [only] = arrays.keys();
  const name = arrays.size === 1 ? only : INPUT_NAMES.find((known) => arrays.has(known));
  const array = name === undefined ? undefined : arrays.get(name);
  if (array && 'values' in array) return array;
  throw new LockstepError(
    'DATA',
    `it has the arrays ${[...arrays.keys()].slice(0, 12).join(', ') || 'none'}: save the one ` +
      'with the inputs as x',
  );
}
