/**
 * The best match for a misspelled or shortened word, as an addition to a message. Empty if no word
 * is near: more than a third of its characters would have to change.
 */
export function didYouMean(text: string, words: readonly string[]): string {
  const asked = text.toLowerCase();
  const [best] = words
    .map((word) => ({ word, distance: distanceTo(word.toLowerCase(), asked) }))
    .sort((a, b) => a.distance - b.distance);
  if (!best || best.distance > Math.max(1, Math.floor(best.word.length / 3))) return '';
  return ` Did you mean ${best.word}?`;
}

const SHORTENED_LENGTH_MIN = 2;

function distanceTo(word: string, text: string): number {
  const isShortened = text.length >= SHORTENED_LENGTH_MIN && word.startsWith(text);
  return isShortened ? Math.min(1, word.length - text.length) : editDistance(word, text);
}

/** How many characters must be inserted, removed, replaced or exchanged with their neighbor. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (isSame ? 0 : 1));
      const isExchanged = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isExchanged) row[j] = Math.min(row[j], beforeLast[j - 2] + 1);
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length];
}
