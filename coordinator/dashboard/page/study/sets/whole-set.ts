import { joinStudies, type SetStudy } from '../../../../../shared/study/set-study.ts';
import type { StudySet } from '../../../../study/study-answer.ts';
import type { Dated, StudyAccess } from '../access.ts';

/** Examples are evaluated so many at once, if their pixels are not too many. */
const PART = 2000;
const PIXELS_MAX = 2 ** 23;

/** The study of a whole set. */
interface Entry {
  result?: Dated<SetStudy>;
  /** How many examples are done; undefined while none are being evaluated. */
  doneCount?: number | undefined;
  problem?: string;
  isShown: boolean;
}

/**
 * Evaluates whole sets, whatever their size: in parts, whose pixels are not kept. All parts are
 * evaluated with the same parameters, while the run goes on.
 */
export class WholeSets {
  readonly #studies: StudyAccess;
  readonly #onChange: () => void;
  readonly #entries = new Map<StudySet, Entry>();

  constructor(studies: StudyAccess, onChange: () => void) {
    this.#studies = studies;
    this.#onChange = onChange;
  }

  /** What is known of a set. */
  of(set: StudySet): Readonly<Entry> {
    return this.#entries.get(set) ?? { isShown: false };
  }

  /** Evaluates a set with the parameters that are here now. Resolves when it is over. */
  async evaluate(set: StudySet): Promise<void> {
    const { opened, step, parameters } = this.#studies;
    const before = this.of(set);
    if (!opened || step === undefined || !parameters || before.doneCount !== undefined) return;
    this.#set(set, { ...before, isShown: true, doneCount: 0 });
    const count = opened.counts[set];
    const size = Math.max(1, Math.min(PART, Math.floor(PIXELS_MAX / opened.plan.inputCount)));
    try {
      const parts: SetStudy[] = [];
      for (let from = 0; from < count; from += size) {
        const examples = await this.#studies.fetchExamples(set, `from=${from}&count=${size}`);
        parts.push(await this.#studies.perform('part', { parameters, examples }));
        this.#set(set, { ...this.of(set), doneCount: Math.min(count, from + size) });
      }
      this.#set(set, { isShown: true, result: { value: joinStudies(parts), step } });
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      this.#set(set, { ...this.of(set), doneCount: undefined, problem });
    }
  }

  /** Shows the loaded examples again, with the newest parameters. */
  leave(set: StudySet): void {
    this.#set(set, { ...this.of(set), isShown: false });
  }

  #set(set: StudySet, entry: Entry): void {
    this.#entries.set(set, entry);
    this.#onChange();
  }
}
