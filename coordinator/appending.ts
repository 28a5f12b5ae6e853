import { reasonOf } from '../shared/errors.ts';
import type { Report } from './reporting/events.ts';

/** Adds records. If the disk takes none, says so once; they are added later. */
export function createAppending<T>(
  append: (record: T) => void,
  what: string,
  report: Report,
): (record: T) => void {
  let isFailing = false;
  return (record) => {
    try {
      append(record);
      isFailing = false;
    } catch (error) {
      const reason = reasonOf(error);
      const message = `${what} are not written, training continues and tries again: ${reason}`;
      const isFirst = !isFailing;
      // Before the report, because a report may be a record too.
      isFailing = true;
      if (isFirst) report({ event: 'notice', code: 'checkpoint', message });
    }
  };
}
