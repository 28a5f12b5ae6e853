import type { Shape } from '../../../../../shared/engine/layers/layer-plan.ts';
import { type GrayImage, grayOf } from './net-input.ts';

/** The pixels of the longer side. */
const SIZE = 280;

/** What the user draws with. */
export interface Pen {
  /** The width of a line, as a part of the longer side. */
  width: number;
  /** A gray value. */
  gray: number;
}

type Place = readonly [x: number, y: number];

/**
 * A surface to draw on, by mouse, finger, pen or keyboard. Lines appear at once: nothing else of
 * the page is drawn for them.
 */
export class Board {
  readonly pen: Pen = { width: 0.09, gray: 255 };
  readonly element: HTMLElement;
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  /** Where the keyboard draws. */
  readonly #mark: HTMLElement;
  /** The way of the keyboard's pen: one pixel of the net's input. */
  readonly #stride: number;
  readonly #onChange: () => void;
  #at: Place;
  #isEmpty = true;
  #isBusy = false;
  /** Whether the keyboard's pen is down. */
  #isDown = false;
  #isAsked = false;

  /** `onChange` is called when something was drawn, at most once per frame. */
  constructor(shape: Shape, onChange: () => void) {
    const longer = Math.max(shape.width, shape.height);
    const [width, height] = [shape.width, shape.height].map((side) =>
      Math.max(1, Math.round((SIZE * side) / longer)),
    );
    const { element, canvas, mark } = createElements(width, height);
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (!context) throw new Error('this browser cannot draw');
    this.element = element;
    this.#canvas = canvas;
    this.#context = context;
    this.#mark = mark;
    this.#stride = SIZE / longer;
    this.#onChange = onChange;
    this.#at = [width / 2, height / 2];
    this.#fill('black');
    this.#followPointer();
    element.addEventListener('keydown', (event) => this.#useKey(event));
    element.addEventListener('blur', () => {
      this.#isDown = false;
      mark.hidden = true;
    });
  }

  /** Whether a line is being drawn. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Whether nothing has been drawn. */
  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  clear(): void {
    this.#fill('black');
    this.#changed(true);
  }

  /** Puts a picture there, as large as there is room. Around it is the color of its corner. */
  put(picture: CanvasImageSource, pictureWidth: number, pictureHeight: number): void {
    const { width, height } = this.#canvas;
    // Where it is transparent, it is white.
    this.#fill('white');
    this.#context.drawImage(picture, 0, 0, 1, 1, 0, 0, width, height);
    const scale = Math.min(width / pictureWidth, height / pictureHeight);
    const [shownWidth, shownHeight] = [pictureWidth * scale, pictureHeight * scale];
    const [x, y] = [(width - shownWidth) / 2, (height - shownHeight) / 2];
    // A small picture keeps its pixels.
    this.#context.imageSmoothingEnabled = scale < 1;
    this.#context.drawImage(picture, x, y, shownWidth, shownHeight);
    this.#changed(false);
  }

  image(): GrayImage {
    const { width, height } = this.#canvas;
    return grayOf(this.#context.getImageData(0, 0, width, height).data, width, height);
  }

  #changed(isEmpty: boolean): void {
    this.#isEmpty = isEmpty;
    if (this.#isAsked) return;
    this.#isAsked = true;
    requestAnimationFrame(() => {
      this.#isAsked = false;
      this.#onChange();
    });
  }

  #fill(color: string): void {
    this.#context.fillStyle = color;
    this.#context.fillRect(0, 0, this.#canvas.width, this.#canvas.height);
  }

  /** Draws a line from the last place. */
  #lineTo(to: Place, from = this.#at): void {
    const { gray, width } = this.pen;
    const context = this.#context;
    context.strokeStyle = `rgb(${gray} ${gray} ${gray})`;
    context.lineWidth = width * SIZE;
    context.lineCap = context.lineJoin = 'round';
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(...to);
    context.stroke();
    this.#at = to;
    this.#changed(false);
  }

  #followPointer(): void {
    const canvas = this.#canvas;
    const placeOf = ({ clientX, clientY }: PointerEvent): Place => {
      const { left, top, width, height } = canvas.getBoundingClientRect();
      const [x, y] = [(clientX - left) / width, (clientY - top) / height];
      return [x * canvas.width, y * canvas.height];
    };
    canvas.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      this.#isBusy = true;
      this.#mark.hidden = true;
      this.#lineTo(placeOf(event), placeOf(event));
    });
    canvas.addEventListener('pointermove', (event) => {
      if (!this.#isBusy) return;
      // Of a fast pointer, the browser tells several places at once.
      const parts = event.getCoalescedEvents?.() ?? [];
      for (const each of parts.length > 0 ? parts : [event]) this.#lineTo(placeOf(each));
    });
    const end = () => {
      this.#isBusy = false;
      this.#changed(this.#isEmpty);
    };
    for (const name of ['pointerup', 'pointercancel']) canvas.addEventListener(name, end);
  }

  #useKey(event: KeyboardEvent): void {
    const move = MOVES[event.key];
    if (move) this.#move(move);
    else if (event.key === ' ') {
      this.#isDown = !this.#isDown;
      if (this.#isDown) this.#lineTo(this.#at, this.#at);
    } else if (event.key === 'Delete' || event.key === 'Backspace') this.clear();
    else return;
    event.preventDefault();
    this.#showMark();
  }

  #move([right, down]: Place): void {
    const { width, height } = this.#canvas;
    const [x, y] = [this.#at[0] + right * this.#stride, this.#at[1] + down * this.#stride];
    const to: Place = [Math.max(0, Math.min(width, x)), Math.max(0, Math.min(height, y))];
    if (this.#isDown) this.#lineTo(to);
    this.#at = to;
  }

  #showMark(): void {
    const { width, height } = this.#canvas;
    const [x, y] = this.#at;
    this.#mark.hidden = false;
    this.#mark.classList.toggle('down', this.#isDown);
    this.#mark.style.left = `${(100 * x) / width}%`;
    this.#mark.style.top = `${(100 * y) / height}%`;
  }
}

const MOVES: Readonly<Record<string, Place>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

function createElements(width: number, height: number) {
  const element = document.createElement('div');
  element.className = 'board';
  element.tabIndex = 0;
  element.setAttribute('role', 'application');
  element.setAttribute(
    'aria-label',
    'Drawing area. Arrow keys move the pen, space lowers and lifts it, Delete clears.',
  );
  const canvas = document.createElement('canvas');
  canvas.setAttribute('aria-hidden', 'true');
  Object.assign(canvas, { width, height });
  const mark = document.createElement('i');
  mark.hidden = true;
  element.append(canvas, mark);
  return { element, canvas, mark };
}
