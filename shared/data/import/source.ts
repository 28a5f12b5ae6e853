import { LockstepError } from '../../errors.ts';
import type { Size } from '../../pictures/resize.ts';
import type { Task } from '../tables/choose-target.ts';
import type { Column } from '../tables/table.ts';

/** What the user says about an import. */
export interface ImportOptions {
  /** The name of the dataset. Undefined: that of the source. */
  readonly name?: string;
  /** The column with the target. */
  readonly target?: string;
  readonly task?: Task;
  /** Columns that are left out. */
  readonly drop: readonly string[];
  /** Columns that stay, although they seem to tell nothing. */
  readonly keep: readonly string[];
  /** The column whose equal values stay on one side of the split. */
  readonly group?: string;
  /** The part of the examples that is for testing, if the source does not say. */
  readonly test: number;
  readonly seed: number;
  /** The size of the images. */
  readonly size?: Size;
  /** Whether images become gray. */
  readonly isGray: boolean;
  /** Whether a table has names in its first line. Undefined: found out. */
  readonly hasHeader?: boolean | undefined;
  /** The names of the classes, in order. */
  readonly classes?: readonly string[];
}

/** What readers get beside the options. */
export interface ImportContext {
  readonly signal: AbortSignal;
  /** Takes a line for people: what was found, left out or assumed. */
  readonly note: (line: string) => void;
  readonly onProgress: (done: number, total: number) => void;
}

/** Images: [count, height, width, channels] in bytes. */
export interface ImageInputs {
  readonly kind: 'images';
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly pixels: Uint8Array;
}

/** Columns of a table, the target not among them. */
export interface TableInputs {
  readonly kind: 'table';
  readonly columns: readonly Column[];
}

/** Examples as a source has them, before the split. */
export interface SourceExamples {
  /** What it is, for people: "a folder of pictures". */
  readonly format: string;
  readonly count: number;
  readonly inputs: ImageInputs | TableInputs;
  readonly target: Column;
  /** The names of classes that are numbers from 0 on, if the source has them. */
  readonly classNames?: readonly string[] | undefined;
  readonly group?: Column | undefined;
  /** [count], 1 for an example of the test set. Undefined if the source does not say. */
  readonly isTest?: Uint8Array | undefined;
}

export const dataError = (message: string): LockstepError => new LockstepError('DATA', message);
