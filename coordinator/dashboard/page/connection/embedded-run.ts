import { applyUpdate, emptyView, type Update } from '../../model/run-view.ts';
import type { RunSource } from './connection.ts';
import { answerFromFile } from './embedded-study.ts';

/** The run that is in the page's own file; undefined if there is none. See `report-file.ts`. */
export function embeddedRun(): RunSource | undefined {
  const text = document.querySelector('#lockstep-run')?.textContent;
  if (!text) return undefined;
  const view = applyUpdate(emptyView(), JSON.parse(text) as Update);
  return {
    state: { name: 'embedded' },
    view,
    hasToken: false,
    request: async (path) => {
      const answer = answerFromFile(path);
      if (answer) return answer;
      throw new Error('This file has not more of the run: see lockstep view.');
    },
    useToken() {},
    loadMoments: () => Promise.resolve(),
  };
}
