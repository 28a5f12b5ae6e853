import { applyUpdate, emptyView, type Update } from '../../model/run-view.ts';
import type { RunSource } from './connection.ts';

/** The run that is in the page's own file; undefined if there is none. See `report-file.ts`. */
export function embeddedRun(): RunSource | undefined {
  const text = document.querySelector('#lockstep-run')?.textContent;
  if (!text) return undefined;
  const view = applyUpdate(emptyView(), JSON.parse(text) as Update);
  return {
    state: { name: 'embedded' },
    view,
    hasToken: false,
    request: () => Promise.reject(new Error('a file cannot be asked')),
    useToken() {},
    loadMoments: () => Promise.resolve(),
  };
}
