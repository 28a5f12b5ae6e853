import {
  type Browser,
  type BrowserContextOptions,
  chromium as driver,
  type Page,
} from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import type { statusOf } from '../../../coordinator/run-status.ts';
import { type RunningCli, startCli } from '../processes/cli.ts';
import { chromium } from './chromium.ts';

/** A dashboard in a browser, and everything on it that is not as it should be. */
export interface OpenDashboard {
  readonly page: Page;
  /** Errors and warnings of the page, violations of its policy, requests to anywhere else. */
  readonly problems: string[];
  /** Resolves when the text of the strip matches. */
  untilStrip(pattern: RegExp): Promise<void>;
  /** The text of the strip, its lines joined. */
  strip(): Promise<string>;
  /** Resolves when this is the title of the browser's tab. */
  untilTitle(title: string): Promise<void>;
  /** Resolves when nothing on the page is wider than the window. */
  untilNarrow(): Promise<void>;
}

export interface DashboardOptions extends BrowserContextOptions {
  /** A script that runs in the page before anything else. */
  readonly before?: string;
  /** What the page may complain of. */
  readonly expected?: RegExp;
}

/** What a browser says when a coordinator is gone. */
export const GONE =
  /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE/;

/** How long a page is waited for. The machine may give it no time for seconds. */
const PATIENCE_MS = 60_000;

/** What a script in the page needs of it. */
interface Window {
  readonly document: {
    readonly title: string;
    readonly documentElement: { readonly scrollWidth: number };
  };
  readonly innerWidth: number;
}

const REPORT_VIOLATIONS = `
  document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
    console.error('policy violated: ' + violatedDirective + ' ' + blockedURI));
`;

/** Starts a browser for the tests of a file. Returns how to open a dashboard in it. */
export function useDashboards() {
  let browser: Browser | undefined;
  beforeAll(async () => {
    const options = { executablePath: chromium ?? '', args: ['--no-sandbox', '--disable-gpu'] };
    browser = await driver.launch(options);
  });
  afterAll(() => browser?.close());
  return async (url: string, options: DashboardOptions = {}): Promise<OpenDashboard> => {
    const { before = '', expected, ...ofContext } = options;
    if (!browser) throw new Error('the browser is not there yet');
    const context = await browser.newContext({
      viewport: { width: 1440, height: 900 },
      ...ofContext,
    });
    onTestFinished(() => context.close());
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    const problems = watchProblems(page, new URL(url).origin, expected);
    await page.addInitScript({ content: REPORT_VIOLATIONS + before });
    await page.goto(url);
    return openDashboard(page, problems);
  };
}

function openDashboard(page: Page, problems: string[]): OpenDashboard {
  const strip = async () => {
    const texts = await page.locator('.strip p, .strip .message').allInnerTexts();
    return texts.join(' | ').replaceAll('\u00a0', ' ');
  };
  return {
    page,
    problems,
    strip,
    async untilTitle(title) {
      const isShown = (text: string) => (globalThis as unknown as Window).document.title === text;
      await page.waitForFunction(isShown, title);
    },
    async untilNarrow() {
      await page.waitForFunction(() => {
        const { document, innerWidth } = globalThis as unknown as Window;
        return document.documentElement.scrollWidth <= innerWidth;
      });
    },
    async untilStrip({ source }) {
      // Any white space, because lines are broken between their parts only.
      const hasText = new RegExp(source.replaceAll(' ', '\\s+'), 's');
      await page.locator('.strip').filter({ hasText }).waitFor();
    },
  };
}

function watchProblems(page: Page, origin: string, expected?: RegExp): string[] {
  const problems: string[] = [];
  const add = (text: string) => {
    if (!expected?.test(text)) problems.push(text);
  };
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) add(message.text());
  });
  page.on('pageerror', (error) => add(String(error.stack ?? error)));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(`${origin}/`) && !/^(data|blob):/.test(url)) add(`request to ${url}`);
  });
  return problems;
}

/** Expects that nothing was wrong with a page so far. */
export function expectNoProblems({ problems }: OpenDashboard): void {
  expect(problems).toEqual([]);
}

/** What a coordinator says of its run at `/api/status`. */
export async function statusAt(url: string): Promise<ReturnType<typeof statusOf>> {
  const response = await fetch(`${url}/api/status`);
  return (await response.json()) as ReturnType<typeof statusOf>;
}

/** Starts a command that has a dashboard. Resolves to its address when it listens. */
export async function startRun(args: readonly string[]): Promise<{ cli: RunningCli; url: string }> {
  const cli = startCli([...args, '--json']);
  const { url } = await cli.next('listening');
  return { cli, url: url.replace(/^ws/, 'http') };
}
