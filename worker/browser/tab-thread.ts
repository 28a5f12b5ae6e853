import { serveDesk, type ThreadData } from '../../shared/threads/serve-desk.ts';

/* A further thread of a tab: does the jobs of its desk until it is terminated. */

addEventListener('message', ({ data }: MessageEvent<ThreadData>) => {
  serveDesk(data, (news) => postMessage(news));
});
