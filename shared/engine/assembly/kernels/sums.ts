import { loadOne, storeOne } from './arithmetic';
import { rounded } from './bfloat16';

/**
 * sums [columns] = the sum of the rows of x: in order within each leaf, and then over the tree. A
 * cache line of columns is summed at once. `stack` has room for the sums of finished subtrees, a
 * cache line per level.
 */
export function sumRows(
  x: usize, sums: usize, columns: i32, leafSizes: usize, leafCount: i32, bfloat16LeavesMin: i32,
  stack: usize,
): void {
  const stride = <usize>columns << 2;
  let c: usize = 0;
  for (; c + 64 <= stride; c += 64) {
    sumLine(x + c, sums + c, stride, leafSizes, leafCount, bfloat16LeavesMin, stack);
  }
  for (; c < stride; c += 4) {
    sumColumn(x + c, sums + c, stride, leafSizes, leafCount, bfloat16LeavesMin, stack);
  }
}

function sumLine(
  x: usize, sums: usize, stride: usize, leafSizes: usize, leafCount: i32, bfloat16LeavesMin: i32,
  stack: usize,
): void {
  let top = stack;
  for (let leaf = 0; leaf < leafCount; leaf++) {
    let s0 = f32x4.splat(0), s1 = f32x4.splat(0), s2 = f32x4.splat(0), s3 = f32x4.splat(0);
    const end = x + stride * <usize>load<i32>(leafSizes + (<usize>leaf << 2));
    for (; x < end; x += stride) {
      s0 = f32x4.add(s0, v128.load(x));
      s1 = f32x4.add(s1, v128.load(x, 16));
      s2 = f32x4.add(s2, v128.load(x, 32));
      s3 = f32x4.add(s3, v128.load(x, 48));
    }
    const isLast = leaf == leafCount - 1;
    let size = 1;
    let waiting = leaf;
    for (let merges = isLast ? popcnt(leaf) : ctz(leaf + 1); ; merges--) {
      if (size >= bfloat16LeavesMin) {
        s0 = rounded(s0);
        s1 = rounded(s1);
        s2 = rounded(s2);
        s3 = rounded(s3);
      }
      if (merges == 0) break;
      top -= 64;
      s0 = f32x4.add(v128.load(top), s0);
      s1 = f32x4.add(v128.load(top, 16), s1);
      s2 = f32x4.add(v128.load(top, 32), s2);
      s3 = f32x4.add(v128.load(top, 48), s3);
      size += waiting & -waiting;
      waiting &= waiting - 1;
    }
    const to = isLast ? sums : top;
    v128.store(to, s0);
    v128.store(to, s1, 16);
    v128.store(to, s2, 32);
    v128.store(to, s3, 48);
    top += 64;
  }
}

function sumColumn(
  x: usize, sums: usize, stride: usize, leafSizes: usize, leafCount: i32, bfloat16LeavesMin: i32,
  stack: usize,
): void {
  let top = stack;
  for (let leaf = 0; leaf < leafCount; leaf++) {
    let sum = f32x4.splat(0);
    const end = x + stride * <usize>load<i32>(leafSizes + (<usize>leaf << 2));
    for (; x < end; x += stride) sum = f32x4.add(sum, loadOne(x));
    const isLast = leaf == leafCount - 1;
    let size = 1;
    let waiting = leaf;
    for (let merges = isLast ? popcnt(leaf) : ctz(leaf + 1); ; merges--) {
      if (size >= bfloat16LeavesMin) sum = rounded(sum);
      if (merges == 0) break;
      top -= 4;
      sum = f32x4.add(loadOne(top), sum);
      size += waiting & -waiting;
      waiting &= waiting - 1;
    }
    storeOne(isLast ? sums : top, sum);
    top += 4;
  }
}
