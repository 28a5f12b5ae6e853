import type { ChosenStudy } from '../../coordinator/dashboard/page/study/access.ts';
import { Backward } from '../../coordinator/dashboard/page/study/example/backward-state.ts';

/** The study of a page that computes nothing: a test says what the results are. */
export interface ToyPageStudy extends ChosenStudy {
  readonly results: Map<string, { value: unknown; step: number }>;
  readonly wanted: string[];
  /** The step of the parameters that are here. */
  step: number;
  held: number;
}

export const keyOf = (name: string, argument: object): string =>
  `${name} ${JSON.stringify(argument)}`;

/** `opened` is what is known of the run. */
export function toyPageStudy(opened: object): ToyPageStudy {
  const results: ToyPageStudy['results'] = new Map();
  const wanted: string[] = [];
  const study = {
    results,
    wanted,
    step: 5,
    held: 0,
    chosen: { set: 'test', index: 0, isSeeking: false },
    choose(part: object) {
      study.chosen = { ...study.chosen, ...part };
    },
    studies: {
      opened,
      get step() {
        return study.step;
      },
      result: (name: string, argument: object) => results.get(keyOf(name, argument)),
      want: (name: string, argument: object) => void wanted.push(keyOf(name, argument)),
      hold: () => {
        study.held++;
      },
    },
  };
  return study as unknown as ToyPageStudy;
}

export const createBackward = (study: ToyPageStudy): Backward => new Backward(study);
