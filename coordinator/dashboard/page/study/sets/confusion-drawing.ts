import { beginText, type Context, fillRect, strokeRect, write } from '../../drawing/brush.ts';
import { type Cell, type ConfusionModel, gridOf, partOf, TOP } from './confusion-model.ts';

/** Draws the matrix: labels to the left, predictions above, by their numbers. */
export function drawConfusion(
  context: Context,
  model: ConfusionModel,
  width: number,
  pointed: Cell | undefined,
  chosen: Cell,
): void {
  const { left, cell } = gridOf(model, width);
  const { names, counts } = model;
  for (const [i, name] of names.entries()) {
    const y = TOP + (i + 0.5) * cell;
    beginText(context, 'left');
    write(
      context,
      '--quiet',
      [`${i} ${name}`, `${i} ${name.slice(0, 8)}…`, `${i}`],
      [0, y],
      left - 8,
    );
    context.textAlign = 'center';
    write(context, '--quiet', [`${i}`], [left + (i + 0.5) * cell, TOP / 2]);
    for (const [prediction, count] of counts[i].entries())
      drawCell(context, model, { label: i, prediction }, count, [left + prediction * cell, y]);
  }
  for (const [each, line] of [
    [chosen, 2],
    [pointed, 1],
  ] as const)
    if (each)
      strokeRect(
        context,
        '--ink',
        { x: left + each.prediction * cell, y: TOP + each.label * cell, width: cell, height: cell },
        line,
      );

  function drawCell(
    context: Context,
    model: ConfusionModel,
    each: Cell,
    count: number,
    [x, y]: readonly [number, number],
  ): void {
    const part = partOf(model, each);
    const isRight = each.label === each.prediction;
    const area = { x: x + 1, y: y - cell / 2 + 1, width: cell - 2, height: cell - 2 };
    fillRect(context, '--soft', area);
    // Errors are rarer than they are of interest.
    fillRect(context, isRight ? '--right' : '--wrong', area, isRight ? part : Math.sqrt(part));
    if (count === 0) return;
    const texts = [`${count}`, `${Math.round(100 * part)}%`, `${Math.round(100 * part)}`];
    const isStrong = (isRight ? part : Math.sqrt(part)) > 0.55;
    write(context, isStrong ? '--paper' : '--ink', texts, [x + cell / 2, y], cell - 2);
  }
}
