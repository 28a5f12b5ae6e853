import { classNamesOf } from '../../shared/data/target.ts';
import { LockstepError } from '../../shared/errors.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';
import { readPictures } from './pictures/read-pictures.ts';
import type { Predictor } from './predictor.ts';
import { looksInverted, type PreparedPicture, preparePicture } from './prepare.ts';

/** The most pictures of one file that are classified. */
export const PICTURES_MAX = 1_000;

/** A class, and how probable it is. */
export interface RankedClass {
  readonly label: number;
  readonly name: string;
  readonly probability: number;
}

/** What a model takes a picture for. */
export interface PicturePrediction {
  readonly file: string;
  /** The place among the images of an array. Undefined for a file that is one picture. */
  readonly index: number | undefined;
  readonly prepared: PreparedPicture;
  /** Whether its background is light and that of the dataset dark, or vice versa. */
  readonly looksInverted: boolean;
  /** All classes, the most probable first. */
  readonly ranking: readonly RankedClass[];
}

/** What classifies pictures. */
export interface Classifier {
  readonly config: RunConfig;
  readonly predictor: Predictor;
  /** Whether light and dark are swapped. */
  readonly isInverted: boolean;
  /** The mean brightness at the edges of the dataset's images. Undefined if it is not known. */
  readonly background: number | undefined;
}

/**
 * Classifies the pictures in a file, at most {@link PICTURES_MAX}. Throws a `DATA` error that names
 * the file.
 */
export async function* classifyFile(
  file: string,
  { config, predictor, isInverted, background }: Classifier,
): AsyncGenerator<PicturePrediction> {
  const { count, isArray, picture } = await readPictures(file);
  for (let index = 0; index < Math.min(count, PICTURES_MAX); index++) {
    const prepared = preparePicture(picture(index), config.model.input, isInverted);
    const [{ probabilities }] = predictor.predict(prepared.picture.pixels);
    yield {
      file,
      index: isArray ? index : undefined,
      prepared,
      looksInverted: background !== undefined && looksInverted(prepared.picture, background),
      ranking: rank(probabilities, classNamesOf(config.dataset)),
    };
  }
  if (count > PICTURES_MAX)
    throw new LockstepError(
      'DATA',
      `${file} has ${count} pictures: the first ${PICTURES_MAX} are above. ` +
        'To classify a whole test set, use "lockstep evaluate --data-dir".',
    );
}

/** All classes, the most probable first. Of equally probable classes, the first. */
export function rank(
  probabilities: readonly number[],
  classNames: readonly string[],
): RankedClass[] {
  return probabilities
    .map((probability, label) => ({ label, name: classNames[label], probability }))
    .sort((a, b) => b.probability - a.probability || a.label - b.label);
}
