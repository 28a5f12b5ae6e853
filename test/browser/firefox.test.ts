import { describe, expect, test } from 'vitest';
import { startRun } from '../support/browser/dashboard.ts';
import { firefox, startFirefox } from '../support/browser/firefox.ts';
import { startCli } from '../support/processes/cli.ts';
import { toyRun } from '../support/processes/toy-cli-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Resolves to the strip's text when it matches. */
const untilStrip = (pattern: RegExp): string => `new Promise((resolve) => {
  const look = () => {
    const text = (document.querySelector('.strip')?.textContent ?? '').replace(/\\s+/g, ' ');
    if (${pattern}.test(text)) resolve(text);
    else setTimeout(look, 50);
  };
  look();
})`;

describe.skipIf(!firefox)('in Firefox (skipped if it is not installed) the dashboard', () => {
  test('shows a run to its end', async () => {
    const { cli, url } = await startRun([
      ...['coordinator', ...toyRun({ epochs: 60 }), '--port', '0'],
      ...['--out', `${temporaryFolder()}/run`],
    ]);
    const page = await startFirefox();
    await page.open(`${url}/`);
    await page.evaluate(untilStrip(/Waiting for 1 worker/));
    startCli(['worker', url.replace('http', 'ws')]);
    await page.evaluate(untilStrip(/training.*examples\/s/));
    expect(await page.evaluate('String(crossOriginIsolated)')).toBe('true');
    const titles = await page.evaluate(
      `[...document.querySelectorAll('section.panel h2')].map((each) => each.innerText).join('|')`,
    );
    for (const title of titles.split('|')) expect(title).toMatch(/[.!?]$/);
    const { parametersSha256 } = await cli.next('done');
    expect(await page.evaluate(untilStrip(/done/))).toContain(parametersSha256);
    expect(page.problems).toEqual([]);
  });
});
