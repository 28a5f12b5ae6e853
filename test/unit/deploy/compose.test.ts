import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const read = (name: string) => parse(readFileSync(`deploy/${name}`, 'utf8'), { merge: true });
const resumeCommandIn = (name: string): string =>
  read(name).services.coordinator.environment.LOCKSTEP_RESUME_COMMAND;

test('the secrets for guests reach the coordinator, if they are set, and no other service', () => {
  const { services } = read('compose.yaml');
  const guests = ['LOCKSTEP_WATCH_TOKEN', 'LOCKSTEP_WORK_TOKEN'];
  for (const name of guests) expect(services.coordinator.environment).toHaveProperty(name, null);
  expect(Object.keys(services.worker.environment)).toContain('LOCKSTEP_TOKEN');
  for (const name of guests) expect(services.worker.environment).not.toHaveProperty(name);
  const settings = readFileSync('deploy/.env.example', 'utf8');
  for (const name of guests) expect(settings).toMatch(new RegExp(`^#${name}=$`, 'm'));
});

test('the command that goes on with a run names the files that it began with', () => {
  expect(resumeCommandIn('compose.yaml')).toBe('docker compose -f deploy/compose.yaml up');
  expect(resumeCommandIn('compose.tls.yaml')).toBe(
    'docker compose -f deploy/compose.yaml -f deploy/compose.tls.yaml up',
  );
});
