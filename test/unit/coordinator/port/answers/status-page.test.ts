import { expect, test } from 'vitest';
import { statusPage } from '../../../../../coordinator/port/answers/status-page.ts';

test('a status is a title, a table of its numbers, and a table per list', () => {
  const page = statusPage({
    ...{ state: 'training', step: 43, stepCount: 100, trainLoss: 0.123456789, testAccuracy: null },
    workers: [
      { rank: 0, name: 'a', state: 'idle' },
      { rank: 1, name: 'b', pid: 7, sentBytes: 2_345_678, since: '2026-11-26T18:04:05.678Z' },
    ],
    counters: { lateShares: 2 },
    notices: [],
  });
  expect(page).toContain('<h1>Training, step 43 of 100</h1>');
  expect(page).toContain('<meta http-equiv="refresh" content="5">');
  expect(page).toContain('<tr><th scope="row">Recent training loss</th><td>0.1235</td></tr>');
  expect(page).toContain('<tr><th scope="row">Test accuracy</th><td>–</td></tr>');
  expect(page).toContain('<tr><th scope="row">Late shares</th><td>2</td></tr>');
  const head = ['Rank', 'Name', 'State', 'Sent', 'Here since'].map(
    (name) => `<th scope="col">${name}</th>`,
  );
  expect(page).toContain(`<tr>${head.join('')}</tr>`);
  expect(page).toContain(
    '<tr><td>1</td><td>b</td><td>–</td><td>2.3 MB</td><td>18:04:05 UTC</td></tr>',
  );
  expect(page).toContain('<h2>Notices</h2>\n<p>None.</p>');
});

test('texts of others are no markup, wherever they stand', () => {
  const evil = `<img src=x onerror="alert('1')">&`;
  const page = statusPage({
    state: evil,
    [evil]: evil,
    workers: [{ name: evil, [evil]: [evil] }],
    counters: { [evil]: evil },
  });
  expect(page).not.toMatch(/<img|onerror="|'1'/);
  expect(page).toContain('&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;');
});

test('a status without steps is a page too', () => {
  expect(statusPage({ state: 'waiting' })).toContain('<h1>Waiting</h1>');
});
