import { join } from 'node:path';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { reasonOf } from '../../shared/errors.ts';
import type { RunRecorder } from '../dashboard/run-recorder.ts';
import { EPOCHS_FILE, EVENTS_FILE, METRICS_FILE } from '../run-folder/run-files.ts';
import type { PastBytes } from '../run-folder/run-folder.ts';
import { openLineTail } from './line-tail.ts';
import { RunReplay, type RunReplayOptions } from './run-replay.ts';

/*
 * What a resumed run did before this coordinator, for its dashboard.
 *
 * The problem. There may be a million steps, and training must not wait while they are read.
 *
 * The rule. They are read when the first page is opened, by pieces of 64 KiB, which take about a
 * millisecond each. Between two pieces the event loop has twice as long for everything else. Only
 * when all are read do they join the steps of this coordinator, in one go. The two cannot overlap:
 * what lies behind the length that a file had when the folder was opened is of this coordinator.
 */

const PIECE_BYTES = 64 * 1024;
/** The event loop is free for so many times as long as a piece took. */
const FREE_PARTS = 2;

export interface PastReader {
  /** What there is to be read, in a folder that is open now. */
  open(directory: string, bytes: PastBytes): void;
  /** Begins to read, now or as soon as the folder is open. */
  begin(): void;
  /** The read part, 0 to 1, while it reads. */
  readonly readPart: number | undefined;
  /** Resolves when all that was asked for is read. */
  readonly done: Promise<void>;
  close(): void;
}

export function createPastReader(
  recorder: RunRecorder,
  { source, facts, now }: Pick<RunReplayOptions, 'source' | 'facts' | 'now'>,
): PastReader {
  const ended = new AbortController();
  let place: { readonly directory: string; readonly bytes: PastBytes } | undefined;
  let isAsked = false;
  let replay: RunReplay | undefined;
  let done = Promise.resolve();

  async function read(directory: string, bytes: PastBytes): Promise<void> {
    const tail = (name: string, bytesMax: number) =>
      openLineTail(join(directory, name), { pieceBytes: PIECE_BYTES, bytesMax });
    const past = new RunReplay({
      source,
      facts,
      now,
      metrics: tail(METRICS_FILE, bytes.metrics),
      epochs: tail(EPOCHS_FILE, bytes.epochs),
      events: tail(EVENTS_FILE, bytes.events),
    });
    replay = past;
    let resumedAt = now();
    const pause = async () => {
      const tookMs = now() - resumedAt;
      await (tookMs < 0.5 ? setImmediate() : setTimeout(FREE_PARTS * tookMs));
      ended.signal.throwIfAborted();
      resumedAt = now();
    };
    try {
      await past.read(false, pause);
      recorder.precede(past.recorder);
    } catch (error) {
      if (ended.signal.aborted) return;
      const message = `the earlier steps of this run cannot be shown: ${reasonOf(error)}`;
      recorder.observe({ event: 'notice', code: 'checkpoint', message }, Date.now());
    } finally {
      replay = undefined;
      await past.close();
    }
  }

  function readIfAsked(): void {
    if (!place || !isAsked) return;
    const { directory, bytes } = place;
    place = undefined;
    if (bytes.metrics > 0 || bytes.events > 0) done = read(directory, bytes);
  }

  return {
    open(directory, bytes) {
      place = { directory, bytes };
      readIfAsked();
    },
    begin() {
      isAsked = true;
      readIfAsked();
    },
    get readPart() {
      return replay?.readPart;
    },
    get done() {
      return done;
    },
    close: () => ended.abort(),
  };
}
