/** Register tiles, [rows, columns] of c: which is fastest depends on the machine. Smaller ones do the last rows. */
const TILES: readonly (readonly [heights: readonly number[], width: number])[] = [
  [[6, 4, 2, 1], 16],
  [[5, 4, 2, 1], 16],
  [[4, 2, 1], 8],
];
const FLOAT_BYTES = 4;
const LANES = 4;

/**
 * The source of `tiles.ts`: for each tile the innermost loops of matrix multiplication, in which every element of
 * the tile is a lane of a local variable; written out, because a language without macros cannot loop over variables.
 */
export function generateTiles(): string {
  const kernels = new Map<string, string>();
  for (const [heights, width] of TILES) {
    for (const height of heights) kernels.set(tileName(height, width), tileSource(height, width));
    const [height] = heights;
    kernels.set(`multiply${height}x${width}`, driverSource(heights, width));
  }
  return `import { multiplyAdd } from './arithmetic';\nimport { rounded } from './bfloat16';\n\n${[...kernels.values()].join('\n')}`;
}

const tileName = (height: number, width: number): string => `tile${height}x${width}`;

/**
 * One tile of c = a · b, summed over the leaves' tree. Rows of `a` begin at a + rows[i]. A leaf is some runs of
 * values, `step` bytes apart, each from its own offset: a plain row has one run, a patch of an image several. `panel`
 * has the tile's columns of b, rows `panelStride` apart.
 *
 * Finished subtrees wait on `stack`, one a level: leaf number `leaf` completes as many as its number has trailing
 * ones, and the last leaf all that are left. Sums over `narrowFrom` leaves or more are rounded to bfloat16.
 */
function tileSource(height: number, width: number): string {
  const rows = Array.from({ length: height }, (_, r) => r);
  const vectors = Array.from({ length: width / LANES }, (_, v) => v);
  const each = (line: (r: number, v: number) => string, indent: string) =>
    rows.flatMap((r) => vectors.map((v) => indent + line(r, v))).join('\n');
  const rowBytes = width * FLOAT_BYTES;
  const tileBytes = height * rowBytes;
  const vectorBytes = LANES * FLOAT_BYTES;
  return `function ${tileName(height, width)}(
  a: usize, rows: usize, runs: usize, leaves: usize, leafCount: i32, narrowFrom: i32, step: usize,
  panel: usize, panelStride: usize, c: usize, cStride: usize, stack: usize,
): void {
${rows.map((r) => `  const row${r} = a + load<u32>(rows, ${r * 4});`).join('\n')}
${each((r, v) => `let c${r}${v} = f32x4.splat(0);`, '  ')}
  let p = panel;
  let run = runs;
  let top = stack;
  for (let leaf = 0; leaf < leafCount; leaf++) {
    if (leaf > 0) {
${each((r, v) => `c${r}${v} = f32x4.splat(0);`, '      ')}
    }
    const runsEnd = run + (<usize>load<u32>(leaves + (<usize>leaf << 2)) << 3);
    for (; run < runsEnd; run += 8) {
      const offset = <usize>load<u32>(run);
${rows.map((r) => `      let a${r} = row${r} + offset;`).join('\n')}
      const end = p + <usize>load<u32>(run, 4) * panelStride;
      while (p < end) {
${vectors.map((v) => `        const b${v} = v128.load(p, ${v * vectorBytes});`).join('\n')}
${rows
  .map((r) =>
    [
      `        ${r === 0 ? 'let ' : ''}x = v128.load32_splat(a${r});`,
      ...vectors.map((v) => `        c${r}${v} = multiplyAdd(x, b${v}, c${r}${v});`),
    ].join('\n'),
  )
  .join('\n')}
        p += panelStride;
${rows.map((r) => `        a${r} += step;`).join('\n')}
      }
    }
    const isLast = leaf == leafCount - 1;
    let size = 1;
    let waiting = leaf; // of whose bits each that is set is the size of a subtree
    for (let merges = isLast ? popcnt(leaf) : ctz(leaf + 1); ; merges--) {
      if (size >= narrowFrom) {
${each((r, v) => `c${r}${v} = rounded(c${r}${v});`, '        ')}
      }
      if (merges == 0) break;
      top -= ${tileBytes};
${each((r, v) => `c${r}${v} = f32x4.add(v128.load(top, ${r * rowBytes + v * vectorBytes}), c${r}${v});`, '      ')}
      size += waiting & -waiting;
      waiting &= waiting - 1;
    }
    let to = isLast ? c : top;
    const toStride: usize = isLast ? cStride : ${rowBytes};
${rows
  .map((r) =>
    [
      ...vectors.map((v) => `    v128.store(to, c${r}${v}, ${v * vectorBytes});`),
      ...(r < height - 1 ? ['    to += toStride;'] : []),
    ].join('\n'),
  )
  .join('\n')}
    top += ${tileBytes};
  }
}
`;
}

/** c [m, n] = a · b over panels of columns and tiles of rows. The last panel's tiles go through a copy. */
function driverSource(heights: readonly number[], width: number): string {
  const rowBytes = width * FLOAT_BYTES;
  const cases = heights.map((height) => {
    const test = height === 1 ? '' : `if (m - i >= ${height}) `;
    return `${test}{
        height = ${height};
        ${tileName(height, width)}(a, row, runs, leaves, leafCount, narrowFrom, step, panel, panelStride, to, toStride, stack);
      }`;
  });
  const [tallest] = heights;
  return `const scratch${tallest}x${width} = memory.data(${tallest * rowBytes}, 16);

export function multiply${tallest}x${width}(
  a: usize, rows: usize, m: i32, runs: usize, leaves: usize, leafCount: i32, narrowFrom: i32, step: usize,
  panels: usize, panelBytes: usize, panelStride: usize, n: i32, c: usize, stack: usize,
): void {
  const cStride = <usize>n << 2;
  let panel = panels;
  for (let j = 0; j < n; j += ${width}) {
    const columns = min(n - j, ${width});
    let height = 0;
    for (let i = 0; i < m; i += height) {
      const row = rows + (<usize>i << 2);
      const out = c + <usize>i * cStride + (<usize>j << 2);
      const to = columns == ${width} ? out : scratch${tallest}x${width};
      const toStride = columns == ${width} ? cStride : ${rowBytes};
      ${cases.join(' else ')}
      if (columns < ${width}) {
        for (let r = 0; r < height; r++) {
          memory.copy(out + <usize>r * cStride, to + <usize>r * ${rowBytes}, <usize>columns << 2);
        }
      }
    }
    panel += panelBytes;
  }
}
`;
}
