import { type FileMetaData, parquetMetadata, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import * as z from 'zod';
import { LockstepError, reasonOf } from '../../errors.ts';
import { DATA_BYTES_MAX, TABLE_INPUTS_MAX } from '../manifest.ts';

/** A cell of a column: what Parquet and Hugging Face's features hold. */
export type ParquetValue = unknown;

/** The columns of a file, in order. */
export interface ParquetTable {
  readonly names: readonly string[];
  readonly rows: readonly Readonly<Record<string, ParquetValue>>[];
  /** The names of classes by the column of their labels, as Hugging Face keeps them. */
  readonly classNames: ReadonlyMap<string, readonly string[]>;
}

export const isParquet = (file: Uint8Array): boolean =>
  Buffer.from(file.subarray(0, 4)).toString('latin1') === 'PAR1';

/** Reads a Parquet file. Throws a `DATA` error, which does not name the file. */
export async function parseParquet(
  bytes: Uint8Array,
  bytesMax = DATA_BYTES_MAX,
): Promise<ParquetTable> {
  const content = Uint8Array.from(bytes).buffer;
  try {
    const metadata = parquetMetadata(content);
    assertBounded(metadata, bytesMax);
    const names = topColumns(metadata);
    const file = {
      byteLength: content.byteLength,
      slice: (start: number, end?: number) => content.slice(start, end),
    };
    // Bytes stay bytes: pictures are no text.
    const rows = await parquetReadObjects({ file, metadata, compressors, utf8: false });
    return { names, rows, classNames: classNamesIn(metadata) };
  } catch (error) {
    if (error instanceof LockstepError) throw error;
    throw new LockstepError('DATA', `it is damaged (${reasonOf(error)}): get or save it again`);
  }
}

const HuggingFace = z.object({
  info: z.object({ features: z.record(z.string(), z.unknown()) }),
});
const ClassLabel = z.object({ names: z.array(z.string()) });

function classNamesIn({ key_value_metadata }: FileMetaData): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  const text = key_value_metadata?.find(({ key }) => key === 'huggingface')?.value;
  const parsed = HuggingFace.safeParse(parseJson(text));
  for (const [column, feature] of Object.entries(parsed.data?.info.features ?? {})) {
    const label = ClassLabel.safeParse(feature);
    if (label.success) found.set(column, label.data.names);
  }
  return found;
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}

function topColumns({ schema }: FileMetaData): string[] {
  const names: string[] = [];
  // The schema is a tree in depth-first order.
  for (let at = 1, left = schema[0].num_children ?? 0; left > 0; left--) {
    names.push(schema[at].name);
    for (let open = 1; open > 0; at++) open += (schema[at].num_children ?? 0) - 1;
  }
  return names;
}

function assertBounded({ row_groups, num_rows, schema }: FileMetaData, bytesMax: number): void {
  let total = 0;
  for (const { columns } of row_groups)
    for (const { meta_data } of columns) total += Number(meta_data?.total_uncompressed_size ?? 0);
  if (total > bytesMax || Number(num_rows) > bytesMax)
    throw new LockstepError(
      'DATA',
      `it unpacks to more than ${bytesMax} bytes: save it in parts, or fewer rows`,
    );
  if (schema.length > TABLE_INPUTS_MAX + 1_000)
    throw new LockstepError(
      'DATA',
      `it has ${schema.length - 1} columns, and at most ${TABLE_INPUTS_MAX} are read: save fewer`,
    );
}
