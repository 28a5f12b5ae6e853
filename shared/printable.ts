/*
 * Text of others: of peers, servers and files.
 *
 * The problem. A name may hold characters that a terminal obeys: they color, move and delete what
 * stands there, or begin a line that looks like one of ours.
 *
 * The rule. Such text passes through here where it enters the process, and everything that goes to
 * a terminal or a log passes through here again.
 */

/** Controls (C0, delete, C1), marks of direction, and separators of lines. */
const OBEYED = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** The text with each character that a terminal obeys as its escape, such as `\u001b`. */
export function printable(text: string): string {
  return text
    .toWellFormed()
    .replace(OBEYED, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The text as one word of a command line that people copy into a shell. */
export function shellWord(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** Lines of text, each of them printable. */
export const printableLines = (text: string): string => text.split('\n').map(printable).join('\n');
