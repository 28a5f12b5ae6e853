import { html, nothing, type TemplateResult } from 'lit-html';
import type { ExampleSet } from '../../../../../shared/data/dataset.ts';
import { classNamesOf } from '../../../../../shared/data/target.ts';
import type { PlannedLayer } from '../../../../../shared/engine/layers/layer-plan.ts';
import {
  type StrongestExamples,
  weightLayers,
} from '../../../../../shared/study/strongest-examples.ts';
import { strokeRect } from '../../drawing/brush.ts';
import { drawing } from '../../drawing/canvas.ts';
import { formatCount } from '../../format.ts';
import type { Panel } from '../../panel/panel.ts';
import { type Picture, pointedPart, showPicture } from '../../panel/picture.ts';
import { tableFrom } from '../../panel/table.ts';
import { whenSeen } from '../../panel/when-seen.ts';
import type { OpenStudy } from '../access.ts';
import { drawSharp, exampleImage } from '../image.ts';
import type { Study } from '../study.ts';
import { looksFor } from '../units/unit-sentence.ts';
import { featureControls } from './feature-controls.ts';
import { FeatureImages } from './feature-images.ts';
import { tileAt, tileBeside, tileLayout, tilePlace, tilesHeight } from './tiles.ts';
import { unitNorms, weightShape } from './unit-weights.ts';

/** So many units are shown, those with the largest weights. */
const TILES_MAX = 256;

/** What is shown of a layer. */
interface Shown {
  readonly opened: OpenStudy;
  readonly layer: PlannedLayer;
  readonly parameters: Float32Array;
  readonly norms: Float64Array;
  /** The units, those with the largest norm first. */
  readonly order: readonly number[];
  /** One of them. */
  readonly unit: number;
}

/** What the units of a layer look for. */
export const features = (study: Study): Panel => {
  const images = new FeatureImages(study);
  const layerOf = ({ plan }: OpenStudy): PlannedLayer => {
    const layers = weightLayers(plan);
    return layers.find(({ name }) => name === study.chosen.layer) ?? layers[0];
  };
  const argument = (opened: OpenStudy) => ({ set: 'test', layer: layerOf(opened).name }) as const;
  const strongest = ({ opened }: Shown) =>
    study.studies.result('strongest', argument(opened))?.value;
  const look = () => {
    const { opened } = study.studies;
    if (opened) study.studies.want('strongest', argument(opened), 'test');
  };
  const shown = (): Shown | undefined => {
    const { opened, parameters } = study.studies;
    if (!opened || !parameters) return undefined;
    const layer = layerOf(opened);
    const norms = unitNorms(layer, parameters);
    const order = [...norms.keys()].sort((a, b) => norms[b] - norms[a]);
    const unit = study.chosen.unit ?? order[0];
    return { opened, layer, parameters, norms, order, unit: unit < order.length ? unit : order[0] };
  };
  return {
    id: 'features',
    name: 'What layers see',
    isWide: true,
    title() {
      const now = shown();
      const found = now && strongest(now);
      if (!now || !found) return 'What does each unit look for?';
      return sentenceOf(study, now, found).sentence;
    },
    body() {
      const now = shown();
      return html`<div ${whenSeen(look)}>
        ${now ? show(study, images, now, strongest(now)) : study.waiting('strongest', NO_LAYER)}
      </div>`;
    },
    table() {
      const now = shown();
      const found = now && strongest(now);
      return tableFrom(now?.order ?? [], [
        ['unit', (unit) => unit],
        ['norm of its weights', (unit) => now?.norms[unit] ?? null, short],
        ['largest output', (unit) => found?.values[unit * found.perUnit] ?? null, short],
        [
          'looks for',
          (unit) => (now && found ? sentenceOf(study, { ...now, unit }, found).sentence : null),
        ],
      ]);
    },
  };
};

const NO_PLACE =
  'The inputs of this layer have no place in an image. So each unit is shown by its strongest ' +
  'example.';
const NO_LAYER = { set: 'test', layer: '' } as const;
const short = (value: number): string => String(Number(value.toPrecision(4)));

function sentenceOf(study: Study, { opened, layer, unit }: Shown, found: StrongestExamples) {
  const labels = study.studies.examples('test')?.labels ?? new Float32Array();
  return looksFor(found, unit, labels, classNamesOf(opened.config.dataset), layer.name);
}

function show(
  study: Study,
  images: FeatureImages,
  now: Shown,
  found: StrongestExamples | undefined,
): TemplateResult {
  const set = study.studies.examples('test');
  const picture = tilesOf(images, now, found, set);
  const choosePointed = () => {
    const unit = pointedPart(picture, study.ui);
    if (unit !== undefined) study.choose({ unit });
  };
  const withKeys: Picture<number> = {
    ...picture,
    useKey(key, unit) {
      if (key !== 'Enter' || unit === undefined) return false;
      study.choose({ unit });
      return true;
    },
  };
  const hidden = now.order.length - TILES_MAX;
  return html`${featureControls(study, weightLayers(now.opened.plan), now.layer, now.unit)}
    <div class="tiles" @click=${choosePointed}>${showPicture(withKeys, study.ui)}</div>
    ${
      hidden > 0
        ? html`<p class="source">
            ${formatCount(hidden)} units with smaller weights are in the table.
          </p>`
        : nothing
    }
    ${
      found && set
        ? details(study, images, now, found, set)
        : study.waiting('strongest', { set: 'test', layer: now.layer.name })
    }`;
}

/** The units' pictures. Its parts are units. */
function tilesOf(
  images: FeatureImages,
  { opened, layer, parameters, norms, order, unit: chosen }: Shown,
  found: StrongestExamples | undefined,
  set: ExampleSet | undefined,
): Picture<number> {
  const { plan } = opened;
  const units = order.slice(0, TILES_MAX);
  const weights = weightShape(plan, layer.name);
  const shape = weights ?? plan.spec.input;
  const layoutIn = (width: number) => tileLayout(units.length, shape, width);
  const imageOf = (unit: number) => {
    if (weights) return images.ofWeights(layer, parameters, unit, weights);
    return found && set ? exampleOf(opened, set, found.indices[unit * found.perUnit]) : undefined;
  };
  return {
    id: 'features',
    label: `The ${layer.output.channels} units of ${layer.name}, the longest weights first.`,
    height: tilesHeight(layoutIn(contentWidth())),
    keyOf: String,
    find: (key) => (units.includes(Number(key)) ? Number(key) : undefined),
    at: (x, y, width) => units[tileAt(layoutIn(width), x, y) ?? -1],
    beside(unit, arrow, width) {
      const tile = unit === undefined ? undefined : units.indexOf(unit);
      return units[tileBeside(layoutIn(width), tile, arrow) ?? -1];
    },
    draw(context, width, pointed) {
      const layout = layoutIn(width);
      for (const [tile, unit] of units.entries()) {
        const [x, y, w, h] = tilePlace(layout, tile);
        const image = imageOf(unit);
        if (image) drawSharp(context, image, [x, y, w, h]);
        const isMarked = unit === chosen || unit === pointed;
        const color = unit === chosen ? '--ink' : isMarked ? '--accent' : '--line';
        const edge = { x: x - 1, y: y - 1, width: w + 2, height: h + 2 };
        strokeRect(context, color, edge, isMarked ? 2 : 1);
      }
    },
    storyOf: (unit) =>
      `Unit ${unit}: its weights have the norm ${norms[unit].toPrecision(3)}, which is number ` +
      `${order.indexOf(unit) + 1} of ${order.length}. Click, or press Enter, to see what it ` +
      'looks for.',
  };
}

/** The room of the pictures, in CSS pixels. */
const contentWidth = (): number =>
  document.querySelector('#features')?.clientWidth ?? innerWidth - 48;

function exampleOf({ plan }: OpenStudy, set: ExampleSet, index: number): ImageData {
  const { inputCount, spec } = plan;
  const inputs = set.inputs.subarray(index * inputCount, (index + 1) * inputCount);
  return exampleImage(inputs, spec.input);
}

function details(
  study: Study,
  images: FeatureImages,
  now: Shown,
  found: StrongestExamples,
  set: ExampleSet,
): TemplateResult {
  const { opened, layer, parameters, unit } = now;
  const weights = weightShape(opened.plan, layer.name);
  const names = classNamesOf(opened.config.dataset);
  const from = unit * found.perUnit;
  const best = [...found.indices.subarray(from, from + found.perUnit)];
  return html`<p>${sentenceOf(study, now, found).detail}</p>
    <ul class="unit-pictures">
      ${
        weights
          ? html`<li>
              ${picture(images.ofWeights(layer, parameters, unit, weights))}
              <span>${study.chosen.difference ? 'change of its weights' : 'its weights'}</span>
            </li>`
          : nothing
      }
      ${best.map(
        (index, i) => html`<li>
          ${picture(exampleOf(opened, set, index))}
          <span>${names[set.labels[index]]}</span>
          <span>${found.values[from + i].toPrecision(3)}</span>
        </li>`,
      )}
    </ul>
    <p class="source">
      Blue weights are positive, orange ones negative; all pictures of a layer have one scale. The
      outputs are those of ${found.name}, over the first ${formatCount(set.count)} test examples.
      ${weights ? '' : NO_PLACE}
    </p>`;
}

const picture = (image: ImageData): TemplateResult => {
  const { width, height } = image;
  const scale = 84 / Math.max(width, height);
  return html`<canvas
    aria-hidden="true"
    .style=${`width: ${width * scale}px; height: ${height * scale}px`}
    ${drawing((context, w, h) => drawSharp(context, image, [0, 0, w, h]))}
  ></canvas>`;
};
