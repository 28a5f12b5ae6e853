import { EventEmitter } from 'node:events';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  type ConsoleOptions,
  createConsole,
  createJsonPrinter,
  isJsonAsked,
} from '../../../../shared/cli/console.ts';

const NOON = new Date('2026-03-01T12:00:00.500Z');

/** An output that keeps what is written to it. */
function createOutput(isTTY = false) {
  vi.useFakeTimers({ now: NOON, toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  const written: string[] = [];
  const emitter = new EventEmitter();
  const output = Object.assign(emitter, {
    isTTY,
    write: (text: string) => written.push(text) > 0,
  }) as unknown as NodeJS.WriteStream;
  return { output, written };
}

function printing(options: ConsoleOptions, isTTY = false) {
  const { output, written } = createOutput(isTTY);
  const { print } = createConsole(output, options);
  return { print, written };
}

describe('a console', () => {
  test('begins each line of a log with time and level, outside of a terminal', () => {
    const { print, written } = printing({ isLog: true });
    print('\nfirst\nsecond');
    print('rank 2 is late', 'warn');
    expect(written.join('')).toBe(
      '2026-03-01T12:00:00Z info  first\n2026-03-01T12:00:00Z info  second\n' +
        '2026-03-01T12:00:00Z warn  rank 2 is late\n',
    );
  });

  test.for([
    ['in a terminal', { isLog: true }, true],
    ['where the lines are a result', {}, false],
  ] as const)('prints plain lines %s', ([, options, isTTY]) => {
    const { print, written } = printing(options, isTTY);
    print('first');
    expect(written).toEqual(['first\n']);
  });

  test('prints on standard error once the output is broken', () => {
    const spare = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    onTestFinished(() => spare.mockRestore());
    const { output, written } = createOutput();
    const { print } = createConsole(output);
    output.emit('error', new Error('no space left'));
    print('saved');
    expect(written).toEqual([]);
    expect(spare).toHaveBeenCalledExactlyOnceWith('saved\n');
  });
});

describe('events as JSON', () => {
  test('are one per line, each with its time', () => {
    const { output, written } = createOutput();
    createJsonPrinter(output)({ event: 'left', outcome: 'finished' });
    expect(written).toEqual([
      '{"event":"left","outcome":"finished","time":"2026-03-01T12:00:00.500Z"}\n',
    ]);
  });

  test('are printed where --json or LOCKSTEP_LOG asks for them', () => {
    onTestFinished(() => void vi.unstubAllEnvs());
    for (const [value, json, isJson] of [
      ['', undefined, false],
      ['text', undefined, false],
      ['', true, true],
      ['json', undefined, true],
    ] as const) {
      vi.stubEnv('LOCKSTEP_LOG', value);
      expect(isJsonAsked(json ? { json } : {})).toBe(isJson);
    }
    vi.stubEnv('LOCKSTEP_LOG', 'xml');
    expect(() => isJsonAsked({})).toThrow('LOCKSTEP_LOG=xml is no format: set json or text.');
  });
});
