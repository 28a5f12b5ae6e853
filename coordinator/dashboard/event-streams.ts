import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../shared/clock.ts';
import { type Cursor, formatCursor, parseCursor, type Update } from './model/run-view.ts';

/*
 * The updates of a run, as they happen: `GET /api/events`, in the format of server-sent events.
 *
 * The problem. A page may read slowly or not at all. It must not hold memory of the coordinator,
 * nor slow its loop down.
 *
 * The rule. Nothing is queued for a page. A page has a cursor, and gets what has changed since then
 * once it has read the last update. Pages with the same cursor get the same text. While no page is
 * open, nothing is computed.
 *
 * What bounds it. There is room for a number of streams. When all places are taken, a new stream
 * takes the place of one that does not read. The server closes a connection on which nothing moves;
 * see `IDLE_TIMEOUT_MS`. A stream that lives is never silent for so long.
 */

/** The shortest time between two updates. */
const INTERVAL_MS = 250;
/** A page hears something after this time at the latest, so that it knows the coordinator lives. */
const SILENCE_MS = 5_000;
const STREAMS_MAX = 128;

/** Proxies that keep answers back until they are whole, or change them, must not do so here. */
const STREAM_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
  // The end of the run must end the connection.
  connection: 'close',
} as const;

type Changes = Omit<Update, 'time'>;

interface Stream {
  readonly response: ServerResponse;
  cursor: Cursor | undefined;
  /** The last update without its time: the same one is not sent again. */
  last: string;
  sentAt: number;
}

export interface EventStreamsOptions {
  readonly updateAfter: (cursor: Cursor | undefined) => Changes;
  /** Headers of the answers, in addition to those of a stream. */
  readonly headers: Readonly<Record<string, string>>;
  readonly clock: Clock;
  /** The time in ms since 1970. */
  readonly date: () => number;
  /** Gets an error that `updateAfter` has thrown while streams are open. It ends them. */
  readonly onFault: (error: unknown) => void;
  readonly streamsMax?: number;
}

export class EventStreams {
  readonly #options: EventStreamsOptions;
  readonly #streams = new Set<Stream>();
  #cancel: (() => void) | undefined;
  #isClosed = false;

  constructor(options: EventStreamsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#streams.size;
  }

  /** Answers a request with a stream. Returns false if there are too many. */
  open(request: IncomingMessage, response: ServerResponse): boolean {
    if (!this.#makeRoom()) return false;
    const { clock, headers, updateAfter } = this.#options;
    const lastId = request.headers['last-event-id'];
    const cursor = typeof lastId === 'string' ? parseCursor(lastId) : undefined;
    const stream: Stream = { response, cursor, last: '', sentAt: clock.now() };
    response.once('close', () => this.#remove(stream));
    response.writeHead(200, { ...headers, ...STREAM_HEADERS });
    this.#tell(stream, rememberTexts(updateAfter));
    if (this.#streams.size === 0) this.#tellSoon();
    this.#streams.add(stream);
    return true;
  }

  /** Sends the last update and ends all streams. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#tellAll();
    this.#cancel?.();
    for (const { response } of this.#streams) response.end();
  }

  #tellSoon(): void {
    this.#cancel = this.#options.clock.setTimer(INTERVAL_MS, () => {
      this.#tellSoon();
      this.#tellAll();
    });
  }

  #tellAll(): void {
    const { updateAfter, onFault } = this.#options;
    const textOf = rememberTexts(updateAfter);
    try {
      for (const stream of this.#streams) this.#tell(stream, textOf);
    } catch (error) {
      onFault(error);
      for (const { response } of this.#streams) response.destroy();
    }
  }

  /** Sends what has changed. Does nothing if the page has not read the last update yet. */
  #tell(stream: Stream, textOf: (cursor: Cursor | undefined) => Text): void {
    const { clock, date } = this.#options;
    const { response } = stream;
    if (isFull(response)) return;
    const { text, cursor } = textOf(stream.cursor);
    if (text !== stream.last) {
      const data = `${text.slice(0, -1)},"time":${date()}}`;
      response.write(`id: ${formatCursor(cursor)}\ndata: ${data}\n\n`);
    } else if (clock.now() - stream.sentAt >= SILENCE_MS) response.write(': nothing new\n\n');
    else return;
    stream.last = text;
    stream.cursor = cursor;
    stream.sentAt = clock.now();
  }

  #makeRoom(): boolean {
    const { clock, streamsMax = STREAMS_MAX } = this.#options;
    if (this.#isClosed) return false;
    if (this.#streams.size < streamsMax) return true;
    const now = clock.now();
    const stuck = [...this.#streams].find(
      ({ response, sentAt }) => isFull(response) && now - sentAt >= SILENCE_MS,
    );
    if (!stuck) return false;
    this.#remove(stuck);
    stuck.response.destroy();
    return true;
  }

  #remove(stream: Stream): void {
    this.#streams.delete(stream);
    if (this.#streams.size > 0) return;
    this.#cancel?.();
    this.#cancel = undefined;
  }
}

const isFull = ({ writableLength }: ServerResponse): boolean => writableLength > 0;

interface Text {
  readonly text: string;
  readonly cursor: Cursor;
}

/** Makes the text of each update once. */
function rememberTexts(
  updateAfter: (cursor: Cursor | undefined) => Changes,
): (cursor: Cursor | undefined) => Text {
  const texts = new Map<string, Text>();
  return (cursor) => {
    const key = cursor ? formatCursor(cursor) : '';
    const known = texts.get(key);
    if (known) return known;
    const update = updateAfter(cursor);
    const made = { text: JSON.stringify(update), cursor: update.cursor };
    texts.set(key, made);
    return made;
  };
}
