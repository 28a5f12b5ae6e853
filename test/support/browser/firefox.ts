import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { temporaryFolder } from '../temporary-folder.ts';
import { findProgram } from './find-program.ts';

/** The program Firefox; undefined if it is not installed. */
export const firefox = findProgram('firefox-esr', 'firefox');

/** A page in Firefox, driven by WebDriver BiDi (https://w3c.github.io/webdriver-bidi). */
export interface FirefoxPage {
  open(url: string): Promise<void>;
  /** The value of an expression in the page, which must be a text. Waits for a promise. */
  evaluate(expression: string): Promise<string>;
  /** The errors and warnings in its console so far. */
  readonly problems: string[];
}

interface Message {
  readonly id?: number;
  readonly type: string;
  readonly method?: string;
  readonly message?: string;
  readonly params?: { readonly level: string; readonly text: string | null };
  readonly result?: unknown;
}

/** Starts Firefox with one empty page, until the test ends. */
export async function startFirefox(): Promise<FirefoxPage> {
  const socket = new WebSocket(`${await startBrowser()}/session`);
  onTestFinished(() => socket.terminate());
  await once(socket, 'open');
  const problems: string[] = [];
  const waiting = new Map<number, (message: Message) => void>();
  socket.on('message', (data) => {
    const message = JSON.parse(String(data)) as Message;
    if (message.id !== undefined) waiting.get(message.id)?.(message);
    const { level = '', text } = message.params ?? {};
    if (message.method === 'log.entryAdded' && ['error', 'warn'].includes(level))
      problems.push(text ?? '');
  });
  let lastId = 0;
  async function send<Result>(method: string, params: object): Promise<Result> {
    const id = ++lastId;
    const answer = new Promise<Message>((resolve) => waiting.set(id, resolve));
    socket.send(JSON.stringify({ id, method, params }));
    const { type, message, result } = await answer;
    if (type !== 'success') throw new Error(`${method}: ${message}`);
    return result as Result;
  }
  await send('session.new', { capabilities: {} });
  await send('session.subscribe', { events: ['log.entryAdded'] });
  const { contexts } = await send<{ contexts: { context: string }[] }>(
    'browsingContext.getTree',
    {},
  );
  const [{ context }] = contexts;
  return {
    problems,
    open: (url) => send('browsingContext.navigate', { context, url, wait: 'complete' }),
    async evaluate(expression) {
      const target = { context };
      const params = { expression, target, awaitPromise: true };
      const { result } = await send<{ result?: { value: string } }>('script.evaluate', params);
      if (!result) throw new Error(`an error in ${expression}`);
      return result.value;
    },
  };
}

/** Resolves to the address at which the browser is driven. */
async function startBrowser(): Promise<string> {
  const flags = ['--headless', '--no-remote', '--profile', temporaryFolder()];
  const browser = spawn(firefox ?? '', [...flags, '--remote-debugging-port', '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(async () => {
    browser.kill('SIGKILL');
    if (browser.exitCode === null && browser.signalCode === null) await once(browser, 'exit');
  });
  for await (const line of createInterface({ input: browser.stderr })) {
    const [, url] = /^WebDriver BiDi listening on (ws:\S+)/.exec(line) ?? [];
    if (url !== undefined) return url;
  }
  throw new Error('Firefox has ended without a word');
}
