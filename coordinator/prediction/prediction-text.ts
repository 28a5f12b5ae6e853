import { formatBar, formatPercent } from '../../shared/cli/format.ts';
import { printable } from '../../shared/printable.ts';
import type { PicturePrediction } from './classify-file.ts';
import { drawPicture } from './picture-text.ts';

/** How predictions are shown. */
export interface TextStyle {
  /** How many classes are shown. */
  readonly top: number;
  /** The columns of a terminal that shows colors. Undefined: pictures are not drawn. */
  readonly columns: number | undefined;
}

const BAR_WIDTH = 20;
const GAP = '   ';

/** The lines that show a prediction: what it is, what was done, the picture, and the classes. */
export function predictionLines(prediction: PicturePrediction, style: TextStyle): string[] {
  const { prepared, ranking, looksInverted } = prediction;
  const [best] = ranking;
  const lines = [
    `${nameOf(prediction)}: ${printable(best.name)}, ${formatPercent(best.probability)}`,
    `  ${prepared.steps.join(', ')}`,
    ...besidePicture(prediction, style),
  ];
  if (looksInverted) lines.push(`  ${INVERTED_ADVICE}`);
  return lines;
}

export const INVERTED_ADVICE =
  'The background is light where the dataset’s is dark, or dark where it is light: try --invert.';

/** The file, and the place in it. */
export const nameOf = ({ file, index }: PicturePrediction): string =>
  index === undefined ? printable(file) : `${printable(file)} #${index}`;

/** The classes, to the right of the picture if there is room, and else below it. */
function besidePicture({ prepared, ranking }: PicturePrediction, style: TextStyle): string[] {
  const shown = ranking.slice(0, style.top);
  const width = Math.max(...shown.map(({ name }) => printable(name).length));
  const classes = shown.map(
    ({ name, probability }) =>
      `${printable(name).padEnd(width)}  ${formatBar(probability, BAR_WIDTH)} ` +
      formatPercent(probability).padStart(8),
  );
  const { columns } = style;
  const { picture } = prepared;
  if (columns === undefined || picture.width + 2 > columns)
    return classes.map((line) => `  ${line}`);
  const drawn = drawPicture(picture);
  const needed = 2 + picture.width + GAP.length + classes[0].length;
  if (needed > columns) return [...drawn, ...classes].map((line) => `  ${line}`);
  const blank = ' '.repeat(picture.width);
  return Array.from({ length: Math.max(drawn.length, classes.length) }, (_, i) =>
    `  ${drawn[i] ?? blank}${GAP}${classes[i] ?? ''}`.trimEnd(),
  );
}
