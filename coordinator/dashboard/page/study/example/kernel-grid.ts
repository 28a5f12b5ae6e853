import type { PlannedLayer } from '../../../../../shared/engine/layers/layer-plan.ts';
import { placeOf, windowOf } from '../../../../../shared/study/links.ts';
import type { Term } from '../../../../../shared/study/unit-study.ts';
import { sumOf } from './sums.ts';

/** A kernel over one channel of its patch, row by row. Undefined: zero, outside of the image. */
export interface KernelGrid {
  readonly channel: number;
  readonly size: number;
  readonly cells: readonly (Term | undefined)[];
  /** The sum of the products of this channel. */
  readonly sum: number;
}

/** Larger kernels have no room on a page. */
export const KERNEL_MAX = 7;

/** The patch of a convolution's unit, channel by channel. `terms` are all its products. */
export function kernelGrids(
  { spec, input, tensors }: PlannedLayer,
  terms: readonly Term[],
): KernelGrid[] {
  if (spec.type !== 'conv2d') return [];
  const { kernel, filters } = spec;
  const cells = Array.from({ length: input.channels }, () =>
    new Array<Term | undefined>(kernel * kernel).fill(undefined),
  );
  for (const term of terms) {
    const place = Math.floor(((term.parameter ?? 0) - tensors[0].offset) / filters);
    cells[place % input.channels][Math.floor(place / input.channels)] = term;
  }
  return cells.map((own, channel) => ({
    channel,
    size: kernel,
    cells: own,
    sum: sumOf(own.filter((term) => term !== undefined)),
  }));
}

/** The window of a pooling unit, row by row. */
export function windowGrid(
  planned: PlannedLayer,
  unit: number,
  terms: readonly Term[],
): KernelGrid {
  const size = 'size' in planned.spec ? planned.spec.size : 1;
  const cells = windowOf(planned, unit).map((from) => terms.find((term) => term.from === from));
  const [, , channel] = placeOf(planned.output, unit);
  return { channel, size, cells, sum: sumOf(terms) };
}
