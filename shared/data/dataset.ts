import { LockstepError } from '../errors.ts';
import { type IdxTensor, INPUT_FORMS, LABEL_FORMS, parseIdx, TARGET_FORMS } from './idx.ts';
import { DATA_ROLES, type DataRole, type DatasetManifest, TABLE_INPUTS_MAX } from './manifest.ts';
import { type DataKind, describeShape, type ExampleShape } from './shape.ts';
import { columnInputs, isRegression } from './target.ts';

/** Labeled examples: images or rows of a table. */
export interface ExampleSet {
  readonly count: number;
  /** [count, inputs]. Bytes of images, 0 … 255, become value / 255. Features stay as they are. */
  readonly inputs: Uint8Array | Float32Array;
  /** [count], each the index of a class, or for regression the standardized target. */
  readonly labels: Labels;
}

export type Labels = Uint8Array | Int32Array | Float32Array;

export interface Dataset {
  /** With the length of each file: whoever gets it reads no more than that. */
  readonly manifest: DatasetManifest;
  readonly kind: DataKind;
  readonly shape: ExampleShape;
  /** The number of values per example: height × width × channels. */
  readonly inputCount: number;
  readonly train: ExampleSet;
  readonly test: ExampleSet;
}

/**
 * Creates a dataset from the contents of its four files. Bytes are views of these contents. Throws
 * a `DATA` error if a file is malformed or if two files do not fit each other.
 */
export function createDataset(
  manifest: DatasetManifest,
  contents: Record<DataRole, Uint8Array>,
): Dataset {
  const labelForms = isRegression(manifest) ? TARGET_FORMS : LABEL_FORMS;
  const parse = (role: DataRole) => {
    const forms = role.endsWith('Labels') ? labelForms : INPUT_FORMS;
    return parseIdx(contents[role], forms, manifest.files[role].name);
  };
  const inputs = { train: parse('trainImages'), test: parse('testImages') };
  const train = createExampleSet(manifest, inputs.train, parse('trainLabels'));
  const test = createExampleSet(manifest, inputs.test, parse('testLabels'));
  const [found, other] = [inputs.train, inputs.test].map(describeInputs);
  if (found !== other) {
    throw new LockstepError(
      'DATA',
      `${manifest.name}: training ${found}, but test ${other}. The files do not belong together.`,
    );
  }
  const shape = shapeOf(inputs.train);
  const inputCount = shape.height * shape.width * shape.channels;
  const kind = kindOf(inputs.train);
  assertShape(manifest, kind, shape);
  return { manifest: withLengths(manifest, contents), kind, shape, inputCount, train, test };
}

const kindOf = ({ values }: IdxTensor): DataKind =>
  values instanceof Float32Array ? 'features' : 'images';

function shapeOf({ shape, values }: IdxTensor): ExampleShape {
  if (values instanceof Float32Array) return { height: 1, width: 1, channels: shape[1] };
  const [, height, width, channels = 1] = shape;
  return { height, width, channels };
}

/** "images of 28 × 28 pixels", "rows of 60 features" */
function describeInputs(inputs: IdxTensor): string {
  return describeShape(kindOf(inputs), shapeOf(inputs));
}

const CHANNELS_MAX = 4;

function assertShape(
  { name, columns }: DatasetManifest,
  kind: DataKind,
  { height, width, channels }: ExampleShape,
): void {
  const isImage = kind === 'images';
  const described = columns?.reduce((sum, column) => sum + columnInputs(column), 0) ?? channels;
  let fault: string | undefined;
  if (height * width * channels === 0) fault = 'an example has no values';
  else if (isImage && channels > CHANNELS_MAX)
    fault = `images have ${channels} channels, and at most ${CHANNELS_MAX} are read`;
  else if (!isImage && channels > TABLE_INPUTS_MAX)
    fault = `a row has ${channels} features, and at most ${TABLE_INPUTS_MAX} are read`;
  else if (columns && (isImage || described !== channels))
    fault =
      `the columns of its manifest describe ${described} features, but its files have ` +
      `${describeShape(kind, { height, width, channels })}`;
  if (fault) throw new LockstepError('DATA', `${name}: ${fault}. Import the data again.`);
}

function withLengths(manifest: DatasetManifest, contents: Record<DataRole, Uint8Array>) {
  const files = { ...manifest.files };
  for (const role of DATA_ROLES) files[role] = { ...files[role], bytes: contents[role].length };
  return { ...manifest, files };
}

function createExampleSet(
  manifest: DatasetManifest,
  { shape: [count], values }: IdxTensor,
  { shape: [labelCount], values: labels }: IdxTensor,
): ExampleSet {
  const { name } = manifest;
  const inputs = values instanceof Int32Array ? Float32Array.from(values) : values;
  const what = inputs instanceof Float32Array ? 'rows' : 'images';
  if (labelCount !== count || count === 0) {
    throw new LockstepError(
      'DATA',
      `${name}: ${count} ${what}, but ${labelCount} labels. The files do not belong together.`,
    );
  }
  assertFinite(inputs, inputs.length / count, name);
  assertFinite(labels, 1, name);
  if (!isRegression(manifest)) assertLabels(labels, manifest.classNames.length, name);
  return { count, inputs, labels };
}

function assertFinite(values: Labels, rowLength: number, name: string): void {
  if (!(values instanceof Float32Array)) return;
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong < 0) return;
  const place = `row ${Math.floor(wrong / rowLength)}, value ${wrong % rowLength}`;
  throw new LockstepError(
    'DATA',
    `${name}: ${place} is ${values[wrong]}, and values must be finite. Import the data again.`,
  );
}

function assertLabels(labels: Labels, classCount: number, name: string): void {
  const wrong = labels.findIndex((label) => label < 0 || label >= classCount);
  if (wrong < 0) return;
  const isFromOne = labels.every((label) => label >= 1 && label <= classCount);
  const advice = isFromOne
    ? ` Labels begin at 1, but the first name is that of label 0: give ${classCount + 1} names.`
    : '';
  throw new LockstepError(
    'DATA',
    `${name}: label ${labels[wrong]} of example ${wrong} is not one of the ${classCount} ` +
      `classes.${advice}`,
  );
}
