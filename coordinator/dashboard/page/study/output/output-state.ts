import type { ExampleStudy } from '../../../../../shared/study/example-study.ts';
import type { StudySet } from '../../../../study/study-answer.ts';
import type { ChosenStudy, Dated } from '../access.ts';
import { choicesOf, type Difference, differencesOf } from './output-text.ts';

/** So many steps on one example are enough for everybody. */
export const STEPS_MAX = 100;
/** The learning rates to choose from, as multiples of the run's own. */
const FACTORS = [0.1, 1, 10, 100, 1000];

/** What the reader has asked about the outputs of the chosen example, and what follows. */
export interface OutputState {
  readonly argument: { readonly set: StudySet; readonly index: number };
  /** None while they are computed. */
  readonly differences: readonly Difference[];
  /** Whether the reader is asked, and has not answered. */
  readonly isOpen: boolean;
  /** The output that the reader has chosen. Undefined: told without. */
  readonly chosen: number | undefined;
  /** The step of the outputs, if they hold still and are older than the newest net. */
  readonly askedAt: number | undefined;
  readonly stepCount: number;
  readonly rate: number;
  /** The rates to choose from. */
  readonly rates: readonly number[];
  /** What the steps have done; undefined without steps, or while they are computed. */
  readonly nudged: { readonly after: Float32Array; readonly losses: readonly number[] } | undefined;
}

/**
 * The question about one example, and its answer. While the reader is asked, and when the answer is
 * judged, the outputs hold still: they are those of the question.
 */
class Question {
  #place = '';
  #of: Dated<ExampleStudy> | undefined;
  #answer: { readonly chosen: number | undefined } | undefined;
  #isTold = false;

  /** The outputs of the question, if there is one; otherwise the newest ones. */
  about(place: string, newest: Dated<ExampleStudy> | undefined): Dated<ExampleStudy> | undefined {
    if (place !== this.#place) this.#begin(place);
    if (this.#isTold) return newest;
    // Random weights are no use to ask about, once there are others.
    if (this.#of?.step === 0 && !this.#answer) this.#of = undefined;
    if (newest && choicesOf(differencesOf(newest.value)).length > 0) this.#of ??= newest;
    return this.#of ?? newest;
  }

  get isAnswered(): boolean {
    return this.#isTold || this.#answer !== undefined;
  }

  get chosen(): number | undefined {
    return this.#answer?.chosen;
  }

  /** Who wants to be told without choosing is not asked again. */
  answer(chosen: number | undefined): void {
    this.#answer = { chosen };
    this.#isTold ||= chosen === undefined;
  }

  /** Asks anew, about the newest outputs. */
  again(): void {
    this.#begin(this.#place);
  }

  #begin(place: string): void {
    [this.#place, this.#of, this.#answer] = [place, undefined, undefined];
  }
}

/** Keeps what the reader has asked. An answer and steps belong to one example. */
export function createOutputState(study: ChosenStudy) {
  const { studies, choose } = study;
  const question = new Question();
  let [steps, factor] = [{ place: '', count: 0 }, 1];
  const argument = () => ({ set: study.chosen.set, index: study.chosen.index });
  const place = () => Object.values(argument()).join(' ');
  const stepCount = () => (steps.place === place() ? steps.count : 0);
  // At the end of a run its learning rate may be 0. The peak is what it has learned with.
  const rateOf = (times: number) =>
    Number(((studies.opened?.config.learningRate.peak ?? 0) * times).toPrecision(6));
  const nudgeArgument = () => ({ ...argument(), rate: rateOf(factor), steps: stepCount() });

  return {
    look(): OutputState {
      const newest = studies.result('example', argument());
      const asked = question.about(place(), newest);
      const nudge = stepCount() > 0 ? studies.result('nudge', nudgeArgument())?.value : undefined;
      const targets = asked?.value.targets;
      // Steps begin with the net of now.
      const outputs = nudge?.outputs[0] ?? asked?.value.outputs;
      const differences = targets && outputs ? differencesOf({ outputs, targets }) : [];
      const after = nudge?.outputs.at(-1);
      return {
        argument: argument(),
        differences,
        isOpen: !question.isAnswered && choicesOf(differences).length > 0,
        chosen: question.chosen,
        askedAt: nudge || asked?.step === newest?.step ? undefined : asked?.step,
        stepCount: stepCount(),
        rate: rateOf(factor),
        rates: FACTORS.map(rateOf),
        nudged: nudge && after && { after, losses: nudge.losses },
      };
    },
    want(): void {
      const { set } = study.chosen;
      studies.want('example', argument(), set);
      if (stepCount() > 0) studies.want('nudge', nudgeArgument(), set);
    },
    /** Takes more steps on the example, or with a negative number takes them back. */
    take(count: number): void {
      steps = { place: place(), count: Math.min(STEPS_MAX, stepCount() + count) };
      // Before and after are of the same net.
      studies.hold();
      choose({});
    },
    /** Steps are taken with one of the rates from now on. */
    useRate(chosen: number): void {
      factor = FACTORS.find((each) => rateOf(each) === chosen) ?? 1;
      choose({});
    },
    /** Asks anew, about the outputs of the newest net. */
    follow(): void {
      question.again();
      choose({});
    },
    tell(chosen: number | undefined): void {
      question.answer(chosen);
      choose({});
    },
  };
}

export type OutputActions = Omit<ReturnType<typeof createOutputState>, 'look'>;
