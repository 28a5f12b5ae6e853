import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const read = (name: string) => parse(readFileSync(`deploy/${name}`, 'utf8'), { merge: true });
const resumeCommandIn = (name: string): string =>
  read(name).services.coordinator.environment.LOCKSTEP_RESUME_COMMAND;

test('the command that goes on with a run names the files that it began with', () => {
  expect(resumeCommandIn('compose.yaml')).toBe('docker compose -f deploy/compose.yaml up');
  expect(resumeCommandIn('compose.tls.yaml')).toBe(
    'docker compose -f deploy/compose.yaml -f deploy/compose.tls.yaml up',
  );
});
