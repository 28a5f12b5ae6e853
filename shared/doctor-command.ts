import { availableParallelism, cpus } from 'node:os';
import { Command } from 'commander';
import { NUMERICS } from './engine/kernels.ts';
import { TILES } from './engine/wasm-products.ts';
import { availableNumerics, describeEngine, type EngineReport } from './load-engine.ts';
import { V8_FLAGS } from './v8-flags.ts';

const MEANING = {
  fused: 'product and sum rounded once (relaxed_madd)',
  strict: 'product and sum rounded each (mul, add)',
} as const;

export function doctorCommand(): Command {
  return new Command('doctor')
    .summary('what this machine computes with, and how fast')
    .description(
      'Compiles the kernels, compares each with the plain one bit by bit, measures the register tiles, and says ' +
        'what was chosen and why.',
    )
    .option('--json', 'print the result as one line of JSON')
    .action((options: { json?: true }) => {
      const engines = NUMERICS.map((numerics) => describeEngine(numerics));
      const [chosen] = availableNumerics();
      const { node, v8 } = process.versions;
      const cpu = cpus()[0]?.model ?? 'unknown';
      const cores = availableParallelism();
      if (options.json) {
        const result = { node, v8, cpu, cores, v8Flags: V8_FLAGS, numerics: chosen, engines };
        console.log(JSON.stringify({ event: 'doctor', ...result }));
        return;
      }
      console.log(`Node        ${node} (V8 ${v8})`);
      console.log(`CPU         ${cpu}, ${cores} cores`);
      console.log(`V8 flags    ${V8_FLAGS.join(' ') || 'none that this V8 is known to have'}`);
      for (const engine of engines) printEngine(engine);
      console.log(
        `\nNew runs use --numerics ${chosen}${chosen === 'fused' ? '' : ', which every machine can keep'}.`,
      );
    });
}

function printEngine({ numerics, tile, gigaflops, problem }: EngineReport): void {
  console.log(`\n${numerics.padEnd(12)}${MEANING[numerics]}`);
  if (problem !== undefined) {
    console.log(`  plain kernels, some hundred times slower: ${problem}`);
    return;
  }
  console.log('  self-test passed: every kernel equals the plain one to the last bit');
  for (const name of TILES) {
    const speed = `${(gigaflops[name] ?? 0).toFixed(0)} GF/s`.padStart(9);
    console.log(`  ${name.padEnd(5)}tile ${speed}${name === tile ? '   the fastest: used' : ''}`);
  }
}
