import { formatBar, formatPercent } from '../../shared/cli/format.ts';
import { printable } from '../../shared/printable.ts';
import type { FilePrediction } from './classify-file.ts';
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

/**
 * The lines that show a prediction: what it is, what was done, the picture, and the classes. What
 * was done is not said again if it is the same as for the `previous` one.
 */
export function predictionLines(
  prediction: FilePrediction,
  style: TextStyle,
  previous?: FilePrediction,
): string[] {
  const { prepared, looksInverted } = prediction;
  const done = prepared.steps.join(', ');
  const lines = [
    `${nameOf(prediction)}: ${resultOf(prediction)}`,
    ...(done === previous?.prepared.steps.join(', ') ? [] : [`  ${done}`]),
    ...besidePicture(prediction, style),
  ];
  if (looksInverted) lines.push(`  ${INVERTED_ADVICE}`);
  return lines;
}

export const INVERTED_ADVICE =
  'The background is light where the dataset’s is dark, or dark where it is light: try --invert.';

/** The file, and the place in it. */
export const nameOf = ({ file, index }: FilePrediction): string =>
  index === undefined ? printable(file) : `${printable(file)} #${index}`;

/** "Boot, 75.00 %", or "income 41230" */
function resultOf({ ranking: [best], number }: FilePrediction): string {
  if (number) return `${printable(number.name)} ${Number(number.value.toPrecision(6))}`;
  return `${printable(best.name)}, ${formatPercent(best.probability)}`;
}

/** The classes, to the right of the picture if there is room, and else below it. */
function besidePicture({ prepared, ranking }: FilePrediction, style: TextStyle): string[] {
  const shown = ranking.slice(0, style.top);
  if (shown.length === 0)
    return prepared.picture && style.columns ? indented(drawPicture(prepared.picture)) : [];
  const width = Math.max(...shown.map(({ name }) => printable(name).length));
  const classes = shown.map(
    ({ name, probability }) =>
      `${printable(name).padEnd(width)}  ${formatBar(probability, BAR_WIDTH)} ` +
      formatPercent(probability).padStart(8),
  );
  const { columns } = style;
  const { picture } = prepared;
  if (columns === undefined || !picture || picture.width + 2 > columns) return indented(classes);
  const drawn = drawPicture(picture);
  const needed = 2 + picture.width + GAP.length + classes[0].length;
  if (needed > columns) return indented([...drawn, ...classes]);
  const blank = ' '.repeat(picture.width);
  return Array.from({ length: Math.max(drawn.length, classes.length) }, (_, i) =>
    `  ${drawn[i] ?? blank}${GAP}${classes[i] ?? ''}`.trimEnd(),
  );
}

const indented = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);
