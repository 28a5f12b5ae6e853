import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SpeedupReport } from '../report/speedup-report.ts';
import { lineChart } from '../report/svg-chart.ts';
import type { PredictedStep } from './step-cost-model.ts';

export type MeasuredPoint = Pick<SpeedupReport['points'][number], 'workers' | 'throughput'>;

/** The values for JSON, which has no infinity: it becomes null. */
export const forJson = (values: object): Record<string, number | null> =>
  Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, Number.isFinite(value) ? value : null]),
  );

/** Writes plan.json and plan.svg into the folder `out`. */
export async function writePlan(
  out: string,
  result: object,
  predictions: readonly PredictedStep[],
  measured: readonly MeasuredPoint[],
): Promise<void> {
  const chart = planChart(predictions, measured);
  await Promise.all([
    writeFile(join(out, 'plan.json'), `${JSON.stringify(result, undefined, 2)}\n`),
    writeFile(join(out, 'plan.svg'), chart),
  ]);
}

function planChart(
  predictions: readonly PredictedStep[],
  measured: readonly MeasuredPoint[],
): string {
  const [first] = predictions;
  const last = predictions[predictions.length - 1];
  const all = [
    ...predictions.map(({ throughput }) => throughput),
    ...measured.map(({ throughput }) => throughput.q3),
  ];
  const low = 10 ** Math.floor(Math.log10(Math.min(...all)));
  const high = 10 ** Math.ceil(Math.log10(Math.max(...all) * 1.01));
  const decades = Array.from(
    { length: Math.round(Math.log10(high / low)) + 1 },
    (_, i) => low * 10 ** i,
  );
  const ideal = (workers: number) => (first.throughput / first.workers) * workers;
  const idealEnd = Math.min(last.workers, (high / first.throughput) * first.workers);
  const most = Math.max(2, last.workers);
  return lineChart(
    'Predicted throughput',
    {
      label: 'workers',
      isLogarithmic: true,
      domain: [first.workers * 0.9, most * 1.1],
      ticks: predictions.map(({ workers }) => workers),
    },
    { label: 'examples/s', isLogarithmic: true, domain: [low, high], ticks: decades },
    [
      {
        label: 'ideal',
        kind: 'dashed',
        color: 'ideal',
        points: [first.workers, idealEnd].map((x) => ({ x, y: ideal(x) })),
      },
      {
        label: 'predicted',
        kind: 'line',
        color: 'c1',
        points: predictions.map(({ workers, throughput }) => ({ x: workers, y: throughput })),
      },
      ...(measured.length === 0
        ? []
        : [
            {
              ...({
                label: 'measured: median and quartiles',
                kind: 'points',
                color: 'c0',
              } as const),
              points: measured.map(({ workers, throughput: { median, q1, q3 } }) => ({
                x: workers,
                y: median,
                low: q1,
                high: q3,
              })),
            },
          ]),
    ],
  );
}
