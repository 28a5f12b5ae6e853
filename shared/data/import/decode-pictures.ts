import { reasonOf } from '../../errors.ts';
import { isPng, readPngHeader } from '../../pictures/decode-png.ts';
import { withChannels } from '../../pictures/picture.ts';
import { decodePicture } from '../../pictures/read-pictures.ts';
import { resizeToFit, type Size } from '../../pictures/resize.ts';
import { printable } from '../../printable.ts';
import { DATA_BYTES_MAX } from '../manifest.ts';
import { dataError, type ImageInputs, type ImportContext } from './source.ts';

/** A picture to be decoded. */
export interface PictureSource {
  /** Its file or place, for messages. */
  readonly name: string;
  read(): Promise<Uint8Array>;
}

/** Pictures of one size keep it up to this many pixels a side. */
const SIDE_KEPT_MAX = 64;
/** The size of others. */
const DEFAULT_SIZE: Size = { height: 32, width: 32 };

/**
 * Decodes pictures into images of one size, as predictions do. They are gray if all pictures are,
 * or if that is asked. Throws a `DATA` error that names the picture.
 */
export async function decodePictures(
  sources: readonly PictureSource[],
  asked: { readonly size?: Size; readonly isGray: boolean },
  { signal, note, onProgress }: ImportContext,
): Promise<ImageInputs> {
  const survey = await surveyOf(sources, signal);
  const channels = asked.isGray || survey.isGray ? 1 : 3;
  const { height, width } = asked.size ?? chooseSize(survey, note);
  const exampleBytes = height * width * channels;
  if (sources.length * exampleBytes > DATA_BYTES_MAX)
    throw dataError(
      `${sources.length} pictures of ${width} × ${height} pixels are more than ` +
        `${DATA_BYTES_MAX} bytes: choose a smaller --size.`,
    );
  const pixels = new Uint8Array(sources.length * exampleBytes);
  for (const [i, source] of sources.entries()) {
    signal.throwIfAborted();
    const picture = await named(source, async () => decodePicture(await source.read()));
    const prepared = resizeToFit(withChannels(picture, channels), { height, width });
    pixels.set(prepared.pixels, i * exampleBytes);
    onProgress(i + 1, sources.length);
  }
  return { kind: 'images', height, width, channels, pixels };
}

interface Survey {
  /** Whether all pictures are gray PNG files. */
  readonly isGray: boolean;
  /** The sizes, as far as the beginnings of files tell them. */
  readonly sizes: ReadonlySet<string>;
  readonly first: Size | undefined;
  readonly isKnown: boolean;
}

async function surveyOf(sources: readonly PictureSource[], signal: AbortSignal): Promise<Survey> {
  const sizes = new Set<string>();
  let [isGray, isKnown] = [true, true];
  let first: Size | undefined;
  for (const source of sources) {
    signal.throwIfAborted();
    await named(source, async () => {
      const file = await source.read();
      if (!isPng(file)) {
        // It may need a package. That is said before many others are decoded.
        if (isKnown) await decodePicture(file);
        isGray = false;
        isKnown = false;
        return;
      }
      const { height, width, isColor } = readPngHeader(file);
      sizes.add(`${width} × ${height}`);
      first ??= { height, width };
      if (isColor) isGray = false;
    });
  }
  return { isGray, isKnown, sizes, first };
}

function chooseSize({ sizes, first, isKnown }: Survey, note: (line: string) => void): Size {
  const isOne = isKnown && first !== undefined && sizes.size === 1;
  if (isOne && first.height <= SIDE_KEPT_MAX && first.width <= SIDE_KEPT_MAX) return first;
  const { height, width } = DEFAULT_SIZE;
  const [shown] = sizes;
  const why =
    sizes.size > 1
      ? `pictures have ${isKnown ? `${sizes.size} ` : ''}different sizes`
      : `pictures are ${shown === undefined ? 'photos' : `${shown} pixels`}`;
  note(`${why}: they are scaled to ${width} × ${height}; --size 64x64 keeps more`);
  return DEFAULT_SIZE;
}

async function named<T>({ name }: PictureSource, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const reason = reasonOf(error).replace(/\.$/, '');
    throw dataError(`cannot use the picture ${printable(name)}: ${reason}.`);
  }
}
