import type { ExampleSet } from '../../../../../shared/data/dataset.ts';
import type { Shape } from '../../../../../shared/engine/layers/layer-plan.ts';
import type { ExampleStudy } from '../../../../../shared/study/example-study.ts';
import { grayImage } from '../image.ts';
import { Board } from './board.ts';
import { type Camera, startCamera, whyNoCamera } from './camera.ts';
import { type Framing, framingOf, inverted, isLight, netInput, onBlack } from './net-input.ts';
import { newestOnly } from './newest.ts';
import type { InputSteps } from './own-text.ts';

export interface OwnOptions {
  readonly isFramed: boolean;
  readonly invert: 'auto' | 'yes' | 'no';
  /** The class that the user says it is. */
  readonly label: number | undefined;
}

/** What an image of the user needs of the page. */
export interface OwnSurroundings {
  /** Examples that show how things lie in images; undefined while they are not here. */
  examples(): ExampleSet | undefined;
  ask(argument: { inputs: Uint8Array; label: number | undefined }): Promise<ExampleStudy>;
  /** Shows an answer, without drawing the whole page. */
  show(found: ExampleStudy | undefined): void;
  /** Draws the whole page. */
  redraw(): void;
}

/** The image of the user, and the newest answer of the net to it. */
export class OwnImage {
  readonly board: Board;
  /** The image as the net gets it. */
  readonly preview: HTMLCanvasElement;
  readonly #shape: Shape;
  readonly #around: OwnSurroundings;
  readonly #ask = newestOnly((pixels: Uint8Array) => this.#answer(pixels));
  #options: OwnOptions = { isFramed: true, invert: 'auto', label: undefined };
  #framing: Framing | undefined;
  #camera: Camera | undefined;
  #isStarting = false;
  #input: InputSteps | undefined;
  #found: ExampleStudy | undefined;
  #problem: string | undefined;
  #askedStep: number | undefined;

  constructor(shape: Shape, around: OwnSurroundings) {
    this.#shape = shape;
    this.#around = around;
    this.preview = createPreview(shape);
    this.board = new Board(shape, () => this.#look());
    this.#showPreview(new Uint8Array(shape.width * shape.height));
    around.show(undefined);
  }

  get options(): OwnOptions {
    return this.#options;
  }

  /** How the net's input came about; undefined while there is none. */
  get input(): InputSteps | undefined {
    return this.#input;
  }

  /** The newest answer; undefined while there is none. */
  get found(): ExampleStudy | undefined {
    return this.#found;
  }

  get problem(): string | undefined {
    return this.#problem;
  }

  get isCameraOn(): boolean {
    return this.#camera !== undefined;
  }

  get whyNoCamera(): string | undefined {
    return whyNoCamera();
  }

  set(part: Partial<OwnOptions>): void {
    this.#options = { ...this.#options, ...part };
    this.#look();
  }

  async takeFile(file: File): Promise<void> {
    try {
      const picture = await createImageBitmap(file);
      this.board.put(picture, picture.width, picture.height);
      picture.close();
      this.#problem = undefined;
    } catch {
      this.#fail(`“${file.name}” is no picture that this browser can read: use a PNG or a JPEG.`);
    }
  }

  /** Turns the camera on, or takes its picture. */
  async toggleCamera(): Promise<void> {
    if (this.#isStarting) return;
    this.#isStarting = true;
    const show = (video: HTMLVideoElement) => {
      const { videoWidth, videoHeight } = video;
      if (videoWidth > 0 && videoHeight > 0) this.board.put(video, videoWidth, videoHeight);
    };
    try {
      this.#camera?.stop();
      this.#camera = this.#camera ? undefined : await startCamera(show);
      this.#fail(undefined);
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : String(error));
    }
    this.#isStarting = false;
  }

  /** Asks again if the parameters after this step have not been asked. */
  keepUp(step: number | undefined): void {
    if (step === this.#askedStep || this.board.isEmpty || this.board.isBusy) return;
    this.#askedStep = step;
    this.#look();
  }

  /** Makes the net's input from the board, and asks the net. */
  #look(): void {
    if (this.board.isEmpty) {
      this.#input = undefined;
      this.#showPreview(new Uint8Array(this.#shape.width * this.#shape.height));
      this.#tell(undefined);
      return;
    }
    const { isFramed, invert } = this.#options;
    const image = this.board.image();
    const isInverted = invert === 'auto' ? isLight(image) : invert === 'yes';
    const upright = isInverted ? inverted(image) : image;
    const gray = isFramed
      ? netInput(onBlack(upright), this.#shape, this.#framingNow())
      : netInput(upright, this.#shape, undefined);
    this.#input = { isInverted, isAuto: invert === 'auto', isFramed };
    this.#showPreview(gray);
    this.#ask(spread(gray, this.#shape));
  }

  #framingNow(): Framing | undefined {
    const examples = this.#around.examples();
    if (examples) this.#framing ??= framingOf(examples, this.#shape);
    return this.#framing;
  }

  async #answer(pixels: Uint8Array): Promise<void> {
    try {
      const found = await this.#around.ask({ inputs: pixels, label: this.#options.label });
      this.#problem = undefined;
      this.#tell(this.board.isEmpty ? undefined : found);
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : String(error));
    }
  }

  #tell(found: ExampleStudy | undefined): void {
    this.#found = found;
    this.#around.show(found);
    // While a line is drawn, only the answer follows it.
    if (!this.board.isBusy) this.#around.redraw();
  }

  #fail(problem: string | undefined): void {
    this.#problem = problem;
    this.#around.redraw();
  }

  #showPreview(gray: Uint8Array): void {
    const { width, height } = this.#shape;
    const context = this.preview.getContext('2d', { willReadFrequently: true });
    context?.putImageData(grayImage(gray, { width, height }), 0, 0);
  }
}

/** Gives each channel of the net's input the same values. */
const spread = (gray: Uint8Array, { channels }: Shape): Uint8Array =>
  channels === 1
    ? gray
    : new Uint8Array(gray.length * channels).map((_, i) => gray[Math.floor(i / channels)]);

function createPreview({ width, height }: Shape): HTMLCanvasElement {
  const preview = document.createElement('canvas');
  preview.className = 'preview';
  preview.setAttribute('role', 'img');
  preview.setAttribute('aria-label', 'Your image as the net gets it');
  Object.assign(preview, { width, height });
  return preview;
}
