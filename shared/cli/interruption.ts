import { constants } from 'node:os';
import { reasonOf, systemCode } from '../errors.ts';
import { watchNpm } from './npm.ts';

/*
 * How a process ends before its work is done.
 *
 * The problem. A user, the system, a full disk, the reader of a pipe or a launcher that dies may
 * end a run at any time. In each case the run should write its checkpoint and free its lock, and
 * the user should read why.
 *
 * The one way:
 *
 *   SIGINT, SIGTERM ──────────────────────────┐
 *   somebody asks for it on the dashboard ────┤
 *   SIGHUP, where the output is a terminal ───┤
 *   standard output cannot be written ────────┼──► a line on stderr, and `interruptionSignal` is
 *   npm or npx that started us is gone ───────┤    aborted. The command ends in order.
 *   the IPC channel to our launcher closes ───┘
 *
 * Another SIGINT or SIGTERM ends the process at once. A SIGHUP where the output is no terminal is
 * ignored: that is how a run survives its terminal. Node resets the ignored signals that `nohup`
 * hands on.
 */

/** The abort reason if something has asked this process to end. */
export class Interruption extends Error {
  readonly exitCode: number;

  constructor(reason: string, exitCode: number) {
    super(reason);
    this.name = 'Interruption';
    this.exitCode = exitCode;
  }
}

/** npm passes Ctrl-C on, in addition to the terminal. So a repeated signal may be the same one. */
const SAME_SIGNAL_MS = 100;

/** The exit code by the convention of shells: 130 after SIGINT, 143 after SIGTERM. */
const exitCodeOf = (signal: NodeJS.Signals): number => 128 + constants.signals[signal];

const controller = new AbortController();
const onForced: (() => void)[] = [];
let isAwaited = false;
let interruptedAt = 0;
let stopWatchingNpm = () => {};

/**
 * An abort signal for an orderly end; see above. The reason is an `Interruption`. At another
 * signal, `forced` is called and the process exits at once.
 */
export function interruptionSignal(forced: () => void = () => {}): AbortSignal {
  onForced.push(forced);
  if (!isAwaited) {
    isAwaited = true;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => handleSignal(signal));
    if (!process.channel) {
      stopWatchingNpm = watchNpm(() =>
        interrupt(new Interruption('npm, which started this, is gone', exitCodeOf('SIGTERM'))),
      );
    }
  }
  return controller.signal;
}

/**
 * Ends this process in order because its user has asked for that, though not by a signal. The exit
 * code is that of SIGINT. To scripts it is the same thing: the run has neither finished nor failed,
 * and can go on.
 */
export function interruptForUser(reason: string): void {
  interrupt(new Interruption(reason, exitCodeOf('SIGINT')));
}

/**
 * Ends this process in order when its launcher is gone, even if the launcher was killed. The
 * launcher must have opened an IPC channel to this process.
 */
export function endWithLauncher(): void {
  process.once('disconnect', () => interrupt(new Interruption('the launcher is gone', 1)));
  process.channel?.unref();
}

/**
 * Ends this process when its output cannot be written: no reader is left, or the disk is full. It
 * ends in order if the command has something to save or to clean up, else at once. Without a reader
 * that is no error, as in `lockstep summary | head`.
 */
export function endWithOutput(isInOrder: boolean): void {
  process.stderr.on('error', () => {});
  process.stdout.on('error', (error) => {
    if (controller.signal.aborted) return;
    const isReaderGone = systemCode(error) === 'EPIPE';
    const reason = isReaderGone
      ? 'the reader of the output has gone'
      : `the output cannot be written: ${reasonOf(error)}`;
    const interruption = new Interruption(reason, isReaderGone ? exitCodeOf('SIGPIPE') : 1);
    // The command may end well, but nobody has read it.
    process.exitCode = interruption.exitCode;
    if (isInOrder && isAwaited) return interrupt(interruption);
    if (!isReaderGone) console.error(`error: ${reason}`);
    process.exit();
  });
}

function handleSignal(signal: NodeJS.Signals): void {
  if (signal === 'SIGHUP' && !process.stdout.isTTY) return stopWatchingNpm();
  if (!controller.signal.aborted) return interrupt(new Interruption(signal, exitCodeOf(signal)));
  // The system and the shell both send it when a terminal closes.
  if (signal === 'SIGHUP') return;
  const isSame = performance.now() - interruptedAt < SAME_SIGNAL_MS;
  if (isSame && process.env.npm_lifecycle_event !== undefined) return;
  for (const force of onForced) force();
  process.exit(exitCodeOf(signal));
}

function interrupt(interruption: Interruption): void {
  if (controller.signal.aborted) return;
  interruptedAt = performance.now();
  // A launcher says why itself.
  if (!process.channel) {
    // The cursor may stand behind a live line.
    const begin = process.stderr.isTTY ? '\n' : '';
    console.error(`${begin}Ending in order: ${interruption.message}. Another signal ends at once.`);
  }
  controller.abort(interruption);
}
