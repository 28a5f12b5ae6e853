import type { Clock } from '../../shared/clock.ts';

/** A failed write is tried again after this time, regardless of the schedule. */
const RETRY_MS = 5_000;

export interface CheckpointWriterOptions {
  readonly clock: Clock;
  /** A checkpoint is due every `everySteps` steps. */
  readonly everySteps: number;
  /** A checkpoint is also due this long after the last one began. */
  readonly everyMs: number;
  /**
   * Copies the current state before it returns, then writes the copy. Resolves to the file's path.
   */
  readonly save: () => Promise<string>;
  readonly onSaved: (step: number, file: string) => void;
  /** The checkpoint of a step was not written. It is tried again with a later step. */
  readonly onFailure: (step: number, error: unknown) => void;
}

/**
 * Saves checkpoints while training goes on. Training waits only for the copy of the state, not for
 * the disk.
 */
export interface CheckpointWriter {
  /** Begins a checkpoint if one is due and none is being written. Call it after each step. */
  stepDone(step: number): void;
  /** Begins a checkpoint as soon as none is being written. Resolves when it has begun. */
  begin(step: number): Promise<void>;
  /** Resolves when no checkpoint is being written. */
  idle(): Promise<void>;
  /** The step of the newest checkpoint on disk. */
  readonly savedStep: number | undefined;
}

export function createCheckpointWriter(options: CheckpointWriterOptions): CheckpointWriter {
  const { clock, everySteps, everyMs, save, onSaved, onFailure } = options;
  let writing: Promise<void> | undefined;
  let savedStep: number | undefined;
  let isDue = false;
  let dueAt = clock.now() + everyMs;

  async function write(step: number): Promise<void> {
    isDue = false;
    dueAt = clock.now() + everyMs;
    try {
      const file = await save();
      savedStep = step;
      onSaved(step, file);
    } catch (error) {
      dueAt = clock.now() + RETRY_MS;
      onFailure(step, error);
    }
    writing = undefined;
  }

  return {
    stepDone(step) {
      isDue ||= step % everySteps === 0 || clock.now() >= dueAt;
      if (isDue && !writing) writing = write(step);
    },
    async begin(step) {
      await writing;
      writing = write(step);
    },
    async idle() {
      await writing;
    },
    get savedStep() {
      return savedStep;
    },
  };
}
