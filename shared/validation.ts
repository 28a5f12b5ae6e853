import type * as z from 'zod';
import { printable } from './printable.ts';

const QUOTE_LENGTH_MAX = 100;

type Issue = z.core.$ZodIssue;

/** Describes the first fault of a rejected value in one line: the place, the rule and the value. */
export function describeIssue(error: z.ZodError, rejected: unknown): string {
  const issue = firstIssue(error.issues);
  let value = rejected;
  for (const key of issue.path)
    value = (value as Record<PropertyKey, unknown> | null | undefined)?.[key];
  const place = issue.path.length === 0 ? '' : `${issue.path.map(String).join('.')}: `;
  return printable(`${place}${ruleOf(issue)}${findingOf(issue, value)}`);
}

/** The first issue. Of a union it is that of the form which the value fits best. */
function firstIssue([issue]: readonly Issue[]): Issue {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return issue;
  const best = issue.errors.reduce((a, b) => (b.length < a.length ? b : a));
  const inner = firstIssue(best);
  return { ...inner, path: [...issue.path, ...inner.path] };
}

/** What is right there. */
function ruleOf(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${KINDS[issue.expected] ?? issue.expected}`;
    case 'too_small':
      return boundOf(issue.origin, issue.inclusive ? 'at least' : 'more than', issue.minimum);
    case 'too_big':
      return boundOf(issue.origin, issue.inclusive ? 'at most' : 'less than', issue.maximum);
    case 'invalid_value':
      return oneOf(issue.values);
    case 'invalid_union':
      return 'options' in issue && Array.isArray(issue.options)
        ? oneOf(issue.options)
        : issue.message;
    case 'unrecognized_keys':
      return issue.keys.length === 1
        ? `the field ${quote(issue.keys[0])} is unknown`
        : `the fields ${issue.keys.map(quote).join(', ')} are unknown`;
    default:
      return issue.message;
  }
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  array: 'a list',
  tuple: 'a list',
  object: 'an object',
  record: 'an object',
  boolean: 'true or false',
};

function boundOf(origin: string, relation: string, bound: number | bigint): string {
  if (origin === 'string')
    return `must have ${relation} ${bound} ${bound === 1 ? 'character' : 'characters'}`;
  if (origin === 'array' || origin === 'tuple')
    return `must have ${relation} ${bound} ${bound === 1 ? 'entry' : 'entries'}`;
  return `must be ${relation} ${bound}`;
}

const oneOf = (values: readonly unknown[]): string =>
  `must be ${values.length === 1 ? '' : 'one of '}${values.map(quote).join(', ')}`;

/** What is there instead. The value around an unknown field says nothing. */
function findingOf({ code }: Issue, value: unknown): string {
  if (code === 'unrecognized_keys') return '';
  return value === undefined ? ', but it is missing' : `, not ${quote(value)}`;
}

function quote(value: unknown): string {
  try {
    return (JSON.stringify(value) ?? String(value)).slice(0, QUOTE_LENGTH_MAX);
  } catch {
    return typeof value; // JSON has no bigint.
  }
}
