import {
  applyUpdate,
  emptyView,
  type RunView,
  type Update,
} from '../../../coordinator/dashboard/model/run-view.ts';

/**
 * Gets the updates of a dashboard, as its page does, until `isEnough` holds or the stream ends.
 * Resolves to what the page then shows.
 */
export async function followRun(
  dashboardUrl: string,
  isEnough: (view: RunView) => boolean = () => false,
): Promise<RunView> {
  const abort = new AbortController();
  const { signal } = abort;
  const response = await fetch(new URL('api/events', dashboardUrl), { signal });
  if (!response.body) throw new Error(`no stream: status ${response.status}`);
  let view = emptyView();
  let text = '';
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    const events = (text + piece).split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      const data = /^data: (.*)$/m.exec(event)?.[1];
      if (data !== undefined) view = applyUpdate(view, JSON.parse(data) as Update);
    }
    if (view.status && isEnough(view)) break;
  }
  abort.abort();
  return view;
}
