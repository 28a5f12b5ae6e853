import { Command, Option } from 'commander';
import { createJsonPrinter } from '../../shared/cli/console.ts';
import { formatCount } from '../../shared/cli/format.ts';
import { interruptionSignal } from '../../shared/cli/interruption.ts';
import { wholeNumber } from '../../shared/cli/option-parsers.ts';
import type { ExampleSet } from '../../shared/data/dataset.ts';
import { coordinatorSources, loadDataset } from '../../shared/data/loading/load-dataset.ts';
import { classNamesOf } from '../../shared/data/target.ts';
import { LockstepError } from '../../shared/errors.ts';
import { formatCommand, shortPath } from '../../shared/host/command-line.ts';
import { availableNumerics, openEngine } from '../../shared/host/load-engine.ts';
import type { ExampleStudy } from '../../shared/study/example-study.ts';
import { createNetLab } from '../../shared/study/net-lab.ts';
import { hardestExamples } from '../../shared/study/set-study.ts';
import { createHumanReporter } from '../reporting/reporter.ts';
import { modelParametersOf } from '../run-folder/checkpoint.ts';
import { findModel } from '../run-folder/find-checkpoint.ts';
import { readDescription } from '../run-folder/run-description.ts';
import { STUDY_SETS, type StudySet } from '../study/study-answer.ts';
import { setsOf } from '../study/study-routes.ts';
import { usableNumerics } from './evaluate-command.ts';
import { lookLines } from './look-text.ts';

interface LookOptions {
  readonly example: number;
  readonly hardest?: true;
  readonly set: StudySet;
  readonly checkpoint?: number;
  readonly dataDir?: string;
  readonly json?: true;
}

export function lookCommand(): Command {
  return new Command('look')
    .summary('what a net does with one example, forward and backward')
    .description(
      'Prints the picture of an example, the outputs of the net against the desired ones, which ' +
        'way each is nudged, and how much of the error reaches each layer.\n' +
        'The dashboard shows the same, and more, under Learning.',
    )
    .argument('<run>', 'run folder or checkpoint file')
    .addOption(
      new Option('--example <number>', 'number of the example in its set, from 0')
        .argParser(wholeNumber(0))
        .default(0),
    )
    .addOption(
      new Option(
        '--hardest',
        'the example of the set with the highest loss, instead of --example',
      ).conflicts('example'),
    )
    .addOption(new Option('--set <name>', 'set of the example').choices(STUDY_SETS).default('test'))
    .addOption(
      new Option(
        '--checkpoint <step>',
        'another checkpoint of the run, by its step (default: the model of the run)',
      ).argParser(wholeNumber(0)),
    )
    .option('--data-dir <dir>', 'folder with the dataset (default: where the run had it)')
    .option('--json', 'print the numbers as one line of JSON')
    .action(look);
}

async function look(path: string, options: LookOptions): Promise<void> {
  const report = options.json
    ? createJsonPrinter(process.stdout)
    : createHumanReporter(process.stdout);
  const signal = interruptionSignal();
  const { checkpoint, runDirectory, skipped } = await findModel(path, options.checkpoint);
  for (const message of skipped) report({ event: 'notice', code: 'checkpoint', message });
  const { config, model, step } = checkpoint;
  const before = runDirectory === undefined ? undefined : await readDescription(runDirectory);
  const sources = coordinatorSources(options.dataDir, config.dataset, before?.dataDir);
  const { dataset } = await loadDataset(config.dataset, sources, { signal, report });
  const { set, hardest } = options;
  const examples = examplesOf(
    set === 'test' ? dataset.test : dataset.train,
    setsOf(config, dataset)[set],
  );
  const engine = openEngine(usableNumerics(config.numerics, availableNumerics(), report));
  const lab = createNetLab(engine, model, config);
  lab.load(modelParametersOf(checkpoint));
  const example = hardest ? hardestExamples(lab.studySet(examples), 1)[0] : options.example;
  if (example === undefined || example >= examples.count)
    throw new LockstepError(
      'USAGE',
      hardest
        ? `the ${set} set has no examples: choose another one with --set.`
        : `--example ${example} is not in the ${set} set, which has ${examples.count}: ` +
            'count from 0.',
    );
  const { inputCount } = dataset;
  const values = examples.inputs.subarray(example * inputCount, (example + 1) * inputCount);
  const study = lab.studyExample(values, examples.labels[example]);
  const classNames = classNamesOf(config.dataset);
  if (options.json) console.log(JSON.stringify({ ...numbersOf(study), set, example, step }));
  else {
    const name = classNames[study.label];
    console.log(
      `Example ${example} of the ${set} set, ${name}, after step ${formatCount(step)}:\n`,
    );
    const of = set === 'test' ? [] : ['--set', set];
    const command = formatCommand('look', shortPath(path), ...of, '--hardest');
    console.log(lookLines(study, model, classNames, command).join('\n'));
  }
}

/** The chosen examples of a part of the dataset, as a set of their own. */
function examplesOf({ count, inputs, labels }: ExampleSet, indices: Uint32Array): ExampleSet {
  const size = inputs.length / count;
  const chosen = new (inputs instanceof Float32Array ? Float32Array : Uint8Array)(
    indices.length * size,
  );
  for (const [i, index] of indices.entries())
    chosen.set(inputs.subarray(index * size, (index + 1) * size), i * size);
  return {
    count: indices.length,
    labels: Float32Array.from(indices, (index) => labels[index]),
    inputs: chosen,
  };
}

/** The gradient of each weight would be too much. */
const numbersOf = ({ label, prediction, loss, outputs, targets, layers }: ExampleStudy) => ({
  event: 'look',
  label,
  prediction,
  loss,
  outputs: [...outputs],
  targets: [...targets],
  layers: layers.map(({ planned, values, deltas }) => ({
    name: planned.name,
    values: [...values],
    deltas: [...deltas],
  })),
});
