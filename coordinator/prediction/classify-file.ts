import type { DatasetManifest } from '../../shared/data/manifest.ts';
import { classNamesOf, isRegression } from '../../shared/data/target.ts';
import { LockstepError } from '../../shared/errors.ts';
import { readPictures } from '../../shared/pictures/read-pictures.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';
import type { Prediction, Predictor } from './predictor.ts';
import { looksInverted, type PreparedPicture, preparePicture } from './prepare.ts';
import { openRows } from './read-rows.ts';

/** The most pictures of one file that are classified. */
export const PICTURES_MAX = 1_000;
/** The most rows of one file. */
export const ROWS_MAX = 100_000;

/** A class, and how probable it is. */
export interface RankedClass {
  readonly label: number;
  readonly name: string;
  readonly probability: number;
}

/** A number that a model says, in the units of its target. */
export interface PredictedNumber {
  /** The name of the target. */
  readonly name: string;
  readonly value: number;
}

/** What a model says about an example: the classes by their probability, or a number. */
export interface Outcome {
  /** All classes, the most probable first. Empty if the target is a number. */
  readonly ranking: readonly RankedClass[];
  readonly number: PredictedNumber | undefined;
}

/** What a model says about a picture or a row. */
export interface FilePrediction extends Outcome {
  readonly file: string;
  /** The place among the images or rows. Undefined for a file that is one picture. */
  readonly index: number | undefined;
  /** What was done with it, and the picture as the model sees it, if it is one. */
  readonly prepared: Partial<PreparedPicture> & Pick<PreparedPicture, 'steps'>;
  /** Whether its background is light and that of the dataset dark, or vice versa. */
  readonly looksInverted: boolean;
}

/** What predicts from pictures or rows. */
export interface Classifier {
  readonly config: RunConfig;
  readonly predictor: Predictor;
  /** Whether light and dark are swapped. */
  readonly isInverted: boolean;
  /** The mean brightness at the edges of the dataset's images. Undefined if it is not known. */
  readonly background: number | undefined;
}

/** Whether a model takes rows of features, and not pictures. */
export const takesRows = ({ dataset, model }: RunConfig): boolean =>
  dataset.columns !== undefined || model.input.height * model.input.width === 1;

/** What a model's outputs say. */
export function outcomeOf(
  { logits, probabilities }: Prediction,
  dataset: DatasetManifest,
): Outcome {
  if (!isRegression(dataset))
    return { ranking: rank(probabilities, classNamesOf(dataset)), number: undefined };
  const { name, mean, deviation } = dataset.target;
  return { ranking: [], number: { name, value: logits[0] * deviation + mean } };
}

/**
 * Predicts from the pictures or rows in a file, at most {@link PICTURES_MAX} or {@link ROWS_MAX}.
 * Throws a `DATA` error that names the file.
 */
export function classifyFile(file: string, classifier: Classifier): AsyncGenerator<FilePrediction> {
  return takesRows(classifier.config)
    ? classifyRows(file, classifier)
    : classifyPictures(file, classifier);
}

async function* classifyRows(
  file: string,
  { config, predictor }: Classifier,
): AsyncGenerator<FilePrediction> {
  const { dataset, model } = config;
  const { columns } = dataset;
  const { height, width, channels } = model.input;
  const { steps, rows } = await openRows(file, { inputCount: height * width * channels, columns });
  let index = 0;
  for await (const inputs of rows) {
    if (index === ROWS_MAX) throw tooMany(file, `more than ${ROWS_MAX} rows`, ROWS_MAX);
    const [prediction] = predictor.predict(inputs);
    const outcome = outcomeOf(prediction, dataset);
    yield { file, index, prepared: { steps }, looksInverted: false, ...outcome };
    index++;
  }
}

async function* classifyPictures(
  file: string,
  { config, predictor, isInverted, background }: Classifier,
): AsyncGenerator<FilePrediction> {
  const { count, isArray, picture } = await readPictures(file);
  for (let index = 0; index < Math.min(count, PICTURES_MAX); index++) {
    const prepared = preparePicture(picture(index), config.model.input, isInverted);
    const [prediction] = predictor.predict(prepared.picture.pixels);
    yield {
      file,
      index: isArray ? index : undefined,
      prepared,
      looksInverted: background !== undefined && looksInverted(prepared.picture, background),
      ...outcomeOf(prediction, config.dataset),
    };
  }
  if (count > PICTURES_MAX) throw tooMany(file, `${count} pictures`, PICTURES_MAX);
}

const tooMany = (file: string, found: string, most: number): LockstepError =>
  new LockstepError(
    'DATA',
    `${file} has ${found}: the first ${most} are above. ` +
      'To classify a whole test set, use "lockstep evaluate --data-dir".',
  );

/** All classes, the most probable first. Of equally probable classes, the first. */
export function rank(
  probabilities: readonly number[],
  classNames: readonly string[],
): RankedClass[] {
  return probabilities
    .map((probability, label) => ({ label, name: classNames[label], probability }))
    .sort((a, b) => b.probability - a.probability || a.label - b.label);
}
