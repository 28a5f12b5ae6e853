import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { resumeCommand } from '../../../../coordinator/options/continuation.ts';
import {
  COMMAND_VARIABLE,
  formatCommand,
  quoteArgument,
  RESUME_VARIABLE,
  shortPath,
} from '../../../../shared/host/command-line.ts';

afterEach(() => void vi.unstubAllEnvs());

describe('an argument', () => {
  test.for([
    'runs/2026-01-31_10-00-00',
    'my run',
    "it's",
    '',
    '$HOME `id` "x" \\ !',
    '*',
    'ü',
    'a\nb',
    '~',
    '#x',
    'wss://h:1#sha256=a/b+c=',
  ])('%j reaches a program as it is', (text) => {
    const echo = `printf %s ${quoteArgument(text)}`;
    expect(execFileSync('sh', ['-c', echo], { encoding: 'utf8' })).toBe(text);
  });

  test('is not quoted without need', () => {
    expect(quoteArgument('runs/x-1_2.3')).toBe('runs/x-1_2.3');
  });
});

describe('a printed command', () => {
  test('begins with what the environment says', () => {
    vi.stubEnv(COMMAND_VARIABLE, 'docker compose run --rm coordinator');
    expect(formatCommand('evaluate', 'my run')).toBe(
      "docker compose run --rm coordinator evaluate 'my run'",
    );
  });

  test('begins with npx, if npm has started the process', () => {
    vi.stubEnv('npm_execpath', '/npm');
    expect(formatCommand('doctor')).toBe('npx lockstep doctor');
  });

  test('that goes on with a run has the subcommand of that run', () => {
    vi.stubEnv('npm_execpath', '/npm');
    expect(resumeCommand({ continuation: ['coordinator', '--port', '9'] }, '/r/my run')).toBe(
      "npx lockstep coordinator --port 9 --resume '/r/my run'",
    );
  });

  test('works with Compose: its file sets both variables', () => {
    const file = new URL('../../../../deploy/compose.yaml', import.meta.url);
    const { services } = parse(readFileSync(file, 'utf8'), { merge: true });
    const { environment } = services.coordinator;
    for (const name of [COMMAND_VARIABLE, RESUME_VARIABLE]) vi.stubEnv(name, environment[name]);
    const compose = 'docker compose -f deploy/compose.yaml';
    expect(formatCommand('evaluate', 'runs/run')).toBe(
      `${compose} run --rm coordinator evaluate runs/run`,
    );
    expect(process.env[RESUME_VARIABLE]).toBe(`${compose} up`);
    expect(resumeCommand({}, '/runs/run')).toBe(`${compose} up`);
  });
});

test('a path is shown from the current folder, if that is shorter', () => {
  expect(shortPath(`${process.cwd()}/runs/x`)).toBe('runs/x');
  expect(shortPath('/r')).toBe('/r');
  expect(shortPath(process.cwd())).toBe(process.cwd());
  expect(shortPath(`${process.cwd()}/-x`)).toBe('./-x');
});
