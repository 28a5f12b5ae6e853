import { describe, expect, test } from 'vitest';
import {
  emptyView,
  type RunStatus,
  type RunView,
} from '../../../../../../coordinator/dashboard/model/run-view.ts';
import {
  type CurveOptions,
  curveModel,
} from '../../../../../../coordinator/dashboard/page/learning/curve-model.ts';
import {
  curveNotes,
  learningSentence,
  marksSentence,
} from '../../../../../../coordinator/dashboard/page/learning/curve-sentences.ts';
import type { EpochRecord } from '../../../../../../coordinator/training/progress.ts';
import { toyEpoch, toyFacts, toyView } from '../../../../../support/toy-curves.ts';

const status = (more: Partial<RunStatus> = {}) =>
  ({ state: 'training', step: 50, trainLoss: 0.25, end: null, ...more }) as RunStatus;
const options: CurveOptions = {
  xAxis: 'step',
  isLogX: false,
  isLogY: false,
  earlierRuns: [],
  shownRuns: new Set(),
};

describe('the title of the curves', () => {
  const titleOf = (epochs: EpochRecord[], more: Partial<RunStatus> = {}, facts = toyFacts) =>
    learningSentence({ ...emptyView(), status: status(more), facts, epochs });

  test('says that nothing is done yet', () => {
    expect(learningSentence(emptyView())).toBe('No step is done yet.');
    expect(titleOf([], { step: 0 })).toBe('No step is done yet.');
  });

  test('has the training loss before the first epoch, and without held-out examples', () => {
    expect(titleOf([])).toBe('The recent training loss is 0.2500 after 50 steps.');
    expect(titleOf([], { step: 1 })).toBe('The recent training loss is 0.2500 after 1 step.');
    const facts = { ...toyFacts, validationExamples: 0 };
    expect(titleOf([toyEpoch(1, 0.3, null)], {}, facts)).toBe(
      'The recent training loss is 0.2500 after 50 steps, and no examples are held out.',
    );
  });

  test('says that the validation loss falls, or for how long it has not', () => {
    const epochs = [toyEpoch(1, 0.9, 0.8), toyEpoch(2, 0.7, 0.6), toyEpoch(3, 0.6, 0.65)];
    expect(titleOf(epochs.slice(0, 1))).toBe(
      'The validation loss is 0.8000 after the first epoch.',
    );
    expect(titleOf(epochs.slice(0, 2))).toBe(
      'The validation loss is still falling: 0.6000 after epoch 2.',
    );
    const end = { message: '' } as RunStatus['end'];
    expect(titleOf(epochs.slice(0, 2), { state: 'done', end })).toBe(
      'The validation loss fell to the end: 0.6000 after epoch 2.',
    );
    expect(titleOf(epochs)).toBe(
      'The validation loss has not improved for 1 epoch: 0.6000 after epoch 2 is the best.',
    );
  });

  test('says since when the model overfits', () => {
    const losses = [0.6, 0.65, 0.68, 0.7];
    const epochs = losses.map((loss, i) => toyEpoch(i + 1, 0.7 - i / 10, loss));
    expect(titleOf(epochs)).toBe(
      'The model overfits since epoch 1: validation loss rose from 0.6000 to 0.7000, while ' +
        'training loss fell from 0.7000 to 0.4000.',
    );
  });

  test('says why a run has failed', () => {
    const end = { message: 'training diverged: the loss of step 3 is NaN. Lower --lr (9).' };
    expect(titleOf([], { state: 'failed', end: end as RunStatus['end'] })).toBe(
      'Training diverged: the loss of step 3 is NaN. Lower --lr (9).',
    );
  });
});

describe('the notes of the curves', () => {
  const losses = Array.from({ length: 100 }, (_, i) => (i < 2 ? 5 : 1 - i / 1000));
  const epochs = [toyEpoch(1, 0.9, 0.8), toyEpoch(2, 0.7, 0.6)];
  function notesOf(more: Partial<RunView>, of = losses, chosen = options): string[] {
    const view = toyView(of, { status: status({ step: of.length }), ...more });
    const model = curveModel(view, chosen);
    return model ? curveNotes(view, model, chosen) : [];
  }

  test('say when early stopping ends the run', () => {
    const facts = { ...toyFacts, earlyStopping: 3 };
    expect(notesOf({ facts, epochs })[0]).toBe(
      'Epoch 2 has the lowest validation loss. ' +
        'Early stopping ends the run after epoch 5, unless one is better.',
    );
    expect(notesOf({ epochs })[0]).toBe('Epoch 2 has the lowest validation loss.');
  });

  test('say which losses are outside a linear axis', () => {
    const outside = 'The losses of single steps go from 0.90 to 5.0: log loss shows them all.';
    expect(notesOf({})).toContain(outside);
    expect(notesOf({}, losses, { ...options, isLogY: true })).not.toContain(outside);
    expect(notesOf({}, losses.slice(2)).join()).not.toContain('single steps');
  });

  test('say over how many steps the training line is smoothed', () => {
    expect(notesOf({})).toContain('The strong training lines are means over about 3 steps.');
    expect(notesOf({}, [1, 2, 3]).join()).not.toContain('means over');
  });

  test('say that the seconds of other runs are others', () => {
    const chosen = { ...options, xAxis: 'seconds', shownRuns: new Set(['a']) } as const;
    expect(notesOf({}, losses, chosen)).toContain(
      'The seconds of the other runs include their evaluations.',
    );
  });
});

describe('the sentence of the marks', () => {
  const incident = (id: number, step: number, kind: string, count = 1) => ({
    ...{ id, revision: id, time: 0, step, kind, message: `${kind} ${id}`, count },
    ...{ firstTime: 0, firstStep: step },
  });
  const incidents = [
    incident(0, 0, 'joined'),
    incident(1, 40, 'late', 3),
    incident(2, 40, 'lost'),
    incident(3, 90, 'late'),
  ];
  const losses = Array.from({ length: 100 }, () => 1);
  const sentenceAt = (x: number | undefined, more: Partial<RunView> = { incidents }) => {
    const model = curveModel(toyView(losses, more), options);
    return model && marksSentence(model, x);
  };

  test('counts them, and tells of those near the crosshair', () => {
    expect(sentenceAt(undefined)).toBe('1 joined · 1 lost · 4 late');
    expect(sentenceAt(90.5)).toBe('step 90: late 3');
    expect(sentenceAt(40)).toBe('step 40: late 1 (and 1 more)');
    expect(sentenceAt(60)).toBe('nothing happened here');
  });

  test('is empty if nothing has happened', () => {
    expect(sentenceAt(undefined, {})).toBe('');
    expect(sentenceAt(60, {})).toBe('');
  });
});
