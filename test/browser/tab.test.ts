import { describe, expect, test } from 'vitest';
import { chromium } from '../support/browser/chromium.ts';
import { expectNoProblems, GONE, startRun, useDashboards } from '../support/browser/dashboard.ts';
import { toyRun, undisturbedHash } from '../support/processes/toy-cli-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const RUN = { epochs: 30 };
const inFolder = () => ['--out', `${temporaryFolder()}/run`];

describe.skipIf(!chromium)('in Chromium (skipped if it is not installed) a tab', () => {
  const open = useDashboards();

  test('trains a run alone, to the bits of one process, and says so', async () => {
    const { cli, url } = await startRun([
      ...['coordinator', ...toyRun(RUN), '--port', '0'],
      ...inFolder(),
    ]);
    const tab = await open(`${url}/join`, { expected: GONE });
    expect(await tab.page.locator('[role=status]').innerText()).toMatch(/before you press Start/);
    await tab.page.getByRole('button', { name: 'Start' }).click();
    const ready = await cli.next('worker');
    expect(ready).toMatchObject({ runtime: expect.stringMatching(/^browser Chrome \d+$/) });
    const done = await cli.next('done');
    expect(done.parametersSha256).toBe(await undisturbedHash(RUN));
    const status = tab.page.locator('[role=status].finished');
    await status.waitFor();
    expect(await status.innerText()).toMatch(/^The run is finished. Thank you: .* examples/);
    expect(await tab.page.title()).toBe('Finished · Lockstep');
    expectNoProblems(tab);
  });
});
