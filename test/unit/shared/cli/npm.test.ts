import { describe, expect, test } from 'vitest';
import { adviceOnKeptFlags } from '../../../../shared/cli/npm.ts';

const FLAGS = ['--workers', '--global-batch', '--lr', '--audit', undefined];
const start = { npm_lifecycle_event: 'start' };

describe('flags that npm has kept for itself', () => {
  test('are named, with what to type', () => {
    const env = { ...start, npm_config_global_batch: 'true', npm_config_lr: '0.1' };
    expect(adviceOnKeptFlags(FLAGS, env)).toBe(
      'npm has kept --global-batch, --lr for itself: put all flags behind --, such as ' +
        'npm start -- --global-batch …',
    );
  });

  test.for([
    ['its own configuration', { ...start, npm_config_audit: '', npm_config_cache: '/x' }],
    ['another script than start', { npm_lifecycle_event: 'x', npm_config_lr: '1' }],
    ['no npm', { npm_config_lr: '1' }],
  ])('are not seen in %s', ([, env]) => {
    expect(adviceOnKeptFlags(FLAGS, env as NodeJS.ProcessEnv)).toBeUndefined();
  });
});
