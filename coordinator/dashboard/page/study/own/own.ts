import { html, nothing, render, type TemplateResult } from 'lit-html';
import type { ExampleStudy } from '../../../../../shared/study/example-study.ts';
import { formatLoss } from '../../format.ts';
import type { Panel } from '../../panel/panel.ts';
import { tableFrom } from '../../panel/table.ts';
import { whenSeen } from '../../panel/when-seen.ts';
import { classesOf } from '../access.ts';
import { confidenceText } from '../confidence-text.ts';
import type { Study } from '../study.ts';
import { answerTo } from './answer.ts';
import { OwnImage } from './own-image.ts';
import { inputText } from './own-text.ts';

/** An image that the user draws, drops or photographs, and what the net says to it. */
export const own = (study: Study): Panel => {
  const { studies } = study;
  const names = () => classesOf(studies);
  const answer = document.createElement('div');
  let image: OwnImage | undefined;

  /** Made when the size of the net's input is known. */
  function ownImage(): OwnImage | undefined {
    const shape = studies.opened?.plan.spec.input;
    if (shape)
      image ??= new OwnImage(shape, {
        examples: () => studies.examples('test'),
        ask: (argument) => studies.perform('own', argument),
        show: (found) => render(found ? answerTo(found, names()) : HINT, answer),
        redraw: () => study.choose({}),
      });
    return image;
  }

  return {
    id: 'draw',
    name: 'Your own image',
    isWide: true,
    title() {
      const found = image?.found;
      return found
        ? sentenceOf(found, image?.options.label, names(), study)
        : 'What does the net see in a picture of yours?';
    },
    body() {
      const own = ownImage();
      if (!own || studies.step === undefined) return study.waiting('example', study.chosen);
      // Its answer is of the parameters that are here.
      return html`<div
        class="own"
        ${whenSeen(() => own.keepUp(studies.step))}
        @dragover=${(event: DragEvent) => event.preventDefault()}
        @drop=${(event: DragEvent) => take(event, event.dataTransfer, own)}
        @paste=${(event: ClipboardEvent) => take(event, event.clipboardData, own)}
      >
        <div>${own.board.element}${tools(own)}</div>
        <div>
          ${own.preview}
          <p class="quiet">${inputText(own.input, studies.opened?.plan.spec.input)}</p>
          ${switches(own, names())}
        </div>
        ${answer}
      </div>`;
    },
    table() {
      const { outputs } = image?.found ?? { outputs: new Float32Array(0) };
      return tableFrom(
        [...outputs].map((value, i) => ({ value, name: names()[i] })),
        [
          ['class', ({ name }) => name],
          ['output', ({ value }) => value],
        ],
      );
    },
  };
};

const HINT = html`<p class="quiet">
  Draw with the mouse, a finger or a pen. Or drop, paste or choose a picture.
</p>`;

function sentenceOf(
  { prediction, outputs, loss }: ExampleStudy,
  label: number | undefined,
  names: readonly string[],
  study: Study,
): string {
  const confidence = confidenceText(outputs[prediction], study);
  const says = `The net takes it for ${names[prediction]}, ${confidence}.`;
  if (label === undefined) return says;
  return `${says} If it is ${names[label]}, the loss is ${formatLoss(loss)}.`;
}

function take(event: Event, data: DataTransfer | null, own: OwnImage): void {
  const [file] = data?.files ?? [];
  if (!file) return;
  event.preventDefault();
  void own.takeFile(file);
}

/** The class in the value of an option; undefined if none is said. */
const labelIn = (text: string): number | undefined => (text === '' ? undefined : Number(text));

function tools(own: OwnImage): TemplateResult {
  const { pen } = own.board;
  const choose = ({ target }: Event) => {
    const [file] = (target as HTMLInputElement).files ?? [];
    if (file) void own.takeFile(file);
  };
  const numberOf = ({ target }: Event) => Number((target as HTMLInputElement).value);
  return html`<div class="controls">
    <button @click=${() => own.board.clear()}>Clear</button>
    <label
      >Pen
      <select
        @change=${(event: Event) => {
          pen.gray = numberOf(event);
        }}
      >
        <option value="255">white</option>
        <option value="128">gray</option>
        <option value="0">black, erases</option>
      </select></label
    >
    <label
      >Width
      <input
        type="range"
        min="2"
        max="40"
        value=${100 * pen.width}
        @input=${(event: Event) => {
          pen.width = numberOf(event) / 100;
        }}
    /></label>
    <label class="file"
      >Picture <input type="file" accept="image/*" @change=${choose}
    /></label>
    <button ?disabled=${own.whyNoCamera !== undefined} @click=${() => void own.toggleCamera()}>
      ${own.isCameraOn ? 'Take this picture' : 'Camera'}
    </button>
    ${own.whyNoCamera === undefined ? nothing : html`<span class="quiet">${own.whyNoCamera}</span>`}
    ${own.problem === undefined ? nothing : html`<span class="warning">${own.problem}</span>`}
  </div>`;
}

function switches(own: OwnImage, names: readonly string[]): TemplateResult {
  const { options } = own;
  const chosenIn = ({ target }: Event) => (target as HTMLSelectElement).value;
  const choice = (value: string, text: string, chosen: unknown) =>
    html`<option value=${value} ?selected=${String(chosen) === value}>${text}</option>`;
  return html`<div class="controls">
    <label
      ><input
        type="checkbox"
        .checked=${options.isFramed}
        @change=${() => own.set({ isFramed: !options.isFramed })}
      />
      Place it as in the dataset</label
    >
    <label
      >Invert
      <select @change=${(event: Event) => own.set({ invert: chosenIn(event) as 'auto' })}>
        ${choice('auto', 'if light', options.invert)} ${choice('yes', 'yes', options.invert)}
        ${choice('no', 'no', options.invert)}
      </select></label
    >
    <label
      >It is
      <select
        @change=${(event: Event) => own.set({ label: labelIn(chosenIn(event)) })}
      >
        ${choice('', 'not said', options.label ?? '')}
        ${names.map((name, i) => choice(String(i), name, options.label))}
      </select></label
    >
  </div>`;
}
