import type { Report } from './events.ts';

/** Reports like `report`. After a stop it says which secrets the printed command does not have. */
export function remindingOfSecrets(report: Report, flags: readonly string[]): Report {
  if (flags.length === 0) return report;
  const names = flags.join(' and ');
  const message = `That command does not have the secret of this one: give ${names} again`;
  return (event) => {
    report(event);
    if (event.event === 'stopped') report({ event: 'notice', code: 'stopping', message });
  };
}
