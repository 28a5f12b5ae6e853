/** Charts as SVG text, for pages and slides: no script, and the colours are CSS variables of {@link CHART_STYLE}. */

export interface ChartAxis {
  readonly label: string;
  readonly isLogarithmic?: boolean;
  readonly ticks: readonly number[];
  readonly domain: readonly [number, number];
}

export interface ChartPoint {
  readonly x: number;
  readonly y: number;
  /** An error bar. */
  readonly low?: number;
  readonly high?: number;
}

export interface ChartSeries {
  readonly label: string;
  readonly kind: 'line' | 'dashed' | 'points';
  /** A class of {@link CHART_STYLE}: `c0` to `c7`, or `ideal`. */
  readonly colour: string;
  readonly points: readonly ChartPoint[];
}

export interface StackedBar {
  readonly label: string;
  /** Above the bar. */
  readonly note: string;
  readonly values: readonly number[];
}

const WIDTH = 640;
const HEIGHT = 420;
const MARGIN = { top: 20, right: 20, bottom: 56, left: 64 };
const PLOT = { width: WIDTH - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom };

/** Colours after Okabe and Ito, which colour-blind people can tell apart. */
export const CHART_STYLE = `
svg { font: 14px system-ui, sans-serif; background: var(--paper, #fff); color: var(--ink, #222); max-width: 100%; height: auto }
svg text { fill: currentColor } svg .axis { stroke: currentColor; stroke-width: 1 } svg .grid { stroke: currentColor; opacity: .12 }
svg .line { fill: none; stroke-width: 2.5 } svg .dashed { stroke-dasharray: 7 5; stroke-width: 1.5 } svg .bar { stroke-width: 1.5 }
.c0 { stroke: #0072b2; fill: #0072b2 } .c1 { stroke: #e69f00; fill: #e69f00 } .c2 { stroke: #009e73; fill: #009e73 }
.c3 { stroke: #cc79a7; fill: #cc79a7 } .c4 { stroke: #d55e00; fill: #d55e00 } .c5 { stroke: #56b4e9; fill: #56b4e9 }
.c6 { stroke: #f0e442; fill: #f0e442 } .c7 { stroke: #8a8a8a; fill: #8a8a8a } .ideal { stroke: #8a8a8a; fill: #8a8a8a }
`;

/** Text as content or attribute of XML and HTML. */
export const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** Maps an axis's domain to pixels from `start` to `end`. */
function scaleOf({ isLogarithmic = false, domain }: ChartAxis, start: number, end: number) {
  const value = isLogarithmic ? Math.log : (x: number) => x;
  const [low, high] = domain.map(value);
  return (x: number) => Math.round((start + ((value(x) - low) / (high - low)) * (end - start)) * 10) / 10;
}

const svg = (title: string, body: readonly string[]): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${escapeXml(title)}">
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
  const marks = series.map(({ kind, colour, points }) => {
    if (kind === 'points') return points.map((point) => errorBar(point, colour, x, y)).join('');
    const path = points.map((point) => `${x(point.x)},${y(point.y)}`).join(' ');
    return `<polyline class="line ${kind} ${colour}" style="fill:none" points="${path}"/>`;
  });
  const legend = series.map(({ label, kind, colour }, i) => {
    const top = MARGIN.top + 14 + 20 * i;
    const left = MARGIN.left + 14;
    const mark =
      kind === 'points'
        ? `<circle class="${colour}" cx="${left + 14}" cy="${top}" r="4.5"/>`
        : `<line class="line ${kind} ${colour}" x1="${left}" x2="${left + 28}" y1="${top}" y2="${top}"/>`;
    return `${mark}<text x="${left + 36}" y="${top + 5}">${escapeXml(label)}</text>`;
  });
  return svg(title, [...axes(xAxis, yAxis, x, y), ...marks, ...legend]);
}

function errorBar({ x: px, y: py, low, high }: ChartPoint, colour: string, x: Scale, y: Scale): string {
  const bar =
    low === undefined || high === undefined
      ? ''
      : `<path class="bar ${colour}" style="fill:none" d="M${x(px) - 5},${y(low)}h10M${x(px) - 5},${y(high)}h10M${x(px)},${y(low)}V${y(high)}"/>`;
  return `${bar}<circle class="${colour}" cx="${x(px)}" cy="${y(py)}" r="4.5"/>`;
}

type Scale = ReturnType<typeof scaleOf>;

function axes(xAxis: ChartAxis, yAxis: ChartAxis, x: Scale, y: Scale): string[] {
  const bottom = MARGIN.top + PLOT.height;
  const right = MARGIN.left + PLOT.width;
  return [
    ...yAxis.ticks.map(
      (tick) =>
        `<line class="grid" x1="${MARGIN.left}" x2="${right}" y1="${y(tick)}" y2="${y(tick)}"/>` +
        `<text x="${MARGIN.left - 8}" y="${y(tick) + 5}" text-anchor="end">${tick.toLocaleString('en-US')}</text>`,
    ),
    ...xAxis.ticks.map(
      (tick) =>
        `<text x="${x(tick)}" y="${bottom + 20}" text-anchor="middle">${tick.toLocaleString('en-US')}</text>`,
    ),
    `<path class="axis" fill="none" d="M${MARGIN.left},${MARGIN.top}V${bottom}H${right}"/>`,
    `<text x="${MARGIN.left + PLOT.width / 2}" y="${HEIGHT - 12}" text-anchor="middle">${escapeXml(xAxis.label)}</text>`,
    `<text transform="translate(18 ${MARGIN.top + PLOT.height / 2}) rotate(-90)" text-anchor="middle">${escapeXml(yAxis.label)}</text>`,
  ];
}

/** Bars of the same height, each divided into the parts of its own total. */
export function stackedBars(title: string, parts: readonly string[], bars: readonly StackedBar[]): string {
  const legendWidth = 170;
  const slot = (PLOT.width - legendWidth) / bars.length;
  const top = MARGIN.top + 20;
  const height = PLOT.height - 20;
  const marks = bars.flatMap(({ label, note, values }, i) => {
    const total = values.reduce((sum, value) => sum + Math.max(0, value), 0);
    const left = MARGIN.left + slot * i + slot * 0.15;
    const centre = left + slot * 0.35;
    let y = top + height;
    const boxes = values.map((value, part) => {
      const boxHeight = (Math.max(0, value) / total) * height;
      y -= boxHeight;
      return `<rect class="c${part}" stroke-width="0" x="${left.toFixed(1)}" y="${y.toFixed(1)}" width="${(slot * 0.7).toFixed(1)}" height="${boxHeight.toFixed(1)}"/>`;
    });
    return [
      ...boxes,
      `<text x="${centre}" y="${top - 8}" text-anchor="middle">${escapeXml(note)}</text>`,
      `<text x="${centre}" y="${top + height + 20}" text-anchor="middle">${escapeXml(label)}</text>`,
    ];
  });
  const legend = parts.map((part, i) => {
    const left = MARGIN.left + PLOT.width - legendWidth + 16;
    const y = top + height - 14 - i * 24;
    return `<rect class="c${i}" x="${left}" y="${y - 10}" width="14" height="14"/><text x="${left + 22}" y="${y + 2}">${escapeXml(part)}</text>`;
  });
  return svg(title, [...marks, ...legend]);
}
