import type { Lesson } from './lesson.ts';

export const stepLesson: Lesson = {
  name: 'step',
  title: 'One step of gradient descent',
  screens: [
    {
      text:
        'Look at one example. Its own class should have the output 1, and the others 0. The loss ' +
        'is one number that says how far the outputs are from that. Training makes it smaller. ' +
        'Here is an example that the net gets wrong. “Next wrong one” shows another.',
      panels: ['study', 'output'],
      isOfWrong: true,
      question: 'Two outputs should be 0. Which one do we want to decrease more: 0.80 or 0.21?',
      answers: [
        {
          text: '0.80',
          isRight: true,
          reply: 'Each output is nudged in proportion to how far it is from the desired one.',
        },
        { text: '0.21', reply: 'It is nearer to 0 already. So it matters less to the loss.' },
        { text: 'Both alike', reply: 'The one that is further away matters more to the loss.' },
      ],
    },
    {
      text:
        'To lower an output, three things can change: its bias, its weights, and the activations ' +
        'before it. A weight w that multiplies the activation a has the gradient ∂L/∂w = a · δ, ' +
        'where δ is the derivative of the loss by the sum z of the output.',
      panels: ['backward'],
      isOfWrong: true,
      question: 'Which weights into an output change most?',
      answers: [
        {
          text: 'Those from the most active units',
          isRight: true,
          reply: 'The nudge is in proportion to the activation a. From a unit at 0, it is 0.',
        },
        { text: 'The largest weights', reply: 'The size of w is not in a · δ.' },
        { text: 'All alike', reply: 'δ is the same for all of them, but a is not.' },
      ],
    },
    {
      text:
        'The activations before it cannot be set. But each of them is the work of earlier ' +
        'weights. A unit hears from every unit after it: Σ w·δ. That times its own slope f′(z) ' +
        'is its δ. So the error goes back, layer by layer: this is backpropagation.',
      panels: ['backward'],
      isOfWrong: true,
      question: 'The slope f′(z) of a unit is 0. What do the weights before it hear?',
      answers: [
        { text: 'The whole error', reply: 'The error is multiplied by the slope.' },
        {
          text: 'Nothing',
          isRight: true,
          reply: 'Its δ is 0, and so is the gradient of each weight into it.',
        },
        { text: 'The error of another unit', reply: 'Each weight leads into one unit.' },
      ],
    },
    {
      text:
        'The gradient points to where the loss grows fastest. A step goes the other way: ' +
        'w ← w − η · ∂L/∂w, for all weights at once. Answer the question of the panel, take ' +
        'one step on this example, and watch the arrows. Then try a larger η, and a smaller one.',
      panels: ['output'],
      isOfWrong: true,
      question: 'The step is good for this example. Is it good for the others?',
      answers: [
        { text: 'Always', reply: 'Another example may want the same weight to go the other way.' },
        { text: 'Never', reply: 'Examples have much in common, above all those of one class.' },
        {
          text: 'Not always',
          isRight: true,
          reply: 'So a step of training takes the mean gradient of many examples.',
        },
      ],
    },
    {
      text:
        'A step of this run averages the gradients of one batch, and each batch is another ' +
        'sample of the examples. So the training loss does not fall in every step, but it falls.',
      panels: ['curves'],
      question: 'Why not take the mean over all 55,000 examples in each step?',
      answers: [
        {
          text: 'A batch says nearly the same, hundreds of times sooner',
          isRight: true,
          reply: 'Hundreds of rough steps lead further than one exact step.',
        },
        { text: 'It would be wrong', reply: 'It would be exact, and slow.' },
        { text: 'It needs more weights', reply: 'The net stays the same.' },
      ],
    },
  ],
};
