/** Numbers for people, with units where they are not in the header. */

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** "38,165". */
export const formatCount = (value: number): string => whole.format(value);

/** "0.2211", "12.03". */
export const formatLoss = (loss: number | null): string =>
  loss === null ? '–' : loss.toPrecision(4).replace(/e\+?/, 'e');

/** "3.142", "31420": four digits. */
export const shortNumber = (value: number): string =>
  Math.abs(value) >= 10_000 ? value.toFixed(0) : String(Number(value.toPrecision(4)));

/** "88.8 %", of a part in 0..1. */
export const formatPercent = (part: number | null, digits = 1): string =>
  part === null ? '–' : `${(part * 100).toFixed(digits)} %`;

/** "test 88.8 %", or "test RMSE 41770, R² 0.9538". Undefined before the first test. */
export function testText({ testAccuracy, testErrors }: TestResult): string | undefined {
  if (testErrors) return `test RMSE ${shortNumber(testErrors.rmse)}, R² ${formatR2(testErrors.r2)}`;
  return testAccuracy === null ? undefined : `test ${formatPercent(testAccuracy)}`;
}

export interface TestResult {
  readonly testAccuracy: number | null;
  readonly testErrors?: { readonly rmse: number; readonly r2: number } | undefined;
}

/** "0.9538". */
export const formatR2 = (r2: number | null): string => (r2 === null ? '–' : r2.toFixed(4));

/** "0.42 ms", "14 ms", "1.2 s". */
export function formatMs(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  return `${ms.toFixed(ms < 1 ? 2 : ms < 10 ? 1 : 0)} ms`;
}

/** "9 s", "2 min 05 s", "1 h 02 min". */
export function formatDuration(seconds: number): string {
  const all = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, '0');
  if (all < 60) return `${all} s`;
  if (all < 3600) return `${Math.floor(all / 60)} min ${two(all % 60)} s`;
  return `${Math.floor(all / 3600)} h ${two(Math.floor((all % 3600) / 60))} min`;
}

/** "1 worker", "3 workers", "2 micro-batches". */
export const formatQuantity = (count: number, noun: string, nouns = `${noun}s`): string =>
  `${formatCount(count)} ${count === 1 ? noun : nouns}`;

/** "340 B", "12.3 MB", "1.20 GB". */
export function formatBytes(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  const text = power === 0 || value >= 100 ? value.toFixed(0) : value.toPrecision(3);
  return `${text} ${['B', 'kB', 'MB', 'GB', 'TB'][power]}`;
}

/** "14:03:22", in the reader's own time. */
export const formatTime = (time: number): string => new Date(time).toLocaleTimeString('en-GB');

/** "06d6…7b15". */
export const formatHash = (hash: string): string => `${hash.slice(0, 4)}…${hash.slice(-4)}`;
