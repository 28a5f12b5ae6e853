import type { PortOptions } from '../../coordinator/port/server.ts';
import { showRun } from '../../coordinator/replay/show-run.ts';
import type { DoneEvent, Report } from '../../coordinator/reporting/events.ts';
import { openingLesson } from '../../coordinator/reporting/lesson-report.ts';
import { isJsonAsked } from '../../shared/cli/console.ts';
import { interruptionSignal } from '../../shared/cli/interruption.ts';
import { reasonOf } from '../../shared/errors.ts';
import { formatCommand, shortPath } from '../../shared/host/command-line.ts';

/** The run of a lesson, whose dashboard outlives it. */
export interface LessonRun {
  readonly report: Report;
  /** Serves the dashboard of the run that is done until the user ends this. */
  stayOpen(done: DoneEvent, port: PortOptions): Promise<void>;
}

/**
 * Whether somebody sits at a terminal, who can end the command with Ctrl-C. A script waits for its
 * end, so there it ends when the run does.
 */
const isForPeople = (flags: { readonly json?: true }): boolean =>
  process.stdout.isTTY === true && !isJsonAsked(flags);

/** A lesson is read more slowly than its net is trained. */
export function createLessonRun(
  lesson: string,
  flags: { readonly json?: true },
  report: Report,
): LessonRun {
  let preferredPort: number | undefined;
  const say = (message: string) => report({ event: 'notice', code: 'dashboard', message });
  const reportLesson = openingLesson(report, lesson);
  return {
    report(event) {
      if (event.event === 'listening') preferredPort = Number(new URL(event.url).port);
      reportLesson(event);
    },
    async stayOpen({ runDir }, port) {
      if (preferredPort === undefined || !isForPeople(flags)) return;
      const showing = showRun(runDir, { ...port, preferredPort }, interruptionSignal(), {
        say,
        onServed({ address }) {
          const url = new URL(`?learning&lesson=${lesson}${new URL(address).hash}`, address);
          say(`The run is over. Its dashboard stays open until Ctrl-C: ${url}`);
        },
      });
      // The run itself has succeeded.
      await showing.catch((error: unknown) => {
        const view = formatCommand('view', shortPath(runDir));
        say(`The dashboard cannot stay open: ${reasonOf(error)} It opens again with ${view}`);
      });
    },
  };
}
