/**
 * Measures how smoothly one draws on the page of Learning: the time from one frame to the next
 * while the pointer drags over the board, and the net answers.
 *
 *   node test/bench/frames.ts URL [--seconds 5]
 *
 * URL is the dashboard of a run that goes on, or of `lockstep view`.
 */
import { parseArgs } from 'node:util';
import { chromium as driver, type Page } from 'playwright-core';
import { assert } from '../../shared/assert.ts';
import { findChromium } from '../support/browser/find-program.ts';
import { place } from './take-turns.ts';

const { values, positionals } = parseArgs({
  options: { seconds: { type: 'string', default: '5' } },
  allowPositionals: true,
});
const [url] = positionals;
const executablePath = findChromium();
assert(url !== undefined, 'the address of a dashboard is given');
assert(executablePath !== undefined, 'Chromium is installed');

/** Collects the times of frames in `globalThis.frames`, until `globalThis.isOver`. */
const COLLECT = `
  globalThis.frames = [];
  const collect = (time) => {
    globalThis.frames.push(time);
    if (!globalThis.isOver) requestAnimationFrame(collect);
  };
  requestAnimationFrame(collect);
`;

/** Drags in circles over the board, as fast as the browser takes it. Returns the moves. */
async function drag(page: Page, milliseconds: number): Promise<number> {
  const board = page.locator('#draw canvas').first();
  await board.scrollIntoViewIfNeeded();
  const box = await board.boundingBox();
  assert(box !== null, 'the board is there');
  const at = (turn: number): [number, number] => [
    box.x + box.width * (0.5 + 0.3 * Math.cos(turn)),
    box.y + box.height * (0.5 + 0.3 * Math.sin(turn)),
  ];
  await page.mouse.move(...at(0));
  await page.mouse.down();
  await page.evaluate(COLLECT);
  const endsAt = performance.now() + milliseconds;
  let moves = 0;
  for (; performance.now() < endsAt; moves++) await page.mouse.move(...at(moves / 12));
  await page.evaluate('globalThis.isOver = true');
  await page.mouse.up();
  return moves;
}

const browser = await driver.launch({ executablePath, args: ['--no-sandbox'] });
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.goto(new URL('?learning', url).href);
  const moves = await drag(page, Number(values.seconds) * 1000);
  const frames = (await page.evaluate('globalThis.frames')) as number[];
  const intervals = frames
    .slice(1)
    .map((time, i) => time - frames[i])
    .sort((a, b) => a - b);
  const part = (of: number) => intervals[Math.floor(of * (intervals.length - 1))].toFixed(1);
  console.log(`${place}; Chromium ${browser.version()}, without a graphics card`);
  console.log(
    `${frames.length} frames and ${moves} moves in ${values.seconds} s; between two frames ` +
      `${part(0.5)} ms (median), ${part(0.95)} ms (p95), ${part(1)} ms (maximum)`,
  );
} finally {
  await browser.close();
}
