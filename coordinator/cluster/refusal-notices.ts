import type { Clock } from '../../shared/clock.ts';

/** After a notice, the next one comes no sooner. */
const INTERVAL_MS = 5_000;

/**
 * Reports that workers were refused: the first one at once, then all those of the next five
 * seconds together. So a peer that comes again and again does not push other notices out.
 */
export function createRefusalNotices(
  clock: Clock,
  notify: (message: string) => void,
): (name: string, reason: string) => void {
  let waiting = 0;
  let last = '';
  let isQuiet = false;

  function beginQuiet(): void {
    isQuiet = true;
    clock.setTimer(INTERVAL_MS, () => {
      isQuiet = false;
      if (waiting === 0) return;
      notify(`${waiting} more refused in ${INTERVAL_MS / 1000} s; ${last}`);
      waiting = 0;
      beginQuiet();
    });
  }

  return (name, reason) => {
    if (!isQuiet) {
      notify(`worker ${name} refused: ${reason}`);
      return beginQuiet();
    }
    waiting++;
    last = `the last one was ${name}: ${reason}`;
  };
}
