/** Numbers for people. */

/** 60,000 */
export const formatCount = (count: number): string => Math.round(count).toLocaleString('en-US');

/** 88.51 % */
export const formatPercent = (fraction: number): string => `${(fraction * 100).toFixed(2)} %`;

/** 0.3127 */
export const formatLoss = (loss: number): string => loss.toFixed(4);

/** 26.4 MB */
export const formatMegabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** 7.2 s, 3:05, 1:02:03 */
export function formatDuration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const [first, ...rest] = parts[0] === 0 ? parts.slice(1) : parts;
  return [first, ...rest.map((part) => String(part).padStart(2, '0'))].join(':');
}

/** A bar of `width` characters, of which `fraction` is filled. */
export function formatBar(fraction: number, width: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, fraction)) * width);
  return '█'.repeat(filled) + '░'.repeat(width - filled);
}

/** Columns as wide as their widest cell, flush right. */
export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => row.map((cell, column) => cell.padStart(widths[column])).join('  '));
}
