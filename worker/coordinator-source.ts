import type { ContentSource } from '../shared/data/loading/content-sources.ts';
import { download } from '../shared/data/loading/download.ts';
import { TOKEN_HEADER } from '../shared/protocol/limits.ts';
import { getFrom, type Trust } from './connect.ts';
import type { CoordinatorAddress } from './coordinator-address.ts';

/** The coordinator that a worker joins. It serves the contents of its run by their digests. */
export function coordinatorSource(
  address: CoordinatorAddress,
  trust: Trust,
  token: string | undefined,
): ContentSource {
  const headers = token === undefined ? {} : { [TOKEN_HEADER]: token };
  return {
    name: 'the coordinator',
    isRemote: true,
    read: ({ sha256 }, { signal, bytesMax, onProgress }) =>
      download(address.dataUrl(sha256).href, {
        signal,
        bytesMax,
        onProgress,
        async open(url, abort) {
          const answer = await getFrom(address, trust, new URL(url), headers, abort);
          return {
            status: answer.statusCode ?? 0,
            contentLength: answer.headers['content-length'] ?? null,
            location: answer.headers.location ?? null,
            body: answer,
          };
        },
      }),
  };
}
