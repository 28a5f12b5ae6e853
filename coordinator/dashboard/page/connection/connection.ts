import {
  applyUpdate,
  emptyView,
  formatCursor,
  type Moment,
  type RunView,
  type Update,
} from '../../model/run-view.ts';
import type { ConnectionState } from './connection-state.ts';
import { eventData } from './event-data.ts';
import { remember, remembered } from './storage.ts';

/*
 * The page's connection to the coordinator.
 *
 *   connecting ──first update──► live ──the stream ends, or is silent──► lost ──► connecting
 *        │                        │                                  after a moment
 *        │ 401                    └──the run is over──► ended ──after a moment──► connecting
 *        ▼
 *     locked ──a token──► connecting
 *
 * A browser allows six connections to one host. So a page that is hidden has no stream. It takes
 * one update every now and then, for its title. When the run is about to end, it keeps the stream,
 * because nobody can be asked afterward. When the page is shown again, it gets what it has missed,
 * by its cursor.
 *
 * A page stays open when its coordinator ends, and another run may take the same port. So a page
 * that somebody sees goes on asking. Nothing on it is about another run: it loads itself anew.
 */

/** Where the page has its run from. */
export type RunSource = Pick<
  Connection,
  'state' | 'view' | 'hasToken' | 'request' | 'useToken' | 'loadMoments'
>;

const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 5_000;
/** The coordinator says something every 5 s at least. */
const SILENCE_MAX_MS = 15_000;
/** A hidden page takes an update so often, and keeps its stream if the run has less time left. */
const HIDDEN_INTERVAL_MS = 30_000;
const HIDDEN_SECONDS_LEFT = 90;
const OVER = 'the run is over, and its coordinator is gone: “lockstep view” shows the run again';
const TOKEN_KEY = 'lockstep-token';

/** Keeps the view of a run up to date. */
export class Connection {
  readonly #onChange: () => void;
  readonly #onToken: () => void;
  #state: ConnectionState = { name: 'connecting' };
  #view = emptyView();
  #token = tokenOfAddress() ?? remembered('sessionStorage', TOKEN_KEY);
  /** Undefined: there is no stream. */
  #stream: AbortController | undefined;
  /** The folder of the run that the page shows, once it is known. */
  #runDir: string | undefined;
  #heardAt = performance.now();
  #retryMs = RETRY_MIN_MS;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #tick: ReturnType<typeof setInterval> | undefined;

  /** `onToken` is called when the page gets another token: what it may do is to be asked again. */
  constructor(onChange: () => void, onToken: () => void) {
    this.#onChange = onChange;
    this.#onToken = onToken;
    document.addEventListener('visibilitychange', () => this.#look());
    addEventListener('hashchange', () => {
      const token = tokenOfAddress();
      if (token !== undefined) this.useToken(token);
    });
    void this.#open();
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get view(): RunView {
    return this.#view;
  }

  get hasToken(): boolean {
    return this.#token !== undefined;
  }

  /** The answer to a request with the page's token, such as `api/status`. */
  async request(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.#token !== undefined) headers.set('authorization', `Bearer ${this.#token}`);
    try {
      return await fetch(path, { ...init, headers, cache: 'no-store' });
    } catch (error) {
      // Browsers have words of their own for a failed request, and say them with a `TypeError`.
      if (!(error instanceof TypeError)) throw error;
      const isOver = this.#view.status?.end != null;
      throw new Error(isOver ? OVER : 'no connection', { cause: error });
    }
  }

  /** Gets all moments of the run, for going back in time. */
  async loadMoments(): Promise<void> {
    const response = await this.request('api/moments');
    if (!response.ok) return;
    const { moments } = (await response.json()) as { moments: Moment[] };
    this.#view = { ...this.#view, moments };
    this.#onChange();
  }

  useToken(token: string): void {
    this.#token = token;
    remember('sessionStorage', TOKEN_KEY, token);
    this.#onToken();
    this.#change({ name: 'connecting' });
    void this.#open();
  }

  /** The page is hidden or shown. */
  #look(): void {
    const state = this.#state;
    if (state.name === 'locked' || (state.name === 'ended' && state.isReplaced)) return;
    if (!document.hidden) {
      if (!this.#stream) void this.#open();
    } else if (this.#isDone) this.#close();
    else if (!this.#isToStay()) this.#openLater(HIDDEN_INTERVAL_MS);
  }

  /** Nobody goes on with a run that is done. */
  get #isDone(): boolean {
    return this.#state.name === 'ended' && this.#view.status?.state === 'done';
  }

  /** Whether the stream stays open after an update. */
  #isToStay(): boolean {
    const secondsLeft = this.#view.status?.secondsLeft ?? Number.POSITIVE_INFINITY;
    return !document.hidden || secondsLeft < HIDDEN_SECONDS_LEFT;
  }

  #close(): void {
    clearTimeout(this.#retry);
    clearTimeout(this.#silence);
    this.#stream?.abort();
    this.#stream = undefined;
  }

  #openLater(ms: number): void {
    this.#close();
    this.#retry = setTimeout(() => void this.#open(), ms);
  }

  async #open(): Promise<void> {
    this.#close();
    const stream = new AbortController();
    this.#stream = stream;
    this.#expect(stream);
    const reason = await this.#read(stream).catch(reasonOf);
    if (this.#stream !== stream) return;
    this.#close();
    const state = this.#state;
    if (state.name === 'locked' || (state.name === 'ended' && state.isReplaced)) return;
    this.#lose(reason);
  }

  /** Something must be heard from now on, or the stream is cut off. */
  #expect(stream: AbortController): void {
    clearTimeout(this.#silence);
    const silent = new Error(`nothing was heard for ${SILENCE_MAX_MS / 1000} s`);
    this.#silence = setTimeout(() => stream.abort(silent), SILENCE_MAX_MS);
  }

  /** Reads until the stream ends. Resolves to why, for people. */
  async #read(stream: AbortController): Promise<string> {
    const { signal } = stream;
    const { cursor } = this.#view;
    const headers = new Headers(cursor && { 'last-event-id': formatCursor(cursor) });
    const response = await this.request('api/events', { signal, headers });
    if (response.status === 401 && this.#isDone) this.#change({ name: 'ended', isReplaced: true });
    else if (response.status === 401) this.#lock();
    if (!response.ok || !response.body) throw new Error(await explain(response));
    for await (const data of eventData(response.body, () => this.#expect(stream))) {
      const update = JSON.parse(data) as Update;
      if (this.#isOfOtherRun(update)) {
        location.reload();
        continue;
      }
      this.#view = applyUpdate(this.#view, update);
      this.#retryMs = RETRY_MIN_MS;
      this.#heardAt = performance.now();
      this.#change({ name: 'live' });
      if (!this.#isToStay()) this.#openLater(HIDDEN_INTERVAL_MS);
    }
    return 'it has closed the connection';
  }

  /** Whether an update is of another run than those before. A run has no folder at first. */
  #isOfOtherRun({ facts }: Update): boolean {
    const before = this.#runDir;
    this.#runDir = facts?.runDir ?? before;
    return before !== undefined && before !== this.#runDir;
  }

  #lock(): void {
    const isWrong = this.#token !== undefined;
    this.#token = undefined;
    remember('sessionStorage', TOKEN_KEY, undefined);
    this.#change({ name: 'locked', isWrong });
  }

  #lose(reason: string): void {
    if (this.#view.status?.end) this.#change({ name: 'ended', isReplaced: false });
    else this.#change({ name: 'lost', since: this.#heardAt, reason });
    // Its last state may be wanted. A reader who comes back has the page ask again.
    if (this.#isDone && document.hidden) return;
    // Many pages lose a coordinator at once. They must not all come back at once.
    this.#openLater(this.#retryMs * (0.5 + Math.random() / 2));
    this.#retryMs = Math.min(RETRY_MAX_MS, this.#retryMs * 2);
  }

  #change(state: ConnectionState): void {
    this.#state = state;
    clearInterval(this.#tick);
    // The page says for how long.
    if (state.name === 'lost') this.#tick = setInterval(this.#onChange, 1000);
    this.#onChange();
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : `${error}`);

/** What the coordinator, or a proxy before it, says in an answer that is no stream. */
async function explain(response: Response): Promise<string> {
  const { error }: { error?: unknown } = await response.json().catch(() => ({}));
  return typeof error === 'string' ? error : `the answer is ${response.status}`;
}

/**
 * The token of the address, `#token=…`. It is taken out of the address, so that nobody reads it on
 * a projector, and kept for this tab.
 */
function tokenOfAddress(): string | undefined {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given === null) return undefined;
  remember('sessionStorage', TOKEN_KEY, given);
  history.replaceState(null, '', location.pathname + location.search);
  return given;
}
