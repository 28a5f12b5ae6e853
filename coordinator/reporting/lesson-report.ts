import type { Report } from './events.ts';

/** Reports like `report`, with an address of the dashboard that opens a lesson. */
export function openingLesson(report: Report, lesson: string): Report {
  return (event) => {
    if (event.event !== 'listening') return report(event);
    report({ ...event, dashboardUrl: `${event.dashboardUrl}?learning&lesson=${lesson}` });
  };
}
