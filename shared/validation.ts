import type * as z from 'zod';

const QUOTE_LENGTH_MAX = 100;

/** The first thing that is wrong with a rejected value, in one line: where, what, and what was there instead. */
export function describeIssue(error: z.ZodError, rejected: unknown): string {
  const [{ path, message }] = error.issues;
  let value = rejected;
  for (const key of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[key];
  const place = path.length === 0 ? '' : `${path.map(String).join('.')}: `;
  return `${place}${message}, not ${quote(value)}`;
}

function quote(value: unknown): string {
  try {
    return (JSON.stringify(value) ?? String(value)).slice(0, QUOTE_LENGTH_MAX);
  } catch {
    return typeof value; // a bigint, say, which JSON does not have
  }
}
