#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { Command, CommanderError } from 'commander';
import packageJson from './package.json' with { type: 'json' };
import { compileCacheDirectory } from './shared/cache-directory.ts';
import { LockstepError, systemCode } from './shared/errors.ts';
import { Interruption } from './shared/interruption.ts';

const EXIT = { failed: 1, usage: 2 } as const;

const program = new Command('lockstep')
  .description(
    'Trains neural networks on many machines in lockstep: the same bits for any number of workers.',
  )
  .version(packageJson.version)
  .showHelpAfterError('Run the command with --help to see what it takes.')
  .exitOverride();

/** Each is loaded when it is asked for: a worker starts sooner without the modules of the others. */
const COMMANDS: Record<string, () => Promise<Command>> = {
  train: async () => (await import('./deploy/train-command.ts')).trainCommand(),
  coordinator: async () => (await import('./coordinator/coordinator-command.ts')).coordinatorCommand(),
  worker: async () => (await import('./worker/worker-command.ts')).workerCommand(),
  evaluate: async () => (await import('./coordinator/evaluate-command.ts')).evaluateCommand(),
  speedup: async () => (await import('./deploy/speedup/speedup-command.ts')).speedupCommand(),
  plan: async () => (await import('./deploy/speedup/plan-command.ts')).planCommand(),
  verify: async () => (await import('./coordinator/verify-command.ts')).verifyCommand(),
  summary: async () => (await import('./coordinator/summary-command.ts')).summaryCommand(),
  data: async () => (await import('./shared/data/data-command.ts')).dataCommand(),
  doctor: async () => (await import('./shared/doctor-command.ts')).doctorCommand(),
};

// Modules that are compiled already start in half the time.
enableCompileCache(compileCacheDirectory());
const asked = process.argv[2] ?? '';
for (const name of Object.hasOwn(COMMANDS, asked) ? [asked] : Object.keys(COMMANDS)) {
  program.addCommand((await COMMANDS[name]()).copyInheritedSettings(program));
}

// Whoever read our output has gone (`| head`): there is nobody left to train for.
process.stdout.on('error', (error) => process.exit(systemCode(error) === 'EPIPE' ? 0 : EXIT.failed));

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}
// Whatever might still be open must not keep an ended command alive.
setTimeout(() => process.exit(), 1000).unref();

/** Prints an expected failure as one line and returns the exit code; anything else is a bug, and crashes. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
  if (error instanceof Interruption) return error.exitCode;
  if (!(error instanceof LockstepError)) throw error;
  if (process.argv.includes('--json')) {
    console.log(JSON.stringify({ event: 'error', code: error.code, message: error.message }));
  }
  console.error(`error: ${error.message}`);
  return error.code === 'USAGE' ? EXIT.usage : EXIT.failed;
}
