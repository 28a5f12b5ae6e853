import { PART_COLORS, RANK_COLORS } from '../../../coordinator/dashboard/model/palette.ts';

/**
 * Charts as SVG text for pages and slides, without scripts. The colors are classes of
 * {@link CHART_STYLE}.
 */

export interface ChartAxis {
  readonly label: string;
  readonly isLogarithmic?: boolean;
  readonly ticks: readonly number[];
  readonly domain: readonly [number, number];
}

export interface ChartPoint {
  readonly x: number;
  readonly y: number;
  /** Lower end of an error bar. */
  readonly low?: number;
  /** Upper end of an error bar. */
  readonly high?: number;
}

export interface ChartSeries {
  readonly label: string;
  readonly kind: 'line' | 'dashed' | 'points';
  /** A class of {@link CHART_STYLE}: `c0` to `c7`, or `ideal`. */
  readonly color: string;
  readonly points: readonly ChartPoint[];
}

export interface StackedBar {
  readonly label: string;
  /** Text above the bar. */
  readonly note: string;
  readonly values: readonly number[];
}

const WIDTH = 640;
const HEIGHT = 420;
const MARGIN = { top: 20, right: 20, bottom: 56, left: 64 };
const PLOT = {
  width: WIDTH - MARGIN.left - MARGIN.right,
  height: HEIGHT - MARGIN.top - MARGIN.bottom,
};

/** The style of all charts. Color-blind people can tell its colors apart; see `palette.ts`. */
export const CHART_STYLE = `
svg { font: 14px system-ui, sans-serif; max-width: 100%; height: auto }
svg { background: var(--paper, #fff); color: var(--ink, #222) } svg text { fill: currentColor }
svg .axis { stroke: currentColor; stroke-width: 1 } svg .grid { stroke: currentColor; opacity: .12 }
svg .line { fill: none; stroke-width: 2.5 } svg .bar { stroke-width: 1.5 }
svg .dashed { stroke-dasharray: 7 5; stroke-width: 1.5 }
${classes('c', RANK_COLORS.light)}
${classes('p', PART_COLORS.light)}
.ideal { stroke: #8a8a8a; fill: #8a8a8a }
`;

function classes(prefix: string, colors: readonly string[]): string {
  return colors.map((color, i) => `.${prefix}${i} { stroke: ${color}; fill: ${color} }`).join('\n');
}

/** Escapes text for the content and the attributes of XML and HTML. */
export const escapeXml = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');

/** A function from an axis's domain to pixels from `start` to `end`, rounded to 0.1. */
function scaleOf({ isLogarithmic = false, domain }: ChartAxis, start: number, end: number) {
  const value = isLogarithmic ? Math.log : (x: number) => x;
  const [low, high] = domain.map(value);
  return (x: number) =>
    Math.round((start + ((value(x) - low) / (high - low)) * (end - start)) * 10) / 10;
}

const svg = (title: string, body: readonly string[]): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}"
height="${HEIGHT}" role="img" aria-label="${escapeXml(title)}">
<style>${CHART_STYLE}</style>
${body.join('\n')}
</svg>`;

export function lineChart(
  title: string,
  xAxis: ChartAxis,
  yAxis: ChartAxis,
  series: readonly ChartSeries[],
): string {
  const x = scaleOf(xAxis, MARGIN.left, MARGIN.left + PLOT.width);
  const y = scaleOf(yAxis, MARGIN.top + PLOT.height, MARGIN.top);
  const marks = series.map(({ kind, color, points }) => {
    if (kind === 'points') return points.map((point) => errorBar(point, color, x, y)).join('');
    const path = points.map((point) => `${x(point.x)},${y(point.y)}`).join(' ');
    return `<polyline class="line ${kind} ${color}" style="fill:none" points="${path}"/>`;
  });
  const legend = series.map(({ label, kind, color }, i) => {
    const top = MARGIN.top + 14 + 20 * i;
    const left = MARGIN.left + 14;
    const mark =
      kind === 'points'
        ? `<circle class="${color}" cx="${left + 14}" cy="${top}" r="4.5"/>`
        : `<line class="line ${kind} ${color}" x1="${left}" x2="${left + 28}" ` +
          `y1="${top}" y2="${top}"/>`;
    return `${mark}<text x="${left + 36}" y="${top + 5}">${escapeXml(label)}</text>`;
  });
  return svg(title, [...axes(xAxis, yAxis, x, y), ...marks, ...legend]);
}

function errorBar(
  { x: px, y: py, low, high }: ChartPoint,
  color: string,
  x: Scale,
  y: Scale,
): string {
  const bar =
    low === undefined || high === undefined
      ? ''
      : `<path class="bar ${color}" style="fill:none" d="M${x(px) - 5},${y(low)}h10` +
        `M${x(px) - 5},${y(high)}h10M${x(px)},${y(low)}V${y(high)}"/>`;
  return `${bar}<circle class="${color}" cx="${x(px)}" cy="${y(py)}" r="4.5"/>`;
}

type Scale = ReturnType<typeof scaleOf>;

function axes(xAxis: ChartAxis, yAxis: ChartAxis, x: Scale, y: Scale): string[] {
  const bottom = MARGIN.top + PLOT.height;
  const right = MARGIN.left + PLOT.width;
  return [
    ...yAxis.ticks.map(
      (tick) =>
        `<line class="grid" x1="${MARGIN.left}" x2="${right}" y1="${y(tick)}" y2="${y(tick)}"/>` +
        `<text x="${MARGIN.left - 8}" y="${y(tick) + 5}" text-anchor="end">` +
        `${tick.toLocaleString('en-US')}</text>`,
    ),
    ...xAxis.ticks.map(
      (tick) =>
        `<text x="${x(tick)}" y="${bottom + 20}" text-anchor="middle">` +
        `${tick.toLocaleString('en-US')}</text>`,
    ),
    `<path class="axis" fill="none" d="M${MARGIN.left},${MARGIN.top}V${bottom}H${right}"/>`,
    `<text x="${MARGIN.left + PLOT.width / 2}" y="${HEIGHT - 12}" text-anchor="middle">` +
      `${escapeXml(xAxis.label)}</text>`,
    `<text transform="translate(18 ${MARGIN.top + PLOT.height / 2}) rotate(-90)" ` +
      `text-anchor="middle">${escapeXml(yAxis.label)}</text>`,
  ];
}

/**
 * A chart of bars of equal height. Each bar shows the parts of its own total, in the colors of the
 * parts of a step. A negative value counts as 0.
 */
export function stackedBars(
  title: string,
  parts: readonly string[],
  bars: readonly StackedBar[],
): string {
  const legendWidth = 210;
  const slot = (PLOT.width - legendWidth) / bars.length;
  const top = MARGIN.top + 20;
  const height = PLOT.height - 20;
  const marks = bars.flatMap(({ label, note, values }, i) => {
    const total = values.reduce((sum, value) => sum + Math.max(0, value), 0);
    const left = MARGIN.left + slot * i + slot * 0.15;
    const center = left + slot * 0.35;
    let y = top + height;
    const boxes = values.map((value, part) => {
      const boxHeight = (Math.max(0, value) / total) * height;
      y -= boxHeight;
      return (
        `<rect class="p${part}" stroke-width="0" x="${left.toFixed(1)}" y="${y.toFixed(1)}" ` +
        `width="${(slot * 0.7).toFixed(1)}" height="${boxHeight.toFixed(1)}"/>`
      );
    });
    return [
      ...boxes,
      `<text x="${center}" y="${top - 8}" text-anchor="middle">${escapeXml(note)}</text>`,
      `<text x="${center}" y="${top + height + 20}" text-anchor="middle">` +
        `${escapeXml(label)}</text>`,
    ];
  });
  const legend = parts.map((part, i) => {
    const left = MARGIN.left + PLOT.width - legendWidth + 16;
    const y = top + height - 14 - i * 24;
    return (
      `<rect class="p${i}" x="${left}" y="${y - 10}" width="14" height="14"/>` +
      `<text x="${left + 22}" y="${y + 2}">${escapeXml(part)}</text>`
    );
  });
  return svg(title, [...marks, ...legend]);
}
