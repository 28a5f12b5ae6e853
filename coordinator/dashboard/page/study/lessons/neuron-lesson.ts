import type { Lesson } from './lesson.ts';

export const neuronLesson: Lesson = {
  name: 'neuron',
  title: 'What a neuron is',
  screens: [
    {
      text:
        'A neuron holds a number, its activation. The first neurons hold the picture: one per ' +
        'pixel, 0 for black and 1 for white. The last ones hold the answer: one per class.',
      panels: ['study', 'backward'],
      question: 'A picture has 28 × 28 pixels. How many input neurons does the net have?',
      answers: [
        { text: '28', reply: 'That is one row of pixels. Each pixel has a neuron of its own.' },
        { text: '784', isRight: true, reply: '28 × 28 = 784: a neuron per pixel.' },
        { text: '10', reply: 'There are 10 outputs, one per class. The inputs are the pixels.' },
      ],
    },
    {
      text:
        'A neuron between them adds up all activations before it, each times a weight, and adds ' +
        'its bias: z = Σ w·a + b. Its own activation is f(z). Here f is the sigmoid, which ' +
        'squeezes any number into the range from 0 to 1. Click a unit of the hidden layer to ' +
        'see its sum.',
      panels: ['backward'],
      question: 'The sum z of a neuron is 0. What is its activation with the sigmoid?',
      answers: [
        { text: '0', reply: 'The sigmoid of 0 is in the middle of its range.' },
        { text: '0.5', isRight: true, reply: '1 / (1 + e⁰) = 1 / 2.' },
        { text: '1', reply: 'The sigmoid comes close to 1 only for large sums.' },
      ],
    },
    {
      text:
        'A neuron of the first hidden layer has a weight for each pixel. So its weights are a ' +
        'picture, too: blue where a bright pixel raises its sum, orange where one lowers it.',
      panels: ['features'],
      question: 'Its weights are blue in the middle and orange around it. When is it active?',
      answers: [
        {
          text: 'For a bright middle on a dark ground',
          isRight: true,
          reply: 'The middle raises the sum, and nothing around it lowers the sum.',
        },
        { text: 'For any bright picture', reply: 'The bright surroundings would lower its sum.' },
        { text: 'For a dark picture', reply: 'Then all products are 0. Only its bias is left.' },
      ],
    },
    {
      text:
        'Each output adds up the hidden activations in the same way. The class of the largest ' +
        'output is the answer of the net. Nobody has told the hidden neurons what to look for: ' +
        'training has found their weights.',
      panels: ['output', 'features'],
      question: 'How many numbers does training have to find?',
      answers: [
        {
          text: 'All weights and biases',
          isRight: true,
          reply: 'The net is these numbers and nothing else. The page says how many there are.',
        },
        { text: 'One per neuron', reply: 'That would be the biases alone.' },
        { text: 'One per picture', reply: 'The pictures do not become a part of the net.' },
      ],
    },
  ],
};
