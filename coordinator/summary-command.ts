import { Command } from 'commander';
import { FASHION_MNIST } from '../shared/data/manifest.ts';
import { sizeOf } from '../shared/engine/layer.ts';
import { type ModelSpec, type PlannedLayer, planModel, type Shape } from '../shared/engine/model-spec.ts';
import { formatCount, formatMegabytes } from '../shared/format.ts';
import { modelFor } from './model-source.ts';
import { addModelOptions, type RunOptions } from './run-options.ts';

/** Of Fashion-MNIST. */
const IMAGE_SHAPE = [28, 28] as const;

export function summaryCommand(): Command {
  const command = new Command('summary')
    .summary('layers, shapes, parameters and cost of a model')
    .description(
      'Describes a model for Fashion-MNIST: its layers, and what a step of it computes and sends.',
    );
  return addModelOptions(command)
    .option('--json', 'print the result as one line of JSON')
    .action(async (options: RunOptions & { json?: true }) => {
      const images = { imageShape: IMAGE_SHAPE, manifest: FASHION_MNIST };
      const summary = summarise(await modelFor(options, images));
      console.log(options.json ? JSON.stringify({ event: 'summary', ...summary }) : format(summary));
    });
}

function summarise(model: ModelSpec) {
  const layers = planModel(model).map((planned) => ({
    name: planned.name,
    type: planned.spec.type,
    output: planned.output,
    parameters: parametersOf(planned),
    flops: planned.flops,
  }));
  const total = (key: 'parameters' | 'flops') => layers.reduce((sum, layer) => sum + layer[key], 0);
  const parameters = total('parameters');
  return {
    layers,
    parameters,
    forwardFlops: total('flops'),
    // Backward takes two products for each one forward, but for the gradient of the images.
    trainingFlops: 3 * total('flops') - (layers.find(({ flops }) => flops > 0)?.flops ?? 0),
    parameterBytes: parameters * Float32Array.BYTES_PER_ELEMENT,
  };
}

function parametersOf({ tensors }: PlannedLayer): number {
  return tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

function format(summary: ReturnType<typeof summarise>): string {
  const rows = summary.layers.map(({ name, type, output, parameters, flops }) => [
    name,
    type,
    formatShape(output),
    parameters === 0 ? '' : formatCount(parameters),
    flops === 0 ? '' : formatMegaflops(flops),
  ]);
  const header = ['layer', 'type', 'output', 'parameters', 'MFLOP forward'];
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => (i < 3 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ');
  const megabytes = formatMegabytes(summary.parameterBytes);
  return [
    ...[header, ...rows].map((row) => line(row).trimEnd()),
    '',
    `Parameters          ${formatCount(summary.parameters)}`,
    `An example          ${formatMegaflops(summary.forwardFlops)} MFLOP forward, ${formatMegaflops(summary.trainingFlops)} to learn from it`,
    `A step on the wire  ${megabytes} of parameters to each worker, ${megabytes} of gradient back for each subtree of its share`,
  ].join('\n');
}

function formatShape({ height, width, channels }: Shape): string {
  return height === 1 && width === 1 ? String(channels) : `${height} × ${width} × ${channels}`;
}

const formatMegaflops = (flops: number): string => (flops / 1e6).toFixed(2);
