import type { Study } from '../study.ts';
import { choicesOf, type Difference, differencesOf } from './output-text.ts';

/** So many steps on one example are enough for everybody. */
export const STEPS_MAX = 100;

/** What the reader has asked about the outputs of the chosen example, and what follows. */
export interface OutputState {
  readonly argument: { readonly set: Study['chosen']['set']; readonly index: number };
  /** None while they are computed. */
  readonly differences: readonly Difference[];
  /** Whether the reader is asked, and has not answered. */
  readonly isOpen: boolean;
  /** The output that the reader has chosen. Undefined: told without. */
  readonly chosen: number | undefined;
  readonly stepCount: number;
  readonly rate: number;
  /** What the steps have done; undefined without steps, or while they are computed. */
  readonly nudged: { readonly after: Float32Array; readonly losses: readonly number[] } | undefined;
}

/** Keeps what the reader has asked. An answer and steps belong to one example. */
export function createOutputState(study: Study) {
  const { studies, choose } = study;
  let answer: { readonly place: string; readonly chosen: number | undefined } | undefined;
  let isTold = false;
  let steps = { place: '', count: 0 };
  const argument = () => ({ set: study.chosen.set, index: study.chosen.index });
  const place = () => Object.values(argument()).join(' ');
  const stepCount = () => (steps.place === place() ? steps.count : 0);
  // At the end of a run its learning rate may be 0. The peak is what it has learned with.
  const rate = () => studies.opened?.config.learningRate.peak ?? 0;
  const nudgeArgument = () => ({ ...argument(), rate: rate(), steps: stepCount() });

  return {
    look(): OutputState {
      const example = studies.result('example', argument())?.value;
      const nudge = stepCount() > 0 ? studies.result('nudge', nudgeArgument())?.value : undefined;
      const outputs = nudge?.outputs[0] ?? example?.outputs;
      const differences =
        example && outputs ? differencesOf({ outputs, targets: example.targets }) : [];
      const after = nudge?.outputs.at(-1);
      const own = answer?.place === place() ? answer : undefined;
      return {
        argument: argument(),
        differences,
        isOpen: !isTold && !own && choicesOf(differences).length > 0,
        chosen: own?.chosen,
        stepCount: stepCount(),
        rate: rate(),
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
    /** Answers the question. Who wants to be told without choosing is not asked again. */
    tell(chosen: number | undefined): void {
      answer = { place: place(), chosen };
      isTold ||= chosen === undefined;
      choose({});
    },
  };
}

export type OutputActions = Omit<ReturnType<typeof createOutputState>, 'look'>;
