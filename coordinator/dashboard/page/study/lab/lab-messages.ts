import type { ExampleSet } from '../../../../../shared/data/dataset.ts';
import type { RunConfig } from '../../../../../shared/round/run-config.ts';
import type { StudySet } from '../../../../study/study-answer.ts';
import type { Argument, Result, TaskName } from './lab-tasks.ts';

/** What the page tells the thread of its engine. */
export type ToLab =
  | { readonly type: 'open'; readonly config: RunConfig }
  | { readonly type: 'examples'; readonly name: StudySet; readonly set: ExampleSet }
  | {
      readonly type: 'example';
      readonly name: StudySet;
      readonly index: number;
      readonly example: ExampleSet;
    }
  | { readonly type: 'parameters'; readonly parameters: Float32Array }
  | {
      readonly type: 'task';
      readonly id: number;
      readonly name: TaskName;
      readonly argument: Argument<TaskName>;
      /** Instead of those that the page shows. */
      readonly parameters: Float32Array | undefined;
    };

/** What that thread answers. */
export type FromLab =
  /** `isPlain`: the browser lacks what the fast kernels need. The bits are the same. */
  | { readonly type: 'opened'; readonly isPlain: boolean }
  | { readonly type: 'done'; readonly id: number; readonly result: Result<TaskName> }
  | { readonly type: 'failed'; readonly id: number | null; readonly message: string };
