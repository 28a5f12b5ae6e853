import * as z from 'zod';
import { bytesOf } from '../../shared/bytes.ts';
import { LockstepError } from '../../shared/errors.ts';
import { describeIssue } from '../../shared/validation.ts';

/*
 * The safetensors format (Hugging Face), which PyTorch, NumPy and JAX read. A file has three parts:
 *
 *   1. the length of the header, u64 little-endian,
 *   2. the header: JSON that maps each tensor's name to dtype, shape and data offsets, and
 *      "__metadata__" to strings by name,
 *   3. the data.
 *
 * The tensors cover the data from the first byte to the last, without gaps and without overlaps.
 * The format's own reader refuses any other file, and so does this one: tensors that overlap would
 * need far more memory than the file has bytes.
 */

export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Row-major. */
  readonly values: Float32Array;
}

const size = z.int().nonnegative();
const TensorHeader = z.strictObject({
  dtype: z.literal('F32'),
  shape: z.array(size),
  data_offsets: z.tuple([size, size]),
});
type TensorHeader = z.infer<typeof TensorHeader>;
const Header = z
  .object({ __metadata__: z.record(z.string(), z.string()).default({}) })
  .catchall(TensorHeader);

const PREFIX_BYTES = 8;
/** The headers of the largest models have a tenth of this. */
const HEADER_BYTES_MAX = 2 ** 20;
const VALUE_BYTES = Float32Array.BYTES_PER_ELEMENT;

export function encodeSafetensors(
  tensors: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let end = 0;
  for (const { name, shape, values } of tensors) {
    const begin = end;
    end += values.byteLength;
    header[name] = {
      dtype: 'F32',
      shape: [...shape],
      data_offsets: [begin, end],
    } satisfies TensorHeader;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  // Spaces after the JSON align the data to 8 bytes.
  const dataStart = Math.ceil((PREFIX_BYTES + json.length) / 8) * 8;
  const file = new Uint8Array(dataStart + end).fill(0x20, 0, dataStart);
  new DataView(file.buffer).setBigUint64(0, BigInt(dataStart - PREFIX_BYTES), true);
  file.set(json, PREFIX_BYTES);
  let position = dataStart;
  for (const { values } of tensors) {
    file.set(bytesOf(values), position);
    position += values.byteLength;
  }
  return file;
}

/**
 * The tensors, as copies, and the metadata. Throws a `CHECKPOINT` error unless the file is whole,
 * its tensors cover the data, and all tensors are F32.
 */
export function decodeSafetensors(file: Uint8Array): {
  tensors: Map<string, NamedTensor>;
  metadata: Record<string, string>;
} {
  const { header, data } = splitFile(file);
  const { __metadata__: metadata, ...entries } = header;
  const places = Object.entries(entries).map(
    ([
      name,
      {
        shape,
        data_offsets: [begin, end],
      },
    ]) => ({
      name,
      shape,
      begin,
      end,
    }),
  );
  assertCovered(places, data.length);
  const tensors = new Map<string, NamedTensor>();
  for (const { name, shape, begin, end } of places) {
    const values = new Float32Array((end - begin) / VALUE_BYTES);
    bytesOf(values).set(data.subarray(begin, end));
    tensors.set(name, { name, shape, values });
  }
  return { tensors, metadata };
}

interface TensorPlace {
  readonly name: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** Throws unless the tensors fit their shapes and together are the data, byte for byte. */
function assertCovered(places: readonly TensorPlace[], dataLength: number): void {
  let covered = 0;
  for (const { name, shape, begin, end } of places.toSorted(
    (a, b) => a.begin - b.begin || a.end - b.end,
  )) {
    const place = `tensor ${name} [${shape}] at bytes ${begin} to ${end}`;
    const length = shape.reduce((product, extent) => product * extent, 1);
    if (end > dataLength || end - begin !== length * VALUE_BYTES)
      throw notWhole(`${place} does not fit into ${dataLength} bytes of data`);
    if (begin < covered) throw notWhole(`${place} overlaps another tensor`);
    if (begin > covered) throw notWhole(`${place} leaves a gap from byte ${covered} on`);
    covered = end;
  }
  if (covered < dataLength)
    throw notWhole(`its tensors end at byte ${covered} of ${dataLength} bytes of data`);
}

function splitFile(file: Uint8Array): { header: z.infer<typeof Header>; data: Uint8Array } {
  if (file.length < PREFIX_BYTES) throw notWhole(`it has only ${file.length} bytes`);
  const headerLength = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const dataStart = PREFIX_BYTES + headerLength;
  if (dataStart > file.length)
    throw notWhole(`its header has ${headerLength} bytes, the file only ${file.length}`);
  if (headerLength > HEADER_BYTES_MAX)
    throw notWhole(`its header has ${headerLength} bytes, more than ${HEADER_BYTES_MAX}`);
  const header = parseJson(file.subarray(PREFIX_BYTES, dataStart));
  const result = Header.safeParse(header);
  if (!result.success) throw notWhole(describeIssue(result.error, header));
  return { header: result.data, data: file.subarray(dataStart) };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw notWhole('its header is not JSON');
  }
}

const notWhole = (reason: string): LockstepError =>
  new LockstepError('CHECKPOINT', `not a whole safetensors file: ${reason}`);
