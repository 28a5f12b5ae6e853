import { expect, test } from 'vitest';
import { didYouMean } from '../../../../shared/cli/did-you-mean.ts';

const WORDS = ['sgd', 'momentum', 'adam', 'adamw', 'cosine', 'constant'];

test.for([
  ['adm', 'adam'],
  ['Adam', 'adam'],
  ['adamww', 'adamw'],
  ['sdg', 'sgd'],
  ['momentun', 'momentum'],
  ['constnat', 'constant'],
  ['cos', 'cosine'],
])('%s was meant to be %s', ([text, word]) => {
  expect(didYouMean(text, WORDS)).toBe(` Did you mean ${word}?`);
});

test.for(['', 'x', 'rmsprop', 'c'])('"%s" is near to no word', (text) => {
  expect(didYouMean(text, WORDS)).toBe('');
});
