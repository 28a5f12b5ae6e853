import * as z from 'zod';
import { LockstepError } from '../shared/errors.ts';
import { bytesOf } from '../shared/protocol/codec.ts';
import { describeIssue } from '../shared/validation.ts';

/*
 * The safetensors format (Hugging Face), which PyTorch, NumPy and JAX read: u64 LE length of the header; the header,
 * JSON that maps names to dtype, shape and data offsets, with strings under "__metadata__"; then the data.
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
    header[name] = { dtype: 'F32', shape: [...shape], data_offsets: [begin, end] } satisfies TensorHeader;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  // Spaces after the JSON keep the data aligned.
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

/** The tensors, as copies, and the metadata. Throws a `CHECKPOINT` error unless the file is whole and all F32. */
export function decodeSafetensors(file: Uint8Array): {
  tensors: Map<string, NamedTensor>;
  metadata: Record<string, string>;
} {
  const { header, data } = splitFile(file);
  const { __metadata__: metadata, ...entries } = header;
  const tensors = new Map<string, NamedTensor>();
  for (const [name, { shape, data_offsets }] of Object.entries(entries)) {
    const [begin, end] = data_offsets;
    const length = shape.reduce((product, extent) => product * extent, 1);
    if (end > data.length || end - begin !== length * VALUE_BYTES) {
      throw notWhole(
        `tensor ${name} [${shape}] at ${begin} to ${end} does not fit ${data.length} bytes of data`,
      );
    }
    const values = new Float32Array(length);
    bytesOf(values).set(data.subarray(begin, end));
    tensors.set(name, { name, shape, values });
  }
  return { tensors, metadata };
}

function splitFile(file: Uint8Array): { header: z.infer<typeof Header>; data: Uint8Array } {
  if (file.length < PREFIX_BYTES) throw notWhole(`it has only ${file.length} bytes`);
  const headerLength = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const dataStart = PREFIX_BYTES + headerLength;
  if (dataStart > file.length)
    throw notWhole(`a header of ${headerLength} bytes in a file of ${file.length}`);
  const header = parseJson(file.subarray(PREFIX_BYTES, dataStart));
  const result = Header.safeParse(header);
  if (!result.success) throw notWhole(describeIssue(result.error, header));
  return { header: result.data, data: file.subarray(dataStart) };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw notWhole('its header is not JSON');
  }
}

const notWhole = (reason: string): LockstepError =>
  new LockstepError('CHECKPOINT', `not a whole safetensors file: ${reason}`);
