import { html } from 'lit-html';
import { isRegression } from '../../../../shared/data/target.ts';
import type { Panel } from '../panel/panel.ts';
import { unbroken } from '../unbroken.ts';
import type { OpenStudy } from './access.ts';
import type { Study } from './study.ts';

/** Why a panel is of no use for a run; undefined if it is of use. */
export type WhyNot = (opened: OpenStudy) => string | undefined;

/** More classes than these are no use as rows of a picture. */
const CLASSES_MAX = 60;

export const needsClasses: WhyNot = ({ config: { dataset } }) =>
  isRegression(dataset)
    ? `This panel is about classes, and ${dataset.target.name} is a number.`
    : undefined;

export const needsFewClasses: WhyNot = (opened) => {
  const { classCount } = opened.plan;
  return (
    needsClasses(opened) ??
    (classCount > CLASSES_MAX
      ? `${classCount} classes are too many to show them all here: see “Hardest examples”.`
      : undefined)
  );
};

export const needsGrayImages: WhyNot = (opened) =>
  needsClasses(opened) ??
  (opened.kind === 'images' && opened.config.model.input.channels === 1
    ? undefined
    : 'This panel draws gray pictures, and this net takes others: “lockstep predict” takes them.');

/** The panel, or a sentence why it is of no use for this run. */
export function suited(study: Study, panel: Panel, whyNot: WhyNot): Panel {
  const reason = () => {
    const { opened } = study.studies;
    return opened && whyNot(opened);
  };
  const { table } = panel;
  return {
    ...panel,
    title: (view, ui) => (reason() === undefined ? panel.title(view, ui) : panel.name),
    body: (view, ui) => {
      const sentence = reason();
      return sentence === undefined
        ? panel.body(view, ui)
        : html`<p class="quiet">${unbroken(sentence)}</p>`;
    },
    ...(table && {
      table: (view, ui) => (reason() === undefined ? table(view, ui) : { columns: [], rows: [] }),
    }),
  };
}
