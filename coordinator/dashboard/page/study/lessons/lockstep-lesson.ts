import type { Lesson } from './lesson.ts';

export const lockstepLesson: Lesson = {
  name: 'lockstep',
  title: 'Why four workers learn what one learns',
  isOfCluster: true,
  screens: [
    {
      text:
        'The gradient of a batch is the sum of the gradients of its examples. So the batch can ' +
        'be split: each worker adds up its part, and the coordinator adds the parts.',
      panels: ['tree', 'shares'],
      question: 'A batch has 128 examples. Four workers are alike. What does each one compute?',
      answers: [
        { text: '128 gradients', reply: 'Then nothing would be gained.' },
        {
          text: 'The sum of 32 gradients',
          isRight: true,
          reply: 'And the four sums together are the sum of all 128.',
        },
        { text: 'A quarter of the weights', reply: 'Each worker has all weights.' },
      ],
    },
    {
      text:
        'Computers round after each addition. So (a + b) + c and a + (b + c) may differ in their ' +
        'last digit. Lockstep fixes the order once, as a tree over small parts of the batch.',
      panels: ['tree'],
      question: 'What if sums were added in the order in which they arrive?',
      answers: [
        {
          text: 'Each run would end a little differently',
          isRight: true,
          reply: 'The last digits differ at first. After thousands of steps, all digits do.',
        },
        { text: 'Nothing', reply: 'Only if nothing were rounded.' },
        { text: 'It would not learn', reply: 'It would learn, but not the same twice.' },
      ],
    },
    {
      text:
        'Kill a worker. Its part is computed by another one, and the step goes on. The chain of ' +
        'fingerprints shows that no bit of the parameters changes.',
      panels: ['disturb', 'incidents'],
      question: 'Why may another worker compute the part of the lost one?',
      answers: [
        {
          text: 'The same examples and weights give the same bits anywhere',
          isRight: true,
          reply: 'The result is defined by the configuration, and not by who computes.',
        },
        { text: 'The lost worker has sent half of it', reply: 'Its part is computed anew.' },
        { text: 'The part is left out', reply: 'Then the sum would be another one.' },
      ],
    },
    {
      text:
        'At the end, the parameters have a hash. Train the same on one process, with ' +
        '--workers 0: the hash is equal, to the last bit.',
      panels: ['proof', 'speedup'],
      question: 'Eight workers instead of four: what is different at the end?',
      answers: [
        { text: 'The model', reply: 'The number of workers is no part of its definition.' },
        { text: 'The time', isRight: true, reply: 'Only that. The model is the same.' },
        { text: 'The test accuracy', reply: 'The same parameters give the same accuracy.' },
      ],
    },
  ],
};
