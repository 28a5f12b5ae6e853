#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { Command, CommanderError } from 'commander';
import packageJson from './package.json' with { type: 'json' };
import { createJsonPrinter } from './shared/cli/console.ts';
import { endWithOutput, Interruption } from './shared/cli/interruption.ts';
import { adviceOnKeptFlags } from './shared/cli/npm.ts';
import { oneOf } from './shared/cli/option-parsers.ts';
import { LockstepError } from './shared/errors.ts';
import { compileCacheDirectory } from './shared/host/cache-directory.ts';
import { printableLines } from './shared/printable.ts';

const EXIT = { failed: 1, usage: 2 } as const;

const program = new Command('lockstep')
  .description(
    'Trains neural networks on many machines in lockstep. ' +
      'The result is bit-identical for any number of workers.',
  )
  .version(packageJson.version)
  .showHelpAfterError('Run the command with --help to see its arguments and options.')
  .exitOverride()
  .hook('preAction', (_, command) => refuseEmpty(command));

/**
 * The subcommands. Only the requested one is loaded: a worker starts sooner without the modules of
 * the other commands.
 */
const COMMANDS: Record<string, () => Promise<Command>> = {
  train: async () => (await import('./deploy/local/train-command.ts')).trainCommand(),
  coordinator: async () =>
    (await import('./coordinator/coordinator-command.ts')).coordinatorCommand(),
  worker: async () => (await import('./worker/worker-command.ts')).workerCommand(),
  evaluate: async () =>
    (await import('./coordinator/inspection/evaluate-command.ts')).evaluateCommand(),
  predict: async () =>
    (await import('./coordinator/prediction/predict-command.ts')).predictCommand(),
  look: async () => (await import('./coordinator/inspection/look-command.ts')).lookCommand(),
  speedup: async () => (await import('./deploy/speedup/speedup-command.ts')).speedupCommand(),
  plan: async () => (await import('./deploy/speedup/plan/plan-command.ts')).planCommand(),
  view: async () => (await import('./coordinator/replay/view-command.ts')).viewCommand(),
  verify: async () => (await import('./coordinator/inspection/verify-command.ts')).verifyCommand(),
  summary: async () =>
    (await import('./coordinator/inspection/summary-command.ts')).summaryCommand(),
  export: async () => (await import('./coordinator/export/export-command.ts')).exportCommand(),
  data: async () => (await import('./shared/cli/data/data-command.ts')).dataCommand(),
  certificate: async () =>
    (await import('./shared/cli/certificate-command.ts')).certificateCommand(),
  doctor: async () => (await import('./shared/cli/doctor-command.ts')).doctorCommand(),
};

/** The commands that have something to save or to clean up at their end. */
const ENDING_IN_ORDER: readonly string[] = ['train', 'coordinator', 'worker', 'speedup'];

// With compiled modules in the cache, a command starts in half the time.
enableCompileCache(compileCacheDirectory());
const asked = process.argv[2] ?? '';
for (const name of Object.hasOwn(COMMANDS, asked) ? [asked] : Object.keys(COMMANDS)) {
  const command = await COMMANDS[name]();
  for (const option of command.options)
    if (option.argChoices) option.argParser(oneOf(option.argChoices));
  program.addCommand(command.copyInheritedSettings(program));
}

endWithOutput(ENDING_IN_ORDER.includes(asked));

try {
  const [command] = program.commands;
  const advice = adviceOnKeptFlags(command.options.map(({ long }) => long));
  // `npm start` is `train`. Its workers inherit npm's variables.
  if (advice !== undefined && asked === 'train') command.error(`error: ${advice}`);
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}
// An open handle must not keep a finished command alive.
setTimeout(() => process.exit(), 1000).unref();

/** Refuses an empty argument: mostly it is a variable of the user's shell that is not set. */
function refuseEmpty(command: Command): void {
  const given = command.options.filter(
    (option) => command.getOptionValueSource(option.attributeName()) === 'cli',
  );
  const empty = given.find(
    (option) => command.getOptionValue(option.attributeName())?.trim?.() === '',
  );
  if (empty) command.error(`error: option '${empty.flags}' argument is empty. Give a value.`);
  const index = command.args.findIndex((text) => text.trim() === '');
  const name = command.registeredArguments[index]?.name();
  if (name) command.error(`error: command-argument value is empty for '${name}'. Give a value.`);
}

/**
 * Prints an expected failure as one line and returns the exit code. Any other error is a bug:
 * rethrows it.
 */
function report(error: unknown): number {
  if (error instanceof Interruption) return error.exitCode;
  if (error instanceof CommanderError) {
    // Commander has printed it for people.
    if (error.exitCode !== 0) reportJson('USAGE', error.message.replace(/^error: /, ''));
    return error.exitCode === 0 ? 0 : EXIT.usage;
  }
  if (!(error instanceof LockstepError)) throw error;
  reportJson(error.code, error.message);
  console.error(`error: ${printableLines(error.message)}`);
  return error.code === 'USAGE' ? EXIT.usage : EXIT.failed;
}

/** Prints an error as an event, where a command prints events. */
function reportJson(code: string, message: string): void {
  const isLog = process.env.LOCKSTEP_LOG === 'json';
  if (!process.argv.includes('--json') && !isLog) return;
  createJsonPrinter(process.stdout)({ event: 'error', code, message });
}
