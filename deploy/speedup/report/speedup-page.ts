import {
  describeBest,
  describeLaw,
  throughputAt,
} from '../../../coordinator/dashboard/speed/scaling-law.ts';
import {
  describeLimit,
  limitOf,
  PART_WORDS,
  type PartWords,
} from '../../../coordinator/dashboard/steps/step-parts.ts';
import { STEP_PARTS } from '../../../coordinator/training/step-breakdown.ts';
import { formatCount, formatMegabytes, formatQuantity } from '../../../shared/cli/format.ts';
import type { SpeedupPoint, SpeedupReport } from './speedup-report.ts';
import { escapeXml, lineChart, stackedBars } from './svg-chart.ts';

/** A chart of the measured speedup, the ideal speedup and the fitted law, as SVG. */
export function speedupChart({ points, law, launcher, run }: SpeedupReport): string {
  const counts = points.map(({ workers }) => workers);
  const most = counts[counts.length - 1];
  const highest = Math.max(most, ...points.map(({ speedup }) => speedup.q3));
  const steps = Array.from({ length: 60 }, (_, i) => 1 + (i * (most - 1)) / 59);
  const axis = (label: string, end: number) =>
    ({ label, ticks: ticksTo(end), domain: [0, end * 1.05] }) as const;
  return lineChart(
    `Speedup of ${run.model}, ${launcher}`,
    { ...axis('workers', most), ticks: counts },
    axis('speedup', highest),
    [
      {
        label: 'ideal',
        kind: 'dashed',
        color: 'ideal',
        points: [
          { x: 0, y: 0 },
          { x: most, y: most },
        ],
      },
      {
        label: describeLaw(law),
        kind: 'line',
        color: 'c1',
        points: steps.map((n) => ({
          x: n,
          y: (throughputAt(law, n) / points[0].throughput.median) * counts[0],
        })),
      },
      {
        label: 'measured: median and quartiles',
        kind: 'points',
        color: 'c0',
        points: points.map(({ workers, speedup: { median, q1, q3 } }) => ({
          x: workers,
          y: median,
          low: q1,
          high: q3,
        })),
      },
    ],
  );
}

/** A chart of the parts of a step, with one bar per number of workers, as SVG. */
export function breakdownChart({ points, run }: SpeedupReport): string {
  const bars = points.flatMap(({ workers, breakdown, stepMs }) =>
    breakdown
      ? [
          {
            label: `N = ${workers}`,
            note: `${stepMs.toFixed(1)} ms`,
            values: STEP_PARTS.map((part) => breakdown[part]),
          },
        ]
      : [],
  );
  return stackedBars(
    `Parts of a step of ${run.model}`,
    STEP_PARTS.map((part) => PART_WORDS[part].name),
    bars,
  );
}

/** The whole report as one HTML page, without scripts and without external files. */
export function speedupPage(report: SpeedupReport): string {
  const { run, machine, launcher, quota, chains, warnings, command, date, rounds, seconds, law } =
    report;
  const most = report.points[report.points.length - 1];
  const measuredWith = `This was measured with ${formatQuantity(most.workers, 'worker')}.`;
  const limits = most.breakdown ? [describeLimit(limitOf(most.breakdown)), measuredWith] : [];
  const facts = [
    `Model: ${run.model}, with ${formatCount(run.parameterCount)} parameters. ` +
      `Global batch: ${run.globalBatch} examples in ${run.microBatchCount} micro-batches.`,
    `Cluster: ${launcher}. ` +
      `Machine: ${machine.cores} cores, ${machine.cpu}, Node ${machine.node}.`,
    `Each number of workers was measured in ${rounds} rounds of ${seconds} s. ` +
      'The number of workers went up in one round and down in the next. ' +
      `The warm-up after each change was discarded. Date: ${date}.`,
  ];
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Lockstep speedup: ${escapeXml(run.model)}</title>
<style>
:root { --paper: #fff; --ink: #222 }
@media (prefers-color-scheme: dark) { :root { --paper: #16181c; --ink: #e4e4e4 } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 86rem; margin: 2rem auto }
body { padding: 0 1.5rem; background: var(--paper); color: var(--ink) }
h1 { font-size: 1.6rem } h2 { font-size: 1.15rem; margin-bottom: .3rem }
.charts { display: flex; flex-wrap: wrap; gap: 2rem } figure { margin: 0 }
.table { overflow-x: auto } table { border-collapse: collapse }
th, td { padding: .3rem .8rem; text-align: right; border-bottom: 1px solid #8885 }
code { background: #8882; padding: .1rem .35rem; border-radius: .25rem; overflow-wrap: anywhere }
.warn li { margin: .3rem 0 }
</style>
<h1>Speedup with more workers</h1>
${facts.map((fact) => `<p>${escapeXml(fact)}</p>`).join('\n')}
<div class="charts">
<figure><h2>Speedup</h2>${speedupChart(report)}</figure>
<figure><h2>Mean time of each part of a step</h2>${breakdownChart(report)}</figure>
</div>
<div class="table">${resultTable(report.points, quota)}</div>
<p>The fitted law gives the throughput of N workers: X(N) = λN / (1 + σ(N−1) + κN(N−1)).
λ = ${law.lambda.toFixed(1)} examples/s is the throughput of one worker.
σ = ${law.sigma.toPrecision(3)} is the part of the work that more workers do not make faster.
κ = ${law.kappa.toPrecision(3)} is the cost of each pair of workers.
${escapeXml(describeBest(law, most.workers))}</p>
${limits.length > 0 ? `<p>${escapeXml(limits.join(' '))}</p>` : ''}
${chains ? `<h2>Comparison of the parameters</h2><p>${escapeXml(describeChains(chains))}</p>` : ''}
<h2>Warnings</h2>
${
  warnings.length === 0
    ? '<p>There are no warnings.</p>'
    : `<ul class="warn">${warnings.map((text) => `<li>${escapeXml(text)}</li>`).join('')}</ul>`
}
<h2>Measured with</h2>
<p><code>${escapeXml(command)}</code></p>
<h2>How to read the numbers</h2>
<p>The parts of a step follow the worker whose sums arrived last. The serial fraction is that of
Karp and Flatt, from the speedup.</p>
<dl>${STEP_PARTS.map((part) => describePart(PART_WORDS[part])).join('')}</dl>
</html>
`;
}

const describePart = ({ name, meaning }: PartWords): string =>
  `<dt>${escapeXml(name)}</dt><dd>${escapeXml(meaning)}</dd>`;

export function describeChains({
  chains,
  isEqual,
  steps,
}: NonNullable<SpeedupReport['chains']>): string {
  if (isEqual) {
    const counts = chains.map(({ workers }) => workers).join(', ');
    return (
      `With ${counts} workers, the parameters had the same fingerprint after each of the first ` +
      `${steps} steps (chained fingerprints ${chains[0].chain.slice(0, 32)}…).`
    );
  }
  const each = chains.map(({ workers, chain }) => `${chain.slice(0, 16)}… (N = ${workers})`);
  return (
    `The parameters of the first ${steps} steps differ with the number N of workers! ` +
    `The chained fingerprints are ${each.join(', ')}.`
  );
}

function resultTable(points: readonly SpeedupPoint[], quota: number | null): string {
  const head = [
    'workers',
    'examples/s',
    'quartiles',
    'speedup',
    'efficiency',
    'serial fraction',
    'step, ms',
    'MB per step',
    'coordinator, cores',
    `workers, cores${quota === null ? '' : ` (quota ${quota})`}`,
    'steps',
  ];
  const rows = points.map((point) => {
    const { throughput, speedup } = point;
    return [
      point.workers,
      formatCount(throughput.median),
      `${formatCount(throughput.q1)}–${formatCount(throughput.q3)}`,
      speedup.median.toFixed(2),
      `${(point.efficiency * 100).toFixed(0)} %`,
      point.serialFraction === null ? '' : point.serialFraction.toFixed(3),
      point.stepMs.toFixed(1),
      formatMegabytes(point.bytesPerStep).replace(' MB', ''),
      point.coordinator.cores.toFixed(2),
      point.workerCores.toFixed(2),
      formatCount(point.steps),
    ];
  });
  const line = (cells: readonly (string | number)[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${cell}</${tag}>`).join('')}</tr>`;
  return `<table>${line(head, 'th')}${rows.map((row) => line(row, 'td')).join('')}</table>`;
}

function ticksTo(end: number): number[] {
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((size) => end / size <= 8) ?? 1000;
  return Array.from({ length: Math.floor(end / step) + 1 }, (_, i) => i * step);
}
