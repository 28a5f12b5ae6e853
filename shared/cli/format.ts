/** 60,000 */
export const formatCount = (count: number): string => Math.round(count).toLocaleString('en-US');

/** 1 worker, 2 micro-batches, 60,000 images */
export function formatQuantity(count: number, noun: string): string {
  const plural = noun.endsWith('batch') ? `${noun}es` : `${noun}s`;
  return `${formatCount(count)} ${count === 1 ? noun : plural}`;
}

/** 88.51 % */
export const formatPercent = (fraction: number): string => `${(fraction * 100).toFixed(2)} %`;

/** 4 digits: 0.03127, 3.127, 31270 */
export const formatNumber = (value: number): string =>
  Math.abs(value) >= 10_000 ? value.toFixed(0) : String(Number(value.toPrecision(4)));

/** 0.3127 */
export const formatLoss = (loss: number): string => loss.toFixed(4);

/** 26.4 MB */
export const formatMegabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** 7.2 s, 3:05, 1:02:03 */
export function formatDuration(seconds: number): string {
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const [first, ...rest] = parts[0] === 0 ? parts.slice(1) : parts;
  return [first, ...rest.map((part) => String(part).padStart(2, '0'))].join(':');
}

/** A bar of `width` characters. The part `fraction` of it is filled. */
export function formatBar(fraction: number, width: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, fraction)) * width);
  return '█'.repeat(filled) + '░'.repeat(width - filled);
}

/** Lines with aligned columns. Each column is as wide as its widest cell, and flush right. */
export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => row.map((cell, column) => cell.padStart(widths[column])).join('  '));
}
