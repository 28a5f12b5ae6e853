#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { coordinatorCommand } from './coordinator/coordinator-command.ts';
import { evaluateCommand } from './coordinator/evaluate-command.ts';
import { summaryCommand } from './coordinator/summary-command.ts';
import { verifyCommand } from './coordinator/verify-command.ts';
import { trainCommand } from './deploy/train-command.ts';
import packageJson from './package.json' with { type: 'json' };
import { dataCommand } from './shared/data/data-command.ts';
import { doctorCommand } from './shared/doctor-command.ts';
import { LockstepError, systemCode } from './shared/errors.ts';
import { Interruption } from './shared/interruption.ts';
import { workerCommand } from './worker/worker-command.ts';

const EXIT = { failed: 1, usage: 2 } as const;

const program = new Command('lockstep')
  .description(
    'Trains neural networks on many machines in lockstep: the same bits for any number of workers.',
  )
  .version(packageJson.version)
  .showHelpAfterError('Run the command with --help to see what it takes.')
  .exitOverride();
const COMMANDS = [
  trainCommand,
  coordinatorCommand,
  workerCommand,
  evaluateCommand,
  verifyCommand,
  summaryCommand,
  dataCommand,
  doctorCommand,
];
for (const create of COMMANDS) {
  program.addCommand(create().copyInheritedSettings(program));
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
