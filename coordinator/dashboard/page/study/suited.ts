import { html } from 'lit-html';
import { isRegression } from '../../../../shared/data/target.ts';
import type { Panel } from '../panel/panel.ts';
import type { OpenStudy } from './access.ts';
import { asSentence } from './sentence.ts';
import type { Study } from './study.ts';

/** Why a panel is of no use for a run; undefined if it is of use. */
export type WhyNot = (opened: OpenStudy) => string | undefined;

/** More classes than these are no use as rows of a picture. */
const CLASSES_MAX = 60;

/** `why` follows on the name of a target that is a number. */
const needsClassesBecause =
  (why: string): WhyNot =>
  ({ config: { dataset } }) =>
    isRegression(dataset) ? `${dataset.target.name} is a number, ${why}` : undefined;

export const needsClassesToTell = needsClassesBecause(
  'so no unit looks for a class. “Dead and saturated units” shows what the units do.',
);
export const needsClassesToCount = needsClassesBecause(
  'so no answer is just right or wrong, and this panel counts those that are right.',
);
const needsClassesToChoose = needsClassesBecause(
  'so there is one output. “What is studied” says how far it is off, and “Backward, one ' +
    'example” what each weight has to do with it.',
);
const needsClassesToDraw = needsClassesBecause('and this panel asks what a picture shows.');

export const needsFewClasses: WhyNot = (opened) => {
  const { classCount } = opened.plan;
  return (
    needsClassesToChoose(opened) ??
    (classCount > CLASSES_MAX
      ? `${classCount} classes are too many to show them all here: see “Hardest examples”.`
      : undefined)
  );
};

export const needsGrayImages: WhyNot = (opened) =>
  needsClassesToDraw(opened) ??
  (opened.kind === 'images' && opened.config.model.input.channels === 1
    ? undefined
    : 'This panel draws gray pictures, and this net takes others: “lockstep predict” takes them.');

/** The panel, or a sentence in its title why it is of no use for this run. */
export function suited(study: Study, panel: Panel, whyNot: WhyNot): Panel {
  const reason = () => {
    const { opened } = study.studies;
    return opened && whyNot(opened);
  };
  return {
    ...panel,
    title: (view, ui) => asSentence(reason() ?? panel.title(view, ui)),
    body: (view, ui) => (reason() === undefined ? panel.body(view, ui) : html``),
    get table() {
      return reason() === undefined ? panel.table : undefined;
    },
  };
}
