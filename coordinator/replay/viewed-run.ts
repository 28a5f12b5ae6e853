import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { type Clock, sleep } from '../../shared/clock.ts';
import { LockstepError, reasonOf } from '../../shared/errors.ts';
import { formatCommand, shortPath } from '../../shared/host/command-line.ts';
import { summarizeVerification } from '../dashboard/model/proof.ts';
import type { Cursor, RunStatus, Update } from '../dashboard/model/run-view.ts';
import { type RunDescription, readDescription, readDone } from '../run-folder/run-description.ts';
import {
  checkpointNames,
  DONE_FILE,
  EPOCHS_FILE,
  EVENTS_FILE,
  METRICS_FILE,
  stepOfName,
} from '../run-folder/run-files.ts';
import { createLockWatch, type LockState } from '../run-folder/run-lock.ts';
import { readVerification, type Verification } from '../run-folder/verification.ts';
import { type LineTail, openLineTail } from './line-tail.ts';
import { recordedFacts } from './recorded-facts.ts';
import { RunReplay } from './run-replay.ts';

/*
 * A run as its folder has it: one that is over, or one that goes on.
 *
 *   reading ──all is read──► shown ──something is new──► shown …
 *      ▲                       │
 *      └──a file was replaced──┘   a resume has set records aside
 *
 * Nothing in the folder is changed.
 */

const PIECE_BYTES = 2 ** 18;
const POLL_MS = 500;
/** "26 Nov 2026, 15:35". */
const TIME_FORMAT = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });

interface Reading {
  readonly replay: RunReplay;
  readonly tails: readonly LineTail[];
}

export class ViewedRun {
  readonly description: RunDescription;
  readonly #directory: string;
  readonly #source: string;
  readonly #clock: Clock;
  readonly #lockState: () => Promise<LockState>;
  #reading: Reading;
  #isRead = false;
  #verification: Verification | undefined;
  #beginnings = 0;

  /** `source` names this process, in letters and digits. */
  constructor(directory: string, description: RunDescription, source: string, clock: Clock) {
    this.description = description;
    this.#directory = directory;
    this.#source = source;
    this.#clock = clock;
    this.#lockState = createLockWatch(directory, clock);
    this.#reading = this.#begin(description);
  }

  /** Reads all that is there. Throws a `FILE` error. */
  async read(): Promise<void> {
    await this.#readInto(this.#reading, this.#isRead);
    this.#isRead = true;
  }

  /** Reads what is new every half second, until `signal` is aborted. */
  async follow(signal: AbortSignal): Promise<void> {
    for (;;) {
      await sleep(this.#clock, POLL_MS, signal);
      if (signal.aborted) return;
      await this.readNew();
    }
  }

  /** Reads what is new. What cannot be read now stays as it was shown. */
  async readNew(): Promise<void> {
    try {
      const { tails } = this.#reading;
      const replaced = await Promise.all(tails.map((tail) => tail.isReplaced()));
      if (replaced.includes(true)) await this.#readAnew();
      else await this.read();
    } catch (error) {
      if (!(error instanceof LockstepError)) throw error;
    }
  }

  /** What has changed since a cursor; see `RunRecorder`. */
  updateAfter(cursor: Cursor | undefined): Omit<Update, 'time'> {
    const { replay } = this.#reading;
    const update = replay.recorder.updateAfter(this.#isRead ? cursor : undefined);
    if (this.#isRead) return { ...update, status: this.#withVerification(update.status) };
    return {
      ...update,
      ...NOTHING,
      cursor: { ...update.cursor, source: 'reading' },
      status: { ...update.status, state: 'reading', readPart: replay.readPart },
    };
  }

  #withVerification(status: RunStatus): RunStatus {
    const found = this.#verification;
    const time = found ? TIME_FORMAT.format(new Date(found.time)) : '';
    const command = formatCommand('verify', shortPath(this.#directory));
    return {
      ...status,
      verification: { ...summarizeVerification(found, status, time), command },
    };
  }

  /** All moments that are kept, as JSON. */
  momentsAsJson(): string {
    return this.#reading.replay.recorder.momentsAsJson();
  }

  /** The number of lines that are no records. */
  get unreadable(): number {
    return this.#reading.replay.unreadable;
  }

  async close(): Promise<void> {
    await this.#reading.replay.close();
  }

  /** `isPatient`: the newest steps may wait for what is told of them later. */
  async #readInto({ replay }: Reading, isPatient: boolean): Promise<void> {
    // First the lock: what a coordinator has written before it freed the lock is read then.
    const lock = await this.#lockState();
    await replay.read(isPatient && lock === 'held', () => setImmediate());
    this.#verification = await readVerification(this.#directory);
    if (lock === 'held') replay.recorder.breakOff(undefined);
    else await showEnd(this.#directory, replay, lock === 'abandoned');
  }

  /** Until all is read anew, the page shows what was read before. */
  async #readAnew(): Promise<void> {
    const [before, anew] = [this.#reading, this.#begin(await describe(this.#directory))];
    try {
      await this.#readInto(anew, false);
      this.#reading = anew;
      await before.replay.close();
    } catch (error) {
      await anew.replay.close();
      throw error;
    }
  }

  #begin(description: RunDescription): Reading {
    const [metrics, epochs, events] = [METRICS_FILE, EPOCHS_FILE, EVENTS_FILE].map((name) =>
      openLineTail(join(this.#directory, name), { pieceBytes: PIECE_BYTES }),
    );
    const replay: RunReplay = new RunReplay({
      source: `${this.#source}${this.#beginnings++}`,
      facts: () => recordedFacts(description, shortPath(this.#directory), replay.start),
      metrics,
      epochs,
      events,
      now: () => this.#clock.now(),
    });
    return { replay, tails: [metrics, epochs, events] };
  }
}

/** Throws a `FILE` error if the folder holds no run. */
export async function viewRun(directory: string, source: string, clock: Clock): Promise<ViewedRun> {
  return new ViewedRun(directory, await describe(directory), source, clock);
}

/** While a run is being read, a page gets nothing else of it. */
const NOTHING = { steps: [], epochs: [], incidents: [], details: [], speeds: [] } as const;

async function describe(directory: string): Promise<RunDescription> {
  const info = await stat(directory).catch((error: unknown) => {
    throw new LockstepError('FILE', `cannot open the run ${directory}: ${reasonOf(error)}.`);
  });
  if (!info.isDirectory())
    throw new LockstepError('FILE', `${directory} is a file: give the folder of a run.`);
  const description = await readDescription(directory);
  if (description) return description;
  throw new LockstepError('FILE', `${directory} holds no run: give the folder of a run.`);
}

/** Shows how a run has ended whose coordinator is gone. */
async function showEnd(directory: string, replay: RunReplay, isLocked: boolean): Promise<void> {
  const { recorder, step, start } = replay;
  if (recorder.isOver) return;
  const done = await readDone(directory);
  if (done) {
    const { testAccuracy, testErrors, parametersSha256, totalSeconds, steps } = done;
    const result = { testAccuracy, testErrors, parametersSha256, totalSeconds };
    const end = { event: 'done', steps, ...result } as const;
    return recorder.observe(end, await timeOf(join(directory, DONE_FILE)));
  }
  // Records of an older version do not tell whether it ended in order.
  if (!start && !isLocked) return recorder.observe({ event: 'stopped', step }, Date.now());
  const newest = (await checkpointNames(directory)).at(0);
  const from =
    newest === undefined
      ? 'It has no checkpoint yet, and begins again'
      : `It goes on from the checkpoint of step ${stepOfName(newest)}`;
  recorder.breakOff(`broken off after step ${step}: its coordinator is gone. ${from}`);
}

/** When a file was written, in ms since 1970; now, if it is not there. */
async function timeOf(path: string): Promise<number> {
  const info = await stat(path).catch(() => undefined);
  return info?.mtimeMs ?? Date.now();
}
