import type { Exported } from '../wasm/wasm-products.ts';

/** How an export that works on a whole vector can be divided. Indexes are those of arguments. */
interface Division {
  /** The pointers to vectors. */
  readonly vectors: readonly number[];
  readonly lengthAt: number;
  /** Where the length of a block is, for exports that give `resultBytes` per block. */
  readonly blocks?: { readonly lengthAt: number; readonly resultAt: number; resultBytes: number };
  /** An export that has to be called before, with the arguments of its last call. */
  readonly after?: string;
}

const vectors = (count: number): Division => ({
  vectors: Array.from({ length: count }, (_, i) => i),
  lengthAt: count,
});
const update = (count: number): Division => ({ ...vectors(count), after: 'setUpdate' });
const perBlock = (resultBytes: number): Division => ({
  ...vectors(1),
  blocks: { lengthAt: 3, resultAt: 2, resultBytes },
});

const DIVISIONS: Readonly<Record<string, Division>> = {
  addInto: vectors(2),
  roundToBfloat16: vectors(1),
  updateSgd: update(2),
  updateMomentum: update(3),
  updateByRoot: update(3),
  updateAdam: update(4),
  updateAverage: vectors(2),
  fingerprint: perBlock(64),
  sumOfSquares: perBlock(8),
};

/** A cache line of values: no two threads write to the same one. */
const LINE_LENGTH = 16;
/** Fewer values than this are not worth waking others up. */
const LENGTH_MIN = 32_768;

/** A call of an export. */
export interface Call {
  readonly name: string;
  readonly args: readonly number[];
}

/** Carries out lists of calls at once, each list on a thread of its own, the first one on this. */
export interface CallTeam {
  /** The number of threads that are free now, with this one. */
  freeCount(): number;
  run(lists: readonly (readonly Call[])[]): void;
}

/** Exports of which some divide their work among the threads of the team. */
export function splitExports(own: Exported, team: CallTeam): Exported {
  const split: Exported = { ...own };
  let lastUpdate: Call | undefined;
  split.setUpdate = (...args) => {
    lastUpdate = { name: 'setUpdate', args };
    return own.setUpdate(...args);
  };
  for (const [name, division] of Object.entries(DIVISIONS)) {
    split[name] = (...args) => {
      const count = args[division.lengthAt] < LENGTH_MIN ? 1 : team.freeCount();
      if (count === 1) return own[name](...args);
      const before = division.after && lastUpdate ? [lastUpdate] : [];
      const parts = divide(args, division, count);
      team.run(parts.map((part) => [...before, { name, args: part }]));
      return 0;
    };
  }
  return split;
}

/** The arguments of at most `count` calls that together do what one call would do. */
function divide(
  args: readonly number[],
  { vectors, lengthAt, blocks }: Division,
  count: number,
): number[][] {
  const unit = blocks ? args[blocks.lengthAt] : LINE_LENGTH;
  const length = args[lengthAt];
  const unitCount = Math.ceil(length / unit);
  return Array.from({ length: count }, (_, part) => {
    const [from, to] = [part, part + 1].map((edge) => Math.floor((edge * unitCount) / count));
    const call = [...args];
    for (const at of vectors) call[at] += from * unit * Float32Array.BYTES_PER_ELEMENT;
    if (blocks) call[blocks.resultAt] += from * blocks.resultBytes;
    call[lengthAt] = Math.min(to * unit, length) - from * unit;
    return call;
  }).filter((call) => call[lengthAt] > 0);
}
