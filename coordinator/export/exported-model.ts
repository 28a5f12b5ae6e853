import { basename, dirname, join, resolve } from 'node:path';
import { formatCount } from '../../shared/cli/format.ts';
import type { TableColumn } from '../../shared/data/manifest.ts';
import { classNamesOf, isRegression } from '../../shared/data/target.ts';
import { createNaiveEngine } from '../../shared/engine/naive/naive-engine.ts';
import { modelParametersOf, parametersSha256 } from '../run-folder/checkpoint.ts';
import { findModel } from '../run-folder/find-checkpoint.ts';
import {
  type PortableLayer,
  type PortableTarget,
  portableModel,
} from './encoding/portable-model.ts';
import type { Exported } from './export-format.ts';

/** A model that is to be exported. */
export interface ExportedModel {
  readonly layers: readonly PortableLayer[];
  readonly classNames: readonly string[];
  /** The target, if it is a number. */
  readonly target?: PortableTarget;
  /** The columns of a table, in the order of their inputs. */
  readonly columns?: readonly TableColumn[] | undefined;
  /** Whether the outputs are logits of a softmax. Otherwise they were trained to be 0 or 1. */
  readonly hasSoftmax: boolean;
  /** Where the model is from, in words. Kept in the files. */
  readonly metadata: Readonly<Record<string, string>>;
  /** What is said about it. */
  readonly described: Pick<Exported, 'facts' | 'summary' | 'advice'>;
}

/**
 * Opens the model of a run, of one of its checkpoints, or of a checkpoint file. Rounds the
 * parameters as the run does when it evaluates. Throws a `CHECKPOINT` error.
 */
export async function openModel(run: string, step?: number): Promise<ExportedModel> {
  const { checkpoint, file, skipped } = await findModel(run, step);
  const { config, model } = checkpoint;
  const { dataset } = config;
  const parameters = modelParametersOf(checkpoint);
  const sha256 = parametersSha256(parameters);
  const isRounded = config.wire === 'bf16';
  if (isRounded) createNaiveEngine(config.numerics).kernels.roundToBfloat16(parameters);
  const rounding = isRounded ? ', rounded to bfloat16 as in training' : '';
  const count = `${formatCount(model.parameterCount)} parameters${rounding}`;
  return {
    layers: portableModel(model, parameters),
    classNames: classNamesOf(dataset),
    ...(isRegression(dataset) && { target: dataset.target }),
    columns: dataset.columns,
    hasSoftmax: config.loss === 'cross-entropy',
    metadata: {
      producer: 'lockstep',
      // Not the whole path: the files go to others.
      run: basename(resolve(run)),
      step: String(checkpoint.step),
      dataset: dataset.name,
      ...(isRegression(dataset)
        ? { target: JSON.stringify(dataset.target) }
        : { classes: JSON.stringify(dataset.classNames) }),
      ...(dataset.columns && { columns: JSON.stringify(dataset.columns) }),
      parametersSha256: sha256,
    },
    described: {
      facts: { checkpoint: file, step: checkpoint.step, parametersSha256: sha256 },
      summary: `Wrote the model of step ${formatCount(checkpoint.step)}: ${count}`,
      ...(skipped.length > 0 && { advice: skipped.join('\n') }),
    },
  };
}

/** A path beside the records of a run, or beside a checkpoint file. */
export const besideModel = (run: string, name: string): string =>
  run.endsWith('.safetensors') ? join(dirname(run), name) : join(run, name);
