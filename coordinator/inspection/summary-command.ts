import { Command } from 'commander';
import { isJsonAsked } from '../../shared/cli/console.ts';
import { formatCount, formatMegabytes } from '../../shared/cli/format.ts';
import { interruptionSignal } from '../../shared/cli/interruption.ts';
import {
  coordinatorSources,
  loadDataset,
  readManifest,
} from '../../shared/data/loading/load-dataset.ts';
import { FASHION_MNIST } from '../../shared/data/manifest.ts';
import { sizeOf } from '../../shared/engine/layers/layer.ts';
import type { PlannedLayer, Shape } from '../../shared/engine/layers/layer-plan.ts';
import type { ModelPlan } from '../../shared/engine/model/model-plan.ts';
import { type ModelData, modelFor } from '../options/model-source.ts';
import { addModelOptions } from '../options/run-flags.ts';
import type { RunOptions } from '../options/run-options.ts';

/** The images of Fashion-MNIST. */
const KNOWN_IMAGES: ModelData = {
  kind: 'images',
  shape: { height: 28, width: 28, channels: 1 },
  manifest: FASHION_MNIST,
};

export function summaryCommand(): Command {
  const command = new Command('summary')
    .summary('layers, shapes, parameters and cost of a model')
    .description(
      'Describes a model for Fashion-MNIST, or for the dataset of --data-dir. ' +
        'Lists its layers, the operations per example, and the bytes that a training step sends.',
    );
  return addModelOptions(command)
    .option('--data-dir <dir>', 'folder with the dataset (default: Fashion-MNIST)')
    .option('--json', 'print the result as one line of JSON')
    .action(async (options: RunOptions & { json?: true }) => {
      const summary = summarize(await modelFor(options, await imagesFor(options.dataDir)));
      console.log(
        isJsonAsked(options) ? JSON.stringify({ event: 'summary', ...summary }) : format(summary),
      );
    });
}

async function imagesFor(dataDir: string | undefined) {
  if (dataDir === undefined) return KNOWN_IMAGES;
  const context = { signal: interruptionSignal(), report() {} };
  const manifest = await readManifest(dataDir);
  return (await loadDataset(manifest, coordinatorSources(dataDir), context)).dataset;
}

function summarize(model: ModelPlan) {
  const layers = model.layers.map((planned) => ({
    name: planned.name,
    type: planned.spec.type,
    output: planned.output,
    parameters: parametersOf(planned),
    flops: planned.flops,
  }));
  const { parameterCount: parameters } = model;
  const forwardFlops = layers.reduce((sum, { flops }) => sum + flops, 0);
  return {
    layers,
    parameters,
    forwardFlops,
    // The backward pass takes two products per product of the forward pass. The first layer takes
    // only one, because training needs no gradient of the images.
    trainingFlops: 3 * forwardFlops - (layers.find(({ flops }) => flops > 0)?.flops ?? 0),
    parameterBytes: parameters * Float32Array.BYTES_PER_ELEMENT,
  };
}

function parametersOf({ tensors }: PlannedLayer): number {
  return tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

function format(summary: ReturnType<typeof summarize>): string {
  const rows = summary.layers.map(({ name, type, output, parameters, flops }) => [
    name,
    type,
    formatShape(output),
    parameters === 0 ? '' : formatCount(parameters),
    flops === 0 ? '' : formatMegaflops(flops),
  ]);
  const header = ['layer', 'type', 'output', 'parameters', 'MFLOP forward'];
  const widths = header.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => row[i].length)),
  );
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => (i < 3 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ');
  const megabytes = formatMegabytes(summary.parameterBytes);
  return [
    ...[header, ...rows].map((row) => line(row).trimEnd()),
    '',
    `Parameters          ${formatCount(summary.parameters)}`,
    `Per example         ${formatMegaflops(summary.forwardFlops)} MFLOP forward, ` +
      `${formatMegaflops(summary.trainingFlops)} forward and backward`,
    `On the wire         per step ${megabytes} of parameters to each worker, ` +
      `${megabytes} of gradient back per subtree of its share`,
  ].join('\n');
}

function formatShape({ height, width, channels }: Shape): string {
  return height === 1 && width === 1 ? String(channels) : `${height} × ${width} × ${channels}`;
}

const formatMegaflops = (flops: number): string => (flops / 1e6).toFixed(2);
