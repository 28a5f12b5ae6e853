import { availableParallelism, cpus } from 'node:os';
import { Command } from 'commander';
import { NUMERICS } from '../engine/kernels.ts';
import { TILES } from '../engine/wasm/wasm-products.ts';
import { availableNumerics, describeEngine, type EngineReport } from '../host/load-engine.ts';
import { V8_FLAGS } from '../host/v8-flags.ts';
import { isJsonAsked } from './console.ts';

const MEANING = {
  fused: 'product and sum rounded once (relaxed_madd)',
  strict: 'product rounded, then sum rounded (mul, add)',
} as const;

export function doctorCommand(): Command {
  return new Command('doctor')
    .summary('what this machine computes with, and how fast')
    .description(
      'Compiles the fast kernels, compares each bit by bit with its plain kernel, measures the ' +
        'register tiles, and tells which kernels are used and why.',
    )
    .option('--json', 'print the result as one line of JSON')
    .action((options: { json?: true }) => {
      const engines = NUMERICS.map((numerics) => describeEngine(numerics));
      const [chosen] = availableNumerics();
      const { node, v8 } = process.versions;
      const cpu = cpus()[0]?.model ?? 'unknown';
      const cores = availableParallelism();
      if (isJsonAsked(options)) {
        const result = { node, v8, cpu, cores, v8Flags: V8_FLAGS, numerics: chosen, engines };
        console.log(JSON.stringify({ event: 'doctor', ...result }));
        return;
      }
      console.log(`Node        ${node} (V8 ${v8})`);
      console.log(`CPU         ${cpu}, ${cores} cores`);
      console.log(`V8 flags    ${V8_FLAGS.join(' ') || 'none for this version of V8'}`);
      for (const engine of engines) printEngine(engine);
      console.log(
        `\nNew runs use --numerics ${chosen}` +
          `${chosen === 'fused' ? '' : ', which every machine can compute'}.`,
      );
    });
}

function printEngine({ numerics, tile, gigaflops, problem }: EngineReport): void {
  console.log(`\n${numerics.padEnd(12)}${MEANING[numerics]}`);
  if (problem !== undefined) {
    console.log(`  plain kernels, about 100 times slower: ${problem}`);
    return;
  }
  console.log('  self-test passed: every fast kernel gives the same bits as its plain kernel');
  for (const name of TILES) {
    const speed = `${(gigaflops[name] ?? 0).toFixed(0)} GF/s`.padStart(9);
    console.log(`  ${name.padEnd(5)}tile ${speed}${name === tile ? '   the fastest, used' : ''}`);
  }
}
