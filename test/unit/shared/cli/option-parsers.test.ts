import { InvalidArgumentError } from 'commander';
import { describe, expect, test } from 'vitest';
import {
  ascendingNumbers,
  fraction,
  hostName,
  hostNames,
  numberBetween,
  shortText,
  wholeNumber,
} from '../../../../shared/cli/option-parsers.ts';

type Parse = (text: string) => unknown;

function expectRefused(parse: Parse, texts: readonly string[], message: RegExp): void {
  for (const text of texts) {
    expect(() => parse(text), text).toThrow(InvalidArgumentError);
    expect(() => parse(text), text).toThrow(message);
  }
}

describe('a whole number', () => {
  test('is taken from the lower bound to the upper one', () => {
    expect(['2', '3', '05'].map(wholeNumber(2, 5))).toEqual([2, 3, 5]);
  });

  test('is refused outside its bounds, with both of them', () => {
    expectRefused(wholeNumber(2, 5), ['1', '6', '0'], /2 to 5/);
  });

  test('is refused when it is written in another way', () => {
    const texts = ['', ' ', ' 3', '3 ', '-3', '+3', '3.0', '1e1', '0x3', '٣', 'NaN', 'three'];
    expectRefused(wholeNumber(0, 100), texts, /0 to 100/);
  });

  test('without an upper bound is taken as far as it is exact', () => {
    expect(wholeNumber(1)('9007199254740991')).toBe(Number.MAX_SAFE_INTEGER);
    const tooLarge = ['9007199254740992', '9007199254740993'];
    expectRefused(wholeNumber(1), tooLarge, /from 1 to 9007199254740991/);
    expectRefused(wholeNumber(1), ['0'], /of at least 1\./);
  });
});

describe('a number between two others', () => {
  test('is taken in any notation', () => {
    const texts = ['0.5', '.5', '5e-1', '0.999999', '1e-300'];
    expect(texts.map(numberBetween(0, 1))).toEqual([0.5, 0.5, 0.5, 0.999999, 1e-300]);
  });

  test('is refused at both bounds and beyond them', () => {
    expectRefused(numberBetween(0, 1), ['0', '-0', '1', '-0.1', '1.1', 'Infinity'], /0 and 1/);
  });

  test('is refused when it is no number', () => {
    expectRefused(numberBetween(-1, 1), ['', ' ', 'NaN', '0,5', '0.5x'], /-1 and 1/);
  });

  test('without an upper bound is taken if it is finite', () => {
    const parse = numberBetween(0, Number.POSITIVE_INFINITY);
    expect(parse('1e308')).toBe(1e308);
    expectRefused(parse, ['Infinity', '1e309', '0', '1e-400'], /above 0/);
  });
});

describe('a fraction', () => {
  test('is taken from 0 to 1, both included', () => {
    expect(['0', '0.25', '1', '1e0'].map(fraction)).toEqual([0, 0.25, 1, 1]);
  });

  test('is refused beyond, and when it is no number', () => {
    expectRefused(fraction, ['-0.001', '1.001', '', '  ', 'half', '50%', 'NaN'], /0 to 1/);
  });
});

describe('ascending numbers', () => {
  test('are taken from 1 to the largest that is allowed', () => {
    expect(ascendingNumbers(8)('1,2,4,8')).toEqual([1, 2, 4, 8]);
    expect(ascendingNumbers(8)('8')).toEqual([8]);
  });

  test('are refused when one is too small, too large, repeated or out of order', () => {
    expectRefused(ascendingNumbers(8), ['0', '0,1', '9', '1,9', '2,2', '1,3,2'], /1 to 8/);
  });

  test('are refused when a part of the list is no whole number', () => {
    expectRefused(
      ascendingNumbers(8),
      ['', ',', '1,', ',1', '1,,2', '1, 2', '1.5', '-1'],
      /1 to 8/,
    );
  });
});

describe('a short text', () => {
  test('is taken from one character to the longest that is allowed', () => {
    expect(['a', 'abc', ' '].map(shortText(3))).toEqual(['a', 'abc', ' ']);
  });

  test('is refused when it is empty or longer', () => {
    expectRefused(shortText(3), ['', 'abcd'], /1 to 3/);
  });
});

describe('a host name', () => {
  test('is an address or a name, in lower case', () => {
    expect(['0.0.0.0', '::', 'Box', 'a.example'].map(hostName)).toEqual([
      '0.0.0.0',
      '::',
      'box',
      'a.example',
    ]);
  });

  test('is refused with a port, a scheme, brackets, or empty', () => {
    expectRefused(hostName, ['', ' ', 'a:80', 'http://a', '[::]', 'a b'], /without brackets/);
  });
});

describe('host names', () => {
  test('are taken in lower case, in addition to those before', () => {
    expect(hostNames('Coordinator,lockstep.example.org')).toEqual([
      'coordinator',
      'lockstep.example.org',
    ]);
    expect(hostNames('192.0.2.7,fd00::5', ['a'])).toEqual(['a', '192.0.2.7', 'fd00::5']);
  });

  test('are refused with a port, a scheme, a pattern or nothing in between', () => {
    const wrong = ['', 'a,', 'a,,b', 'a:80', 'http://a', '*.a', 'a b', '.a', 'a.', '[::1]'];
    expectRefused(hostNames, wrong, /without ports/);
  });
});
