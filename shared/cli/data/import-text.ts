import type { ImportedDataset } from '../../data/import/assemble.ts';
import type { Findings } from '../../data/import/findings.ts';
import { SHEET_FILE } from '../../data/import/write-dataset.ts';
import { printable } from '../../printable.ts';
import { alignColumns, formatCount, formatPercent, formatQuantity } from '../format.ts';

/** "cats: 1,600 training and 400 test images of 32 × 32 pixels in color, 2 classes" */
export function firstLine(
  { definition, shape }: ImportedDataset,
  { trainingExamples, testExamples, classes }: Findings,
): string {
  const [height, width, channels = 1] = shape;
  const depth = channels === 1 ? 'gray' : channels === 3 ? 'in color' : `of ${channels} channels`;
  const what =
    shape.length === 1
      ? `rows of ${formatQuantity(shape[0], 'input')}`
      : `images of ${height} × ${width} pixels ${depth}`;
  const goal =
    'target' in definition
      ? `a number as target: ${printable(definition.target.name)}`
      : `${formatCount(classes.length)} classes`;
  return (
    `${definition.name}: ${formatCount(trainingExamples)} training and ` +
    `${formatCount(testExamples)} test ${what}, ${goal}`
  );
}

const CLASSES_SHOWN = 20;
/** A larger ratio of the largest class to the smallest is said. */
const IMBALANCE_SAID = 3;

/** Counts, warnings, and what a model has to beat. */
export function findingLines({ shape }: ImportedDataset, findings: Findings): string[] {
  const { classes, imbalance, duplicates } = findings;
  const lines = classTable(classes);
  if (imbalance !== undefined && imbalance > IMBALANCE_SAID)
    lines.push(
      `Unbalanced: the largest class has ${imbalance.toFixed(1)} times the examples of the ` +
        'smallest. Look at the accuracy of each class.',
    );
  if (duplicates > 0)
    lines.push(
      `${formatQuantity(duplicates, 'test example')} also in the training set: they make the ` +
        'test too good.',
    );
  lines.push(baselineLine(findings));
  if (shape.length > 1)
    lines.push(`Look at ${SHEET_FILE} there: are the images and classes right?`);
  return lines;
}

function classTable(classes: Findings['classes']): string[] {
  if (classes.length === 0) return [];
  const shown = classes.slice(0, CLASSES_SHOWN);
  const rows = shown.map(({ name, training, test }) => [
    printable(name),
    formatCount(training),
    formatCount(test),
  ]);
  const table = alignColumns([['class', 'training', 'test'], ...rows]);
  const rest = classes.length - shown.length;
  return [...table, ...(rest > 0 ? [`and ${formatCount(rest)} more classes`] : []), ''];
}

function baselineLine({ baseline }: Findings): string {
  if (baseline.kind === 'most frequent')
    return (
      `To beat: always ${printable(baseline.name)} is right for ` +
      `${formatPercent(baseline.accuracy)} of the test examples.`
    );
  const { value, rmse, mae } = baseline;
  return (
    `To beat: always the mean, ${short(value)}, is off by ${short(mae)} on average ` +
    `(RMSE ${short(rmse)}).`
  );
}

const short = (value: number): string => String(Number(value.toPrecision(4)));

/** Smaller images have no room for the pooling of the convolutional model. */
const CONVOLVED_SIDE_MIN = 16;
/** So many examples fill an epoch of the default batches. */
const MANY_EXAMPLES = 10_000;
const SMALL_BATCH = 32;
/** The rate of `cnn-small` is for 128 examples a step. The gradient of fewer is noisier. */
const SMALL_BATCH_RATE = 0.03;
const STEPS_WANTED = 2_000;
/** With more classes, a step updates so many weights that small batches take too long. */
const MANY_CLASSES = 1_000;
const LARGE_BATCH = 1_024;
const EPOCHS_MAX = 100;

/** The command that comes next, with flags for the kind and the number of examples. */
export function nextLines({ train, shape, definition }: ImportedDataset, folder: string): string[] {
  const [height, width] = shape;
  const flags = [`--data-dir ${folder}`];
  const isConvolved = shape.length > 1 && Math.min(height, width) >= CONVOLVED_SIDE_MIN;
  if (isConvolved) flags.push('--model cnn-small');
  const { length: classes } = 'classNames' in definition ? definition.classNames : [];
  if (classes > MANY_CLASSES) flags.push(`--global-batch ${LARGE_BATCH}`);
  else if (train.count < MANY_EXAMPLES) {
    const epochs = Math.ceil((STEPS_WANTED * SMALL_BATCH) / train.count);
    flags.push(`--global-batch ${SMALL_BATCH}`, `--epochs ${Math.min(EPOCHS_MAX, epochs)}`);
    if (isConvolved) flags.push(`--lr ${SMALL_BATCH_RATE}`);
  }
  return ['Next:', `  npx lockstep train ${flags.join(' ')}`];
}
