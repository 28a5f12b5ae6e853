/**
 * Register tiles, as heights (rows of c) and a width (columns of c). The fastest one depends on the
 * machine. The first height is that of the tile. The others are for the last rows of c.
 */
const TILES: readonly (readonly [heights: readonly number[], width: number])[] = [
  [[6, 4, 2, 1], 16],
  [[5, 4, 2, 1], 16],
  [[4, 2, 1], 8],
];
const FLOAT_BYTES = 4;
const LANES = 4;

/**
 * The source of `tiles.ts`: for each tile, the innermost loops of matrix multiplication. Each
 * element of the tile is a lane of a local variable. A language without macros cannot loop over
 * variables, so this function writes the statements out.
 */
export function generateTiles(): string {
  const kernels = new Map<string, string>();
  for (const [heights, width] of TILES) {
    for (const height of heights) kernels.set(tileName(height, width), tileSource(height, width));
    const [tallest] = heights;
    kernels.set(tileName(tallest, width, true), tileSource(tallest, width, true));
    kernels.set(`multiply${tallest}x${width}`, driverSource(heights, width));
  }
  return (
    `import { multiplyAdd } from './arithmetic';\nimport { rounded } from './bfloat16';\n` +
    `import { copyFew } from './packing';\n\n` +
    [...kernels.values()].join('\n')
  );
}

const tileName = (height: number, width: number, isAdjacent = false): string =>
  `tile${height}x${width}${isAdjacent ? 'Adjacent' : ''}`;

/**
 * The source of a function for one tile of c = a · b, summed over the reduction tree.
 *
 * Row i of `a` begins at a + rows[i]. A leaf consists of runs of values. Each run has an offset of
 * its own, and its values lie `step` bytes apart. In a matrix product, a leaf is one run. In a
 * convolution, it is several runs, such as the lines of a patch. `panel` holds the tile's columns
 * of b. Its rows lie `panelStride` bytes apart.
 *
 * The rows of aᵀ are adjacent: they begin one value apart. Such rows share one pointer. So a tile
 * keeps its pointers in registers from leaf to leaf, which counts if leaves are short.
 *
 * The sums of finished subtrees wait on `stack`, at most one per level. After each leaf, as many
 * additions follow as the leaf's number has trailing ones. After the last leaf, the sums of all
 * waiting subtrees are added. Sums over `bfloat16LeavesMin` or more leaves are rounded to bfloat16.
 *
 * A row's last vector is stored first. V8 makes one 256-bit store of two stores. If the lower one
 * comes first, V8 keeps it too, because the upper one could trap.
 */
function tileSource(height: number, width: number, isAdjacent = false): string {
  const rows = Array.from({ length: height }, (_, r) => r);
  const pointers = isAdjacent ? [0] : rows;
  const place = (r: number) => (isAdjacent ? `a0, ${r * FLOAT_BYTES}` : `a${r}`);
  const vectors = Array.from({ length: width / LANES }, (_, v) => v);
  const each: Each = (line, indent) =>
    rows.flatMap((r) => vectors.map((v) => indent + line(r, v))).join('\n');
  const rowBytes = width * FLOAT_BYTES;
  const tileBytes = height * rowBytes;
  const vectorBytes = LANES * FLOAT_BYTES;
  const offsetOf = (r: number, v: number) => r * rowBytes + v * vectorBytes;
  return `function ${tileName(height, width, isAdjacent)}(
  a: usize, rows: usize, runs: usize, leaves: usize, leafCount: i32, bfloat16LeavesMin: i32,
  step: usize, panel: usize, panelStride: usize, c: usize, cStride: usize, stack: usize,
): void {
${pointers.map((r) => `  const row${r} = a + load<u32>(rows, ${r * 4});`).join('\n')}
  let p = panel;
  let run = runs;
  let top = stack;
  for (let leaf = 0; leaf < leafCount; leaf++) {
${each((r, v) => `let c${r}${v} = f32x4.splat(0);`, '    ')}
    const runsEnd = run + (<usize>load<u32>(leaves + (<usize>leaf << 2)) << 3);
    for (; run < runsEnd; run += 8) {
      const offset = <usize>load<u32>(run);
${pointers.map((r) => `      let a${r} = row${r} + offset;`).join('\n')}
      const end = p + <usize>load<u32>(run, 4) * panelStride;
      while (p < end) {
${vectors.map((v) => `        const b${v} = v128.load(p, ${v * vectorBytes});`).join('\n')}
${rows
  .map((r) =>
    [
      `        ${r === 0 ? 'let ' : ''}x = v128.load32_splat(${place(r)});`,
      ...vectors.map((v) => `        c${r}${v} = multiplyAdd(x, b${v}, c${r}${v});`),
    ].join('\n'),
  )
  .join('\n')}
        p += panelStride;
${pointers.map((r) => `        a${r} += step;`).join('\n')}
      }
    }
    const isLast = leaf == leafCount - 1;
${mergeSource(each, tileBytes, offsetOf)}
    let to = isLast ? c : top;
    const toStride: usize = isLast ? cStride : ${rowBytes};
${rows
  .map((r) =>
    [
      ...vectors.toReversed().map((v) => `    v128.store(to, c${r}${v}, ${v * vectorBytes});`),
      ...(r < height - 1 ? ['    to += toStride;'] : []),
    ].join('\n'),
  )
  .join('\n')}
    top += ${tileBytes};
  }
}
`;
}

/** The source of a line for each vector of a tile. */
type Each = (line: (r: number, v: number) => string, indent: string) => string;

/**
 * The source of a leaf's additions of waiting sums. Sums that are never rounded have a loop of
 * their own, because the test costs as much as the additions.
 */
function mergeSource(
  each: Each,
  tileBytes: number,
  offsetOf: (r: number, v: number) => number,
): string {
  const add = (r: number, v: number) =>
    `c${r}${v} = f32x4.add(v128.load(top, ${offsetOf(r, v)}), c${r}${v});`;
  const addWaiting = `        top -= ${tileBytes};\n${each(add, '        ')}`;
  return `    let merges = isLast ? popcnt(leaf) : ctz(leaf + 1);
    if (leafCount < bfloat16LeavesMin) {
      for (; merges > 0; merges--) {
${addWaiting}
      }
    } else {
      let size = 1;
      let waiting = leaf; // Each bit that is set is the size of a subtree on the stack.
      for (; ; merges--) {
        if (size >= bfloat16LeavesMin) {
${each((r, v) => `c${r}${v} = rounded(c${r}${v});`, '          ')}
        }
        if (merges == 0) break;
${addWaiting}
        size += waiting & -waiting;
        waiting &= waiting - 1;
      }
    }`;
}

/**
 * The source of a function for c [m, n] = a · b, tile by tile. If the last panel has fewer than
 * `width` columns of c, its tiles are computed in a scratch buffer and copied. That buffer is the
 * first tile of `stack`.
 */
function driverSource(heights: readonly number[], width: number): string {
  const rowBytes = width * FLOAT_BYTES;
  const [tallest] = heights;
  const call = (height: number, isAdjacent = false) =>
    `${tileName(height, width, isAdjacent)}(
          a, row, runs, leaves, leafCount, bfloat16LeavesMin, step, panel, panelStride, to,
          toStride, stack,
        );`;
  // The rows' places ascend, so the last one tells whether all are adjacent.
  const span = (tallest - 1) * FLOAT_BYTES;
  const cases = heights.map((height) => {
    const test = height === 1 ? '' : `if (m - i >= ${height}) `;
    const callAdjacent =
      height === tallest
        ? `if (load<u32>(row, ${span}) - load<u32>(row) == ${span}) ${call(height, true)}
        else `
        : '';
    return `${test}{
        height = ${height};
        ${callAdjacent}${call(height)}
      }`;
  });
  return `export function multiply${tallest}x${width}(
  a: usize, rows: usize, m: i32, runs: usize, leaves: usize, leafCount: i32,
  bfloat16LeavesMin: i32, step: usize, panels: usize, panelBytes: usize, panelStride: usize,
  n: i32, c: usize, stack: usize,
): void {
  const cStride = <usize>n << 2;
  const scratch = stack;
  stack += ${tallest * rowBytes};
  let panel = panels;
  for (let j = 0; j < n; j += ${width}) {
    const columns = min(n - j, ${width});
    let height = 0;
    for (let i = 0; i < m; i += height) {
      const row = rows + (<usize>i << 2);
      const out = c + <usize>i * cStride + (<usize>j << 2);
      const to = columns == ${width} ? out : scratch;
      const toStride = columns == ${width} ? cStride : ${rowBytes};
      ${cases.join(' else ')}
      if (columns < ${width}) {
        for (let r = 0; r < height; r++) {
          copyFew(out + <usize>r * cStride, to + <usize>r * ${rowBytes}, <usize>columns << 2);
        }
      }
    }
    panel += panelBytes;
  }
}
`;
}
