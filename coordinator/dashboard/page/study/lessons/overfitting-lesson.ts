import type { Lesson } from './lesson.ts';

export const overfittingLesson: Lesson = {
  name: 'overfitting',
  title: 'Overfitting, and when to stop',
  screens: [
    {
      text:
        'The training loss falls as long as the run goes on. The validation examples are held ' +
        'out: no step learns from them. Their loss tells what the net does with pictures that ' +
        'it has never seen.',
      panels: ['curves'],
      question: 'The training loss falls, and the validation loss rises. What happens?',
      answers: [
        { text: 'The net learns well', reply: 'Not what matters: pictures that it has not seen.' },
        {
          text: 'The net learns its examples by heart',
          isRight: true,
          reply: 'It fits what is special to them. That is overfitting.',
        },
        { text: 'The learning rate is too low', reply: 'Then both would fall, slowly.' },
      ],
    },
    {
      text:
        'Find the turning point: the epoch with the lowest validation loss. The sentence above ' +
        'the curves names it, and says how far both losses have parted since. If it names none ' +
        'yet, give the run a few more epochs.',
      panels: ['curves'],
      question: 'Which epoch’s weights would you keep?',
      answers: [
        { text: 'The last one’s', reply: 'Its training loss is best, but not its validation.' },
        {
          text: 'That of the lowest validation loss',
          isRight: true,
          reply: 'With --early-stopping 3, a run stops after it and keeps it.',
        },
        { text: 'That of the best test accuracy', reply: 'Then nothing is left to test with.' },
      ],
    },
    {
      text:
        'An overfitted net is too sure of itself. Look at its hardest examples: wrong, and ' +
        'with a probability near 1.',
      panels: ['hardest', 'confusion'],
      question: 'The validation accuracy hardly falls. Why does the validation loss rise?',
      answers: [
        {
          text: 'The same errors are made with more confidence',
          isRight: true,
          reply: 'The loss is −log of the probability of the right class: it has no upper bound.',
        },
        { text: 'The validation set has changed', reply: 'It stays the same for the whole run.' },
        { text: 'Accuracy is measured elsewhere', reply: 'Both are of the same examples.' },
      ],
    },
    {
      text:
        'What helps: more examples, or altered ones (--augment flip). Fewer weights. Dropout and ' +
        '--weight-decay, which make it hard to learn by heart. --label-smoothing, which ' +
        'does not ask for probabilities of 1. And stopping in time.',
      panels: ['curves'],
      question: 'You choose among these by trying them. Which set decides?',
      answers: [
        { text: 'Training', reply: 'Each of them makes the training loss worse.' },
        { text: 'Validation', isRight: true, reply: 'The test set is for the end, once.' },
        { text: 'Test', reply: 'A choice by the test set makes its result too good.' },
      ],
    },
  ],
};
