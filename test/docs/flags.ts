import type { Command, Option } from 'commander';
import { coordinatorCommand } from '../../coordinator/coordinator-command.ts';
import { exportCommand } from '../../coordinator/export/export-command.ts';
import { evaluateCommand } from '../../coordinator/inspection/evaluate-command.ts';
import { summaryCommand } from '../../coordinator/inspection/summary-command.ts';
import { verifyCommand } from '../../coordinator/inspection/verify-command.ts';
import { predictCommand } from '../../coordinator/prediction/predict-command.ts';
import { viewCommand } from '../../coordinator/replay/view-command.ts';
import { trainCommand } from '../../deploy/local/train-command.ts';
import { planCommand } from '../../deploy/speedup/plan/plan-command.ts';
import { speedupCommand } from '../../deploy/speedup/speedup-command.ts';
import { dataCommand } from '../../shared/cli/data/data-command.ts';
import { importCommand } from '../../shared/cli/data/import-command.ts';
import { workerCommand } from '../../worker/worker-command.ts';

const COLUMNS = 100;

/** The documents that list flags, as paths from the root of the project. */
export const FLAG_DOCUMENTS = [
  'coordinator/README.md',
  'worker/README.md',
  'shared/data/README.md',
  'deploy/speedup/README.md',
];

const BLOCK = /<!-- flags: (\w+) -->\n[\s\S]*?<!-- \/flags -->/g;

/** Returns the document with the present flags of the commands between its markers. */
export function withFlags(document: string): string {
  return document.replace(BLOCK, (_, name: string) => {
    const lines = flagsOf(name).map(describeFlag).join('\n');
    return `<!-- flags: ${name} -->\n\n${lines}\n\n<!-- /flags -->`;
  });
}

/**
 * The visible options of a command. The name `run` stands for the options that `train` and
 * `coordinator` share. The names `train` and `coordinator` stand for their other options.
 */
function flagsOf(name: string): Option[] {
  const train = visible(trainCommand());
  const coordinator = visible(coordinatorCommand());
  const shared = train.filter((option) => coordinator.some((other) => isSame(option, other)));
  const isShared = (option: Option) => shared.some((other) => isSame(option, other));
  switch (name) {
    case 'run':
      return shared;
    case 'train':
      return train.filter((option) => !isShared(option));
    case 'coordinator':
      return coordinator.filter((option) => !isShared(option));
    default:
      return visible(COMMANDS[name]());
  }
}

const COMMANDS: Record<string, () => Command> = {
  evaluate: evaluateCommand,
  predict: predictCommand,
  verify: verifyCommand,
  view: viewCommand,
  summary: summaryCommand,
  export: exportCommand,
  data: dataCommand,
  import: importCommand,
  worker: workerCommand,
  speedup: speedupCommand,
  plan: planCommand,
};

const visible = ({ options }: Command): Option[] => options.filter(({ hidden }) => !hidden);

const isSame = (a: Option, b: Option): boolean => describeFlag(a) === describeFlag(b);

/** A list entry with the flag, its meaning, its choices and its default, as in `--help`. */
function describeFlag(option: Option): string {
  const { flags, description, argChoices, defaultValue, defaultValueDescription, envVar } = option;
  // The number of cores differs from machine to machine.
  const shownDefault = defaultValueDescription?.replace(/^\d+, /, '') ?? defaultValue;
  const byDefault = shownDefault === undefined ? '' : ` (default: ${shownDefault})`;
  const byVariable = envVar === undefined ? '' : ` (or the variable ${envVar})`;
  const choices = argChoices ? `. One of ${argChoices.join(', ')}` : '';
  return wrap(`- \`${flags}\`: ${description}${byDefault}${byVariable}${choices}`);
}

/** Breaks a list entry into lines. Indents all lines except the first. */
function wrap(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= COLUMNS)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(last === undefined ? word : `  ${word}`);
  }
  return lines.join('\n');
}
