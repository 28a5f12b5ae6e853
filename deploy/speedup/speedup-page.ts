import { formatCount, formatMegabytes } from '../../shared/format.ts';
import { type ScalingLaw, throughputAt } from './scaling-law.ts';
import type { SpeedupPoint, SpeedupReport } from './speedup-report.ts';
import { STEP_PARTS } from './step-breakdown.ts';
import { escapeXml, lineChart, stackedBars } from './svg-chart.ts';

export const PART_LABELS = {
  compute: 'compute',
  slowest: 'wait for slowest',
  broadcast: 'broadcast',
  serialise: 'serialise',
  wire: 'wire',
  reduce: 'reduce',
  update: 'update',
  between: 'between steps',
} as const satisfies Record<(typeof STEP_PARTS)[number], string>;

/** The measured speedup, the ideal, and the law, as SVG. */
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
        colour: 'ideal',
        points: [
          { x: 0, y: 0 },
          { x: most, y: most },
        ],
      },
      {
        label: describeLaw(law),
        kind: 'line',
        colour: 'c1',
        points: steps.map((n) => ({
          x: n,
          y: (throughputAt(law, n) / points[0].throughput.median) * counts[0],
        })),
      },
      {
        label: 'measured: median and quartiles',
        kind: 'points',
        colour: 'c0',
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

/** Where a step's time goes, per number of workers, as SVG. */
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
    `Where a step of ${run.model} goes`,
    STEP_PARTS.map((part) => PART_LABELS[part]),
    bars,
  );
}

export function describeLaw({ sigma, kappa }: ScalingLaw): string {
  if (sigma === 0 && kappa === 0) return 'law: linear';
  const name = kappa === 0 ? 'Amdahl' : 'universal scalability';
  return `${name}: σ = ${sigma.toPrecision(2)}${kappa === 0 ? '' : `, κ = ${kappa.toPrecision(2)}`}`;
}

export function describeBest({ law, points }: Pick<SpeedupReport, 'law' | 'points'>): string {
  const most = points[points.length - 1].workers;
  if (law.bestWorkers === null || law.bestThroughput === null) {
    if (law.sigma === 0) return 'the law sees no limit; do not believe that far beyond what was measured';
    return `never more than ${(1 / law.sigma).toPrecision(2)}-fold, however many workers`;
  }
  const far = law.bestWorkers > 2 * most ? ', far beyond what was measured' : '';
  return `best with ${law.bestWorkers.toPrecision(2)} workers: ${formatCount(law.bestThroughput)} examples/s${far}`;
}

/** One page with all of it: no script, nothing from elsewhere. */
export function speedupPage(report: SpeedupReport): string {
  const { run, machine, launcher, quota, chains, warnings, command, date, rounds, seconds, law } = report;
  const facts = [
    `${run.model}, ${formatCount(run.parameterCount)} parameters; global batch ${run.globalBatch} in ${run.microBatchCount} micro-batches.`,
    `${launcher}. ${machine.cores} cores, ${machine.cpu}, Node ${machine.node}.`,
    `${rounds} rounds of ${seconds} s for each number of workers, up and down in turns, warm-up discarded; ${date}.`,
  ];
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Lockstep speedup: ${escapeXml(run.model)}</title>
<style>
:root { --paper: #fff; --ink: #222 }
@media (prefers-color-scheme: dark) { :root { --paper: #16181c; --ink: #e4e4e4 } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 86rem; margin: 2rem auto; padding: 0 1.5rem; background: var(--paper); color: var(--ink) }
h1 { font-size: 1.6rem } h2 { font-size: 1.15rem; margin-bottom: .3rem }
.charts { display: flex; flex-wrap: wrap; gap: 2rem } figure { margin: 0 } .table { overflow-x: auto }
table { border-collapse: collapse } th, td { padding: .3rem .8rem; text-align: right; border-bottom: 1px solid #8885 }
code { background: #8882; padding: .1rem .35rem; border-radius: .25rem; overflow-wrap: anywhere } .warn li { margin: .3rem 0 }
</style>
<h1>Speedup with more workers</h1>
${facts.map((fact) => `<p>${escapeXml(fact)}</p>`).join('\n')}
<div class="charts">
<figure><h2>Speedup</h2>${speedupChart(report)}</figure>
<figure><h2>Where a step’s time goes</h2>${breakdownChart(report)}</figure>
</div>
<div class="table">${resultTable(report.points, quota)}</div>
<p>Fitted law: X(N) = λN / (1 + σ(N−1) + κN(N−1)), λ = ${law.lambda.toFixed(1)} examples/s, σ = ${law.sigma.toPrecision(3)}, κ = ${law.kappa.toPrecision(3)}; ${escapeXml(describeBest(report))}.</p>
${chains ? `<h2>The same parameters</h2><p>${escapeXml(describeChains(chains))}</p>` : ''}
<h2>Read with care</h2>
${warnings.length === 0 ? '<p>Nothing to warn of.</p>' : `<ul class="warn">${warnings.map((warning) => `<li>${escapeXml(warning)}</li>`).join('')}</ul>`}
<h2>Measured with</h2>
<p><code>${escapeXml(command)}</code></p>
<p>A step is followed along the worker whose sums came last. “Wire” is the time between the two ends that neither was
busy: sockets, kernel, network, event loops. “Reduce” is what was left to add when the last sum came. The serial fraction is
Karp and Flatt’s, from the speedup.</p>
</html>
`;
}

export function describeChains({ chains, isEqual, steps }: NonNullable<SpeedupReport['chains']>): string {
  if (isEqual) {
    const counts = chains.map(({ workers }) => workers).join(', ');
    return `After ${steps} steps from the start the parameters, and those after every step before, had the same fingerprints with ${counts} workers: ${chains[0].chain.slice(0, 32)}…`;
  }
  const each = chains.map(({ workers, chain }) => `${workers}: ${chain.slice(0, 16)}…`);
  return `The parameters differ after ${steps} steps! ${each.join('; ')}`;
}

function resultTable(points: readonly SpeedupPoint[], quota: number | null): string {
  const head = [
    ...['workers', 'examples/s', 'quartiles', 'speedup', 'efficiency', 'serial fraction', 'step, ms'],
    ...[
      'MB a step',
      'coordinator, cores',
      `workers, cores${quota === null ? '' : ` (quota ${quota})`}`,
      'steps',
    ],
  ];
  const rows = points.map((point) => {
    const { throughput, speedup } = point;
    return [
      ...[point.workers, formatCount(throughput.median)],
      `${formatCount(throughput.q1)}–${formatCount(throughput.q3)}`,
      ...[speedup.median.toFixed(2), `${(point.efficiency * 100).toFixed(0)} %`],
      point.serialFraction === null ? '' : point.serialFraction.toFixed(3),
      ...[point.stepMs.toFixed(1), formatMegabytes(point.bytesPerStep).replace(' MB', '')],
      ...[point.coordinator.cores.toFixed(2), point.workerCores.toFixed(2), formatCount(point.steps)],
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
