import type { RunView } from '../../model/run-view.ts';
import { formatCount, formatHash } from '../format.ts';

/** The fingerprint of the shown step, or the nearest steps of which the page has one. */
export function proofTitle({ status, moments }: RunView): string {
  const { step = 0, fingerprint } = status ?? {};
  if (fingerprint)
    return (
      `After step ${formatCount(step)} the parameters have the fingerprint ` +
      `${formatHash(fingerprint)}.`
    );
  const steps = moments.flatMap((moment) => (moment.status.fingerprint ? moment.step : []));
  const nearest = [steps.findLast((each) => each < step), steps.find((each) => each > step)]
    .flatMap((each) => (each === undefined ? [] : `that of step ${formatCount(each)}`))
    .join(' and ');
  const has = nearest && `; it has ${nearest}`;
  return `The page does not have the fingerprint of step ${formatCount(step)}${has}.`;
}
