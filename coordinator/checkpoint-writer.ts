import type { Clock } from '../shared/clock.ts';

/** After a failed write the next is tried this soon, whatever the schedule says. */
const RETRY_MS = 5_000;

export interface CheckpointWriterOptions {
  readonly clock: Clock;
  /** A checkpoint is due after so many steps, and after so long. */
  readonly everySteps: number;
  readonly everyMs: number;
  /** Copies the present state at once, before it returns, and then writes it. */
  readonly save: () => Promise<string>;
  readonly onSaved: (step: number, file: string) => void;
  /** The checkpoint of a step was not written; it is tried again later. */
  readonly onFailure: (step: number, error: unknown) => void;
}

/** Saves checkpoints beside training, which does not wait for the disk: only the copy of the state takes its time. */
export interface CheckpointWriter {
  /** To be called after each step: begins a checkpoint if one is due and the disk is free. */
  stepDone(step: number): void;
  /** Begins a checkpoint of this step as soon as the disk is free; resolves when it has begun. */
  begin(step: number): Promise<void>;
  /** Resolves when nothing is being written. */
  idle(): Promise<void>;
  /** The step of the newest checkpoint that is on disk. */
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
