import { LockstepError } from '../../errors.ts';
import { printable } from '../../printable.ts';
import { CLASSES_MAX } from '../manifest.ts';
import { AMOUNT_ADVICE, areAmounts } from './cells.ts';
import { byCodeUnits } from './fit-columns.ts';
import { type Column, columnIndex, listOf, type NumberColumn } from './table.ts';

export type Task = 'classes' | 'regression';

/** Names of targets, the most telling first. */
const TARGET_NAMES = ['label', 'class', 'target', 'y'];
/** More different whole numbers are taken for a quantity. */
const CLASS_NUMBERS_MAX = 20;
const NAME_LENGTH_MAX = 64;

/** The place of the target: the named column, or one with a telling name, or the last one. */
export function findTarget(
  columns: readonly Column[],
  name: string | undefined,
  note: (line: string) => void,
): number {
  if (name !== undefined) return columnIndex(columns, name, '--target');
  if (columns.length < 2)
    throw new LockstepError(
      'DATA',
      `the table has only the column ${listOf(columns)}: it needs a target and something to tell ` +
        'it from.',
    );
  const names = columns.map((column) => column.name.trim().toLowerCase());
  const known = TARGET_NAMES.map((target) => names.indexOf(target)).find((index) => index >= 0);
  const index = known ?? columns.length - 1;
  const why = known === undefined ? ', the last column' : '';
  note(`the target is ${printable(columns[index].name)}${why}; --target chooses another`);
  return index;
}

/** Classes if the target is text, or at most 20 whole numbers. Throws a `DATA` error. */
export function chooseTask(column: Column, asked: Task | undefined): Task {
  if (asked === 'classes') return asked;
  if (column.kind === 'text') {
    if (asked === undefined) return 'classes';
    const example = column.texts.find((text) => !/^[\d.+-]+$/.test(text)) ?? column.texts[0];
    throw new LockstepError(
      'USAGE',
      `--task regression: the target ${printable(column.name)} has text, such as ` +
        `${JSON.stringify(printable(example ?? ''))}. Choose another with --target.`,
    );
  }
  if (asked === 'regression' || column.kind === 'date') return 'regression';
  const different = new Set<number>();
  for (const value of column.values) {
    if (Number.isNaN(value)) continue;
    if (!Number.isInteger(value)) return 'regression';
    different.add(value);
    if (different.size > CLASS_NUMBERS_MAX) return 'regression';
  }
  return 'classes';
}

/** The classes of a target, and the class of each row. */
export interface Classes {
  readonly names: readonly string[];
  /** [rows], each an index of `names`, or -1 where the target is missing. */
  readonly labels: Int32Array;
}

/** Names of classes instead of their values. */
export interface GivenNames {
  /** What the user says: a name for each class, in order. */
  readonly classes?: readonly string[] | undefined;
  /** What the source says: the names of 0, 1, 2 and so on. */
  readonly classNames?: readonly string[] | undefined;
}

/**
 * The classes of a target in order: of numbers by size, of texts by their characters. Throws a
 * `DATA` error if there are too few or too many.
 */
export function classesOf(
  column: Column,
  { classes: given, classNames }: GivenNames,
  note: (line: string) => void,
): Classes {
  const { values, labels } = column.kind === 'text' ? textClasses(column) : numberClasses(column);
  assertCount(column, values.length);
  if (given && given.length !== values.length)
    throw new LockstepError(
      'USAGE',
      `--classes ${given.join()}: these are ${given.length} names for ${values.length} classes, ` +
        `${listOf(values.map((name) => ({ name })))}. Give one for each.`,
    );
  if (column.kind === 'text') return { names: given ?? uniqueNames(values), labels };
  noteGaps(values.map(Number), note);
  const named = values.map((value) => classNames?.[Number(value)] ?? value);
  return { names: given ?? uniqueNames(named), labels };
}

function textClasses({ texts, codes }: Extract<Column, { kind: 'text' }>) {
  const used = new Set(codes);
  const order = texts.map((_, code) => code).filter((code) => used.has(code));
  order.sort((a, b) => byCodeUnits(texts[a], texts[b]));
  const labelOf = new Map(order.map((code, label) => [code, label]));
  return {
    values: order.map((code) => texts[code]),
    labels: codes.map((code) => labelOf.get(code) ?? -1),
  };
}

function numberClasses({ values }: NumberColumn) {
  const order = [...new Set(values)].filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  const labelOf = new Map(order.map((value, label) => [value, label]));
  return {
    values: order.map(String),
    labels: Int32Array.from(values, (value) => labelOf.get(value) ?? -1),
  };
}

/** Some amounts may be classes, such as shares of 10 % and 20 %. */
const AMOUNT_CLASSES_MAX = 20;

function assertCount(column: Column, count: number): void {
  const name = printable(column.name);
  if (count < 2)
    throw new LockstepError(
      'DATA',
      count === 0
        ? `the target ${name} is missing in all rows: choose another with --target.`
        : `the target ${name} is the same in all rows, so there is nothing to learn: choose ` +
            'another with --target.',
    );
  const rowCount = column.kind === 'text' ? column.codes.length : column.values.length;
  if (column.kind === 'text' && count > AMOUNT_CLASSES_MAX && areAmounts(column.texts))
    throw new LockstepError(
      'DATA',
      `the target ${name} has ${count} different texts such as ` +
        `${JSON.stringify(column.texts[0])}. ${AMOUNT_ADVICE}`,
    );
  if (count === rowCount && rowCount > 2)
    throw new LockstepError(
      'DATA',
      `the target ${name} is different in each of the ${rowCount} rows, so no class can be ` +
        'learned: choose another with --target, or --task regression for numbers.',
    );
  if (count > CLASSES_MAX)
    throw new LockstepError(
      'DATA',
      `the target ${name} has ${count} different values, and at most ${CLASSES_MAX} classes can ` +
        'be told apart: choose another with --target, or --task regression for numbers.',
    );
}

/** Says when labels are not 0, 1, 2 and so on, because the model's labels always are. */
function noteGaps(values: readonly number[], note: (line: string) => void): void {
  const [first] = values;
  const last = values[values.length - 1];
  if (first === 0 && last === values.length - 1) return;
  if (last - first === values.length - 1)
    return note(`labels are ${first} to ${last}: they become classes 0 to ${values.length - 1}`);
  const missing = missingBetween(values);
  note(
    `labels have gaps (no ${missing.join(', no ')}): the ${values.length} that are there become ` +
      `classes 0 to ${values.length - 1}`,
  );
}

const SHOWN_GAPS = 3;

function missingBetween(values: readonly number[]): number[] {
  const missing: number[] = [];
  for (let i = 1; i < values.length && missing.length < SHOWN_GAPS; i++)
    for (let gap = values[i - 1] + 1; gap < values[i] && missing.length < SHOWN_GAPS; gap++)
      missing.push(gap);
  return missing;
}

/** Names that are not empty, not too long, and different. */
function uniqueNames(values: readonly string[]): string[] {
  const used = new Set<string>();
  return values.map((value, label) => {
    const short = printable(value).slice(0, NAME_LENGTH_MAX) || `class ${label}`;
    const ending = ` (${label})`;
    const name = used.has(short) ? short.slice(0, NAME_LENGTH_MAX - ending.length) + ending : short;
    used.add(name);
    return name;
  });
}
