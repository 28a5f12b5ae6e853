import { describe, expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { docker, hasEngine, IMAGE } from '../support/containers/docker.ts';

describe.skipIf(!hasEngine)('the image', () => {
  test('has a title, a license and a version, and runs as a user without rights', async () => {
    const [{ Config: config }] = JSON.parse(await docker('image', 'inspect', IMAGE));
    expect(config.User).toBe('node');
    expect(config.Labels).toMatchObject({
      'org.opencontainers.image.title': 'Lockstep',
      'org.opencontainers.image.licenses': packageJson.license,
      'org.opencontainers.image.version': packageJson.version,
    });
  });

  test('contains the dataset and the fast kernels, so that it needs no network', async () => {
    const run = (...args: string[]) => docker('run', '--rm', '--network', 'none', IMAGE, ...args);
    expect(await run('data')).toContain('60,000 training and 10,000 test images');
    expect(await run('doctor')).toMatch(/^fused .*\n +self-test passed/m);
  });
});
