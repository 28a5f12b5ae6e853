import { noChange } from 'lit-html';
import { Directive, directive, type ElementPart } from 'lit-html/directive.js';
import { type Sight, watchSight } from './sight.ts';

/** Draws on a canvas whose units are CSS pixels. The canvas is empty. */
export type Draw = (context: CanvasRenderingContext2D, width: number, height: number) => void;

/**
 * Draws on the canvas that it is written in, as in `<canvas ${drawing(draw)}>`, whenever the page
 * is drawn or the canvas has another size. What nobody sees is not drawn.
 */
class DrawingDirective extends Directive {
  #canvas: HTMLCanvasElement | undefined;
  #draw: Draw = () => {};
  #sight: Sight | undefined;

  render(_draw: Draw) {
    return noChange;
  }

  override update(part: ElementPart, [draw]: [Draw]) {
    this.#draw = draw;
    this.#canvas ??= part.element as HTMLCanvasElement;
    this.#sight ??= watchSight(this.#canvas, () => this.#paint());
    this.#sight.paint();
    return noChange;
  }

  #paint(): void {
    const canvas = this.#canvas;
    const context = canvas?.getContext('2d');
    const { clientWidth: width = 0, clientHeight: height = 0 } = canvas ?? {};
    if (!canvas || !context || width === 0 || height === 0) return;
    const scale = devicePixelRatio;
    const [pixelWidth, pixelHeight] = [Math.round(width * scale), Math.round(height * scale)];
    if (canvas.width !== pixelWidth) canvas.width = pixelWidth;
    if (canvas.height !== pixelHeight) canvas.height = pixelHeight;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    this.#draw(context, width, height);
  }
}

export const drawing = directive(DrawingDirective);
