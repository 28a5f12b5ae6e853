import type { ExampleSet } from '../../../../../shared/data/dataset.ts';
import type { RunConfig } from '../../../../../shared/round/run-config.ts';
import type { StudySet } from '../../../../study/study-answer.ts';
import { embeddedKernels } from '../../connection/embedded-study.ts';
import { linkOnPage, linkToThread } from './lab-link.ts';
import type { FromLab } from './lab-messages.ts';
import type { Argument, Result, TaskName } from './lab-tasks.ts';

/** The engine in the page, in a thread of its own. It does what it is told in this order. */
export interface Lab {
  /** Whether the browser lacks what the fast kernels need. */
  readonly isPlain: boolean;
  useExamples(name: StudySet, set: ExampleSet): void;
  /** One more example, which is not among those. */
  useExample(name: StudySet, index: number, example: ExampleSet): void;
  useParameters(parameters: Float32Array): void;
  /** Computes with the newest parameters that it was given, or once with others. */
  perform<Name extends TaskName>(
    name: Name,
    argument: Argument<Name>,
    parameters?: Float32Array,
  ): Promise<Result<Name>>;
}

interface Waiting {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

/** Opens the engine of a run. `onFailure` is told why it computes nothing. */
export function openLab(config: RunConfig, onFailure: (reason: string) => void): Lab {
  const waiting = new Map<number, Waiting>();
  let [isPlain, lastId] = [false, 0];
  // The bundler leaves the other way out.
  const { tell } =
    import.meta.env.MODE === 'report'
      ? linkOnPage(embeddedKernels(), take, onFailure)
      : linkToThread(take, onFailure);

  function take(data: FromLab): void {
    if (data.type === 'opened') {
      isPlain = data.isPlain;
      return;
    }
    const { id } = data;
    const asked = id === null ? undefined : waiting.get(id);
    if (id !== null) waiting.delete(id);
    if (data.type === 'done') asked?.resolve(data.result as never);
    else if (asked) asked.reject(new Error(data.message));
    else onFailure(data.message);
  }

  tell({ type: 'open', config });
  return {
    get isPlain() {
      return isPlain;
    },
    useExamples: (name, set) => tell({ type: 'examples', name, set }),
    useExample: (name, index, example) => tell({ type: 'example', name, index, example }),
    useParameters: (parameters) => tell({ type: 'parameters', parameters }),
    perform(name, argument, parameters) {
      const id = ++lastId;
      tell({ type: 'task', id, name, argument, parameters });
      return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
    },
  };
}
