import { expect, test } from 'vitest';
import { browserName } from '../../../../../worker/browser/page/browser-name.ts';

const WEBKIT = 'AppleWebKit/537.36 (KHTML, like Gecko)';

test.for([
  ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox 140'],
  [`Mozilla/5.0 (X11; Linux x86_64) ${WEBKIT} Chrome/140.0.0.0 Safari/537.36`, 'Chrome 140'],
  [`Mozilla/5.0 (X11) ${WEBKIT} HeadlessChrome/140.0.0.0 Safari/537.36`, 'Chrome 140'],
  [`Mozilla/5.0 (X11) ${WEBKIT} Chrome/140.0.0.0 Safari/537.36 Edg/139.0`, 'Edge 139'],
  [`Mozilla/5.0 (X11) ${WEBKIT} Chrome/140.0.0.0 Safari/537.36 OPR/120.0`, 'Opera 120'],
  [`Mozilla/5.0 (iPhone) ${WEBKIT} Version/18.5 Mobile/15E148 Safari/604.1`, 'Safari 18'],
  [`Mozilla/5.0 (iPhone) ${WEBKIT} CriOS/138.0 Mobile/15E148 Safari/604.1`, 'Chrome 138'],
  ['curl/8', undefined],
  ['', undefined],
] as const)('a browser that calls itself %j is %j', ([userAgent, name]) => {
  expect(browserName(userAgent)).toBe(name);
});
