import { expect, test } from 'vitest';
import { qrPath } from '../../../../../../coordinator/dashboard/page/control/qr-path.ts';
import { describeJoin } from '../../../../../../coordinator/port/answers/join.ts';

/** The modules that a path covers, as a text of 0 and 1 per row. */
function modulesOf(path: string, size: number): string[] {
  const rows = Array.from({ length: size }, () => new Array<number>(size).fill(0));
  for (const rectangle of path.match(/M[^M]+/g) ?? []) {
    const match = /^M(\d+) (\d+)h(\d+)v1h-\3z$/.exec(rectangle);
    expect(match, rectangle).not.toBeNull();
    const [x, y, width] = (match ?? []).slice(1).map(Number);
    for (let i = x; i < x + width; i++) rows[y][i]++;
  }
  return rows.map((row) => row.join(''));
}

test('the path of a QR code covers its dark modules, and each of them once', async () => {
  const urls = { here: 'ws://127.0.0.1:8080', others: ['ws://192.0.2.7:8080'] };
  const { page } = await describeJoin({ urls, token: 'lever', isTokenNeeded: true });
  const { qr } = page;
  expect(modulesOf(qrPath(qr.modules), qr.size)).toEqual(qr.modules);
});

test('modules that touch in a row are one rectangle', () => {
  expect(qrPath(['1101', '0000', '0111'])).toBe('M0 0h2v1h-2zM3 0h1v1h-1zM1 2h3v1h-3z');
});
