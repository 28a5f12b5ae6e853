import { describe, expect, test } from 'vitest';
import {
  chooseTask,
  classesOf,
  findTarget,
  type GivenNames,
} from '../../../../../shared/data/tables/choose-target.ts';
import { type Column, textColumn } from '../../../../../shared/data/tables/table.ts';
import { numbers } from '../../../../support/text-table.ts';

const silent = () => {};

describe('the target', () => {
  test('is the column with a telling name, or else the last one', () => {
    const notes: string[] = [];
    const find = (...names: string[]) =>
      findTarget(
        names.map((name) => numbers(name, 1)),
        undefined,
        (line) => notes.push(line),
      );
    expect(find('a', 'Label', 'b')).toBe(1);
    expect(find('y', 'class')).toBe(1);
    expect(find('a', 'b')).toBe(1);
    expect(notes).toEqual([
      'the target is Label; --target chooses another',
      'the target is class; --target chooses another',
      'the target is b, the last column; --target chooses another',
    ]);
    expect(() => find('a')).toThrow('the table has only the column a');
    expect(() => findTarget([numbers('a', 1)], 'b', silent)).toThrow(
      '--target b: there is no such column. The columns are a.',
    );
  });

  test.for([
    ['text', textColumn('t', ['a', 'b']), 'classes'],
    ['few whole numbers', numbers('t', 0, 1, 1, 7), 'classes'],
    ['20 whole numbers', numbers('t', ...Array(20).keys()), 'classes'],
    ['21 whole numbers', numbers('t', ...Array(21).keys()), 'regression'],
    ['fractions', numbers('t', 0.5, 1), 'regression'],
  ] as const)('of %s is learned as %s', ([, column, task]) => {
    expect(chooseTask(column, undefined)).toBe(task);
  });

  test('is learned as the user says, if it can be', () => {
    expect(chooseTask(numbers('t', 1, 2), 'regression')).toBe('regression');
    expect(chooseTask(numbers('t', 0.5, 1), 'classes')).toBe('classes');
    expect(() => chooseTask(textColumn('t', ['1', 'red']), 'regression')).toThrow(
      '--task regression: the target t has text, such as "red". Choose another with --target.',
    );
  });
});

describe('classes', () => {
  const classes = (column: Column, given: GivenNames = {}) => {
    const notes: string[] = [];
    const { names, labels } = classesOf(column, given, (line) => notes.push(line));
    return { names, labels: [...labels], notes };
  };

  test('are in the order of texts or numbers', () => {
    expect(classes(textColumn('t', ['b', 'a', undefined, 'b']))).toEqual({
      names: ['a', 'b'],
      labels: [1, 0, -1, 1],
      notes: [],
    });
    expect(classes(numbers('t', 10, 9, 9)).names).toEqual(['9', '10']);
  });

  test('begin at 0 and have no gaps, and the change is said', () => {
    expect(classes(numbers('t', 1, 2, 3, 3))).toEqual({
      names: ['1', '2', '3'],
      labels: [0, 1, 2, 2],
      notes: ['labels are 1 to 3: they become classes 0 to 2'],
    });
    expect(classes(numbers('t', 0, 1, 4, 1)).notes).toEqual([
      'labels have gaps (no 2, no 3): the 3 that are there become classes 0 to 2',
    ]);
    expect(classes(numbers('t', 0, 1e15, 0)).notes[0]).toContain('(no 1, no 2, no 3)');
    expect(classes(numbers('t', 0, 1, 1)).notes).toEqual([]);
  });

  test('have the names of the source or of the user', () => {
    const target = numbers('t', 0, 1, 1);
    expect(classes(target, { classNames: ['cat', 'dog', 'cow'] }).names).toEqual(['cat', 'dog']);
    expect(classes(target, { classes: ['no', 'yes'] }).names).toEqual(['no', 'yes']);
    expect(() => classes(target, { classes: ['no'] })).toThrow('these are 1 names for 2 classes');
  });

  test('have printable, short and different names', () => {
    const [first, second] = ['x'.repeat(99), `${'x'.repeat(99)}y`];
    const { names } = classes(textColumn('t', [first, second, 'a\u001b[2J', '', first]));
    expect(names).toEqual(['class 0', 'a\\u001b[2J', 'x'.repeat(64), `${'x'.repeat(60)} (3)`]);
  });

  test.for([
    ['one value', numbers('t', 4, 4), 'the target t is the same in all rows'],
    ['no value', numbers('t', Number.NaN), 'the target t is missing in all rows'],
    ['a value a row', textColumn('t', ['a', 'b', 'c']), 'is different in each of the 3 rows'],
  ] as const)('are refused: %s', ([, column, message]) => {
    expect(() => classes(column)).toThrow(message);
  });

  test('are refused if they are many amounts', () => {
    const amounts = Array.from({ length: 30 }, (_, i) => `$${i + 1},021`);
    expect(() => classes(textColumn('price', [...amounts, ...amounts]))).toThrow(
      'the target price has 30 different texts such as "$1,021". For numbers, write 1234.56, ' +
        'without a currency, and with nothing between thousands.',
    );
    const parts = textColumn('part', ['10 %', '20 %', '10 %']);
    expect(classes(parts).names).toEqual(['10 %', '20 %']);
  });

  test('are refused if they are 100,000', () => {
    const values = Float64Array.from({ length: 100_001 }, (_, i) => i % 100_000);
    expect(() => classes({ name: 't', kind: 'number', values })).toThrow(
      'the target t has 100000 different values, and at most 65536 classes',
    );
  });
});
