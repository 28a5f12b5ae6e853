import { describe, expect, test } from 'vitest';
import {
  COORDINATOR_COLOR,
  PART_COLORS,
  RANK_COLORS,
} from '../../../../../coordinator/dashboard/model/palette.ts';
import { STEP_PARTS } from '../../../../../coordinator/training/step-breakdown.ts';

const PAPER = { light: '#ffffff', dark: '#14171b' };

/** The luminance of a color, as WCAG 2.2 defines it. */
function luminanceOf(color: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrastOf(a: string, b: string): number {
  const [low, high] = [luminanceOf(a), luminanceOf(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

describe.for(['light', 'dark'] as const)('on %s paper', (scheme) => {
  test('each rank, each part and the coordinator has a color of its own', () => {
    const all = [...RANK_COLORS[scheme], ...PART_COLORS[scheme], COORDINATOR_COLOR[scheme]];
    expect(new Set(all).size).toBe(all.length);
    expect(PART_COLORS[scheme]).toHaveLength(STEP_PARTS.length);
    for (const color of all) expect(color).toMatch(/^#[0-9a-f]{6}$/);
  });

  test('the colors of ranks are seen', () => {
    const contrasts = RANK_COLORS[scheme].map((color) => contrastOf(color, PAPER[scheme]));
    expect(Math.min(...contrasts)).toBeGreaterThan(2);
  });

  test('neighbors in a stack of parts differ in brightness', () => {
    const colors = PART_COLORS[scheme];
    for (const [i, color] of colors.slice(1).entries())
      expect(contrastOf(color, colors[i])).toBeGreaterThan(1.15);
  });
});
