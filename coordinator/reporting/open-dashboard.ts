import { openBrowser } from '../../shared/cli/open-browser.ts';
import type { Report } from './events.ts';
import { dashboardWithToken } from './reporter.ts';

/** Reports like `report`, and opens the dashboard in a browser as soon as it is there. */
export function openingDashboard(report: Report, open: typeof openBrowser = openBrowser): Report {
  return (event) => {
    report(event);
    if (event.event !== 'listening') return;
    const onFailure = (message: string) => report({ event: 'notice', code: 'dashboard', message });
    void open(dashboardWithToken(event), onFailure);
  };
}
