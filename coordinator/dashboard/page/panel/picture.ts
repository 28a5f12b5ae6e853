import { html, type TemplateResult } from 'lit-html';
import { drawing } from '../drawing/canvas.ts';
import type { Ui } from '../ui.ts';
import { unbroken } from '../unbroken.ts';

/** A drawing of which the user can point at parts, by pointer or keyboard. */
export interface Canvas<Part> {
  /** That of the panel. */
  readonly id: string;
  /** A sentence, instead of the picture. */
  readonly label: string;
  /** In CSS pixels. */
  readonly height: number;
  /** Names a part, so that it is found again in the next picture. */
  readonly keyOf: (part: Part) => string;
  readonly find: (key: string) => Part | undefined;
  /** The part at a place of a picture of some width. */
  readonly at: (x: number, y: number, width: number) => Part | undefined;
  /** The part that an arrow key leads to. */
  readonly beside: (part: Part | undefined, arrow: string, width: number) => Part | undefined;
  readonly draw: (
    context: CanvasRenderingContext2D,
    width: number,
    pointed: Part | undefined,
  ) => void;
  /** Uses another key. Returns false if it means nothing. */
  readonly useKey?: (key: string, pointed: Part | undefined, width: number) => boolean;
  readonly useWheel?: (event: WheelEvent) => void;
}

/** A drawing with the story of the part that the user points at. */
export interface Picture<Part> extends Canvas<Part> {
  readonly storyOf: (part: Part) => string;
}

/** The part that the user points at. */
export function pointedPart<Part>(
  { id, find }: Pick<Canvas<Part>, 'id' | 'find'>,
  { choices: { pointed } }: Ui,
): Part | undefined {
  return pointed?.panel === id ? find(pointed.key) : undefined;
}

/** The canvas. `${id}-story` is the element that tells what the user points at. */
export function showCanvas<Part>(picture: Canvas<Part>, ui: Ui): TemplateResult {
  const { id, label, height, useWheel, draw } = picture;
  const part = pointedPart(picture, ui);
  const point = (next: Part | undefined) => {
    const key = next && picture.keyOf(next);
    if (key !== ui.choices.pointed?.key)
      ui.change({ pointed: key ? { panel: id, key } : undefined });
  };
  const pointAt = ({ currentTarget, offsetX, offsetY }: PointerEvent) =>
    point(picture.at(offsetX, offsetY, (currentTarget as HTMLElement).clientWidth));
  // A finger leaves when it has tapped.
  const leave = ({ pointerType }: PointerEvent) => pointerType === 'mouse' && point(undefined);
  const useKey = (event: KeyboardEvent) => {
    const { key, currentTarget } = event;
    // Keys may be faster than pictures.
    const part = pointedPart(picture, ui);
    const width = (currentTarget as HTMLElement).clientWidth;
    const isArrow = key.startsWith('Arrow');
    if (isArrow) point(picture.beside(part, key, width) ?? part);
    else if (key === 'Escape') point(undefined);
    else if (!picture.useKey?.(key, part, width)) return;
    event.preventDefault();
  };
  return html`<canvas
      tabindex="0"
      role="img"
      aria-label=${label}
      aria-describedby="${id}-story"
      .style=${`height: ${height}px`}
      @pointermove=${pointAt}
      @pointerdown=${pointAt}
      @pointerleave=${leave}
      @blur=${() => point(undefined)}
      @wheel=${useWheel}
      @keydown=${useKey}
      ${drawing((context, width) => draw(context, width, part))}
    ></canvas>`;
}

const HOW_TO_POINT = 'Point at a part, or use the arrow keys, to read what it is.';

/** The picture, and the story of the part that the user points at. */
export function showPicture<Part>(picture: Picture<Part>, ui: Ui): TemplateResult {
  const { id, storyOf } = picture;
  const part = pointedPart(picture, ui);
  return html`${showCanvas(picture, ui)}
    <p class="story" id="${id}-story" aria-live="polite">
      ${unbroken(part ? storyOf(part) : HOW_TO_POINT)}
    </p>`;
}

export type Swatch = readonly [text: string, draw: (context: CanvasRenderingContext2D) => void];

/** What the marks of a picture mean. A swatch is 24 pixels wide and 16 high. */
export const showLegend = (swatches: readonly Swatch[]): TemplateResult =>
  html`<ul class="legend">
    ${swatches.map(
      ([text, draw]) => html`<li>
        <canvas aria-hidden="true" ${drawing(draw)}></canvas>${text}
      </li>`,
    )}
  </ul>`;
