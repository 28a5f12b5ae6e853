import { open, rm } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { type Console, createConsole } from '../../shared/cli/console.ts';
import { formatCount, formatDuration, formatMegabytes } from '../../shared/cli/format.ts';
import { interruptionSignal } from '../../shared/cli/interruption.ts';
import { openBrowser } from '../../shared/cli/open-browser.ts';
import { LockstepError, systemCode } from '../../shared/errors.ts';
import { writeFileAtomically } from '../../shared/host/atomic-file.ts';
import { shortPath } from '../../shared/host/command-line.ts';
import { readReportParts } from '../dashboard/page-files.ts';
import { reportHtml } from '../dashboard/report-file.ts';
import { addPortOptions, portOptionsOf } from '../options/port-flags.ts';
import type { PortOptions } from '../port/server.ts';
import { writeError } from '../run-folder/run-files.ts';
import { embedStudy } from '../study/embed-study.ts';
import { studyFolder } from '../study/folder-study.ts';
import type { StudySource } from '../study/study-source.ts';
import { openRun, showRun } from './show-run.ts';
import type { ViewedRun } from './viewed-run.ts';

interface ViewOptions {
  readonly open?: true;
  readonly out?: string;
  readonly force?: true;
}

export function viewCommand(): Command {
  const command = new Command('view')
    .summary('show a run from its folder')
    .description(
      "Shows the dashboard of a run from the run's folder: after training, or beside it.\n" +
        'With --out, writes it as one HTML file, which needs no network and can be mailed.',
    )
    .argument('<run>', 'run folder')
    .option('--out <file>', 'write the page with the run into one HTML file, and end')
    .option('--force', 'replace that file if it exists')
    .optionsGroup('Port:');
  const port = new Option('--port <number>', 'port to listen on').default(0, 'any free port');
  return addPortOptions(command, port).action(view);
}

async function view(directory: string, options: ViewOptions, command: Command): Promise<void> {
  const signal = interruptionSignal();
  const console = createConsole(process.stdout);
  const { out, force } = options;
  if (force && out === undefined)
    throw new LockstepError('USAGE', '--force replaces the file of --out: give --out too.');
  if (out === undefined) await show(directory, options, portOptionsOf(command), signal);
  else {
    const run = await openRun(directory);
    const study = studyFolder(directory, run.description, signal);
    await writeReport(run, study, out, force === true, console).finally(() => run.close());
  }
  signal.throwIfAborted();
}

/** Serves the page until `signal` is aborted. */
async function show(
  directory: string,
  { open: isOpenAsked }: ViewOptions,
  port: PortOptions,
  signal: AbortSignal,
): Promise<void> {
  const console = createConsole(process.stdout);
  const say = (message: string) => console.print(message, 'warn');
  let startedAt = 0;
  await showRun(directory, port, signal, {
    say,
    onServed({ address, otherAddresses }) {
      startedAt = performance.now();
      console.print(`Dashboard  ${address}`);
      for (const other of otherAddresses) console.print(`For others ${other}`);
      if (isOpenAsked) void openBrowser(address, say);
    },
    onRead(run) {
      const seconds = (performance.now() - startedAt) / 1000;
      console.print(`Read       ${describeRead(run)} in ${formatDuration(seconds)}`);
    },
  });
}

function describeRead(run: ViewedRun): string {
  const { unreadable } = run;
  const steps = `${formatCount(run.updateAfter(undefined).status.step)} steps`;
  if (unreadable === 0) return steps;
  return `${steps} (and left out ${formatCount(unreadable)} lines that are no records)`;
}

async function writeReport(
  run: ViewedRun,
  source: StudySource,
  file: string,
  isForced: boolean,
  console: Console,
): Promise<void> {
  const parts = readReportParts();
  console.showLive('Reading the run');
  await run.read();
  const study = await embedStudy(source).catch((error: unknown) => {
    if (!(error instanceof LockstepError)) throw error;
    console.print(`The file shows the run, but not its net: ${error.message}`, 'warn');
    return undefined;
  });
  console.clearLive();
  const moments = JSON.parse(run.momentsAsJson());
  const content = Buffer.from(
    reportHtml({ ...run.updateAfter(undefined), moments, time: Date.now() }, study, parts),
  );
  try {
    if (isForced) await writeFileAtomically(file, content);
    else await writeNewFile(file, content);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw writeError(file, error);
    throw new LockstepError(
      'FILE',
      `${file} exists already: give --force to replace it, or another name.`,
    );
  }
  console.print(`Report     ${shortPath(file)}, ${formatMegabytes(content.length)}`);
  console.print(`Holds      ${describeRead(run)}. Open it in any browser; it needs no network.`);
}

async function writeNewFile(path: string, content: Uint8Array): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(content);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}
