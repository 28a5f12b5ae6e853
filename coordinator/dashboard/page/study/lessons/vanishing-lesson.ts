import type { Lesson } from './lesson.ts';

export const vanishingLesson: Lesson = {
  name: 'vanishing',
  title: 'Vanishing gradients and dead units',
  screens: [
    {
      text:
        'This net has six hidden layers of sigmoids. On its way back, the error is multiplied ' +
        'in each layer by weights, and by the slope of the sigmoid. That slope is at most ¼.',
      panels: ['backward', 'fresh-net'],
      question: 'By the slopes alone, how much of an error is left after six layers, at best?',
      answers: [
        { text: 'A quarter', reply: 'That is one layer. The next one takes a quarter of that.' },
        { text: 'A sixth', reply: 'Slopes are multiplied, not added.' },
        {
          text: '1 / 4,096',
          isRight: true,
          reply: '¼ · ¼ · ¼ · ¼ · ¼ · ¼. The weights would have to make up for it.',
        },
      ],
    },
    {
      text:
        'Compare the gradients of the layers, the last one on top. The scale is logarithmic: ' +
        'equal distances are equal factors. From 0.01 to 1 is a factor of 100.',
      panels: ['gradient-flow'],
      question: 'Which layers learn slowest?',
      answers: [
        {
          text: 'The first ones',
          isRight: true,
          reply: 'The error has the longest way to them. And all later layers build on them.',
        },
        { text: 'The last ones', reply: 'They are next to the loss, and hear the whole error.' },
        { text: 'All alike', reply: 'Look at the points: they differ by powers of ten.' },
      ],
    },
    {
      text:
        'ReLU is max(0, z). Its slope is 1 where it is active. So an error passes through it as ' +
        'it is. “Sigmoid beside ReLU” has both nets side by side, from the same start.',
      panels: ['fresh-net'],
      question: 'What is the slope of ReLU where it is not active?',
      answers: [
        { text: '1', reply: 'Left of 0, ReLU is flat.' },
        { text: '0', isRight: true, reply: 'So nothing gets through a unit that is off.' },
        { text: '−1', reply: 'ReLU never falls.' },
      ],
    },
    {
      text:
        'A unit that is off for one example learns from others. A unit that is off for all of ' +
        'them is dead: its gradient is always 0. A learning rate that is too high can do that ' +
        'in one step. Sigmoids do not die. But far from 0 they saturate: their slope is nearly ' +
        '0, and so is the gradient.',
      panels: ['units'],
      question: 'Can a dead unit come back?',
      answers: [
        {
          text: 'Only if the layers before it change',
          isRight: true,
          reply: 'Its own weights get no gradient. Its inputs may still change.',
        },
        { text: 'Yes, its next gradient revives it', reply: 'Its gradient is 0 for each example.' },
        { text: 'Yes, after an epoch', reply: 'Nothing changes its weights by then.' },
      ],
    },
    {
      text:
        'The first weights matter, too. If they are too small, activations and gradients shrink ' +
        'from layer to layer; if too large, sigmoids saturate. Glorot chooses them so that both ' +
        'keep their size. He does the same for ReLU, where half of the units are off. Choose ' +
        'weights that are too small or too large, and see.',
      panels: ['fresh-net'],
      question: 'A unit has four times as many inputs. What happens to its first weights?',
      answers: [
        { text: 'They stay the same', reply: 'Then its sum would have twice the spread.' },
        {
          text: 'They are half as large',
          isRight: true,
          reply: 'The spread of a sum grows with the square root of the number of its terms.',
        },
        { text: 'They are four times as large', reply: 'Then its sum would be far too large.' },
      ],
    },
  ],
};
