/**
 * The data of each event of a stream of server-sent events. Comments and ids are left out. Calls
 * `hear` whenever something arrives, also a comment.
 */
export async function* eventData(
  body: ReadableStream<Uint8Array>,
  hear = () => {},
): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      hear();
      const seen = Math.max(0, text.length - 1);
      text += decoder.decode(value, { stream: true });
      let end = text.indexOf('\n\n', seen);
      for (; end >= 0; end = text.indexOf('\n\n')) {
        const data = dataOf(text.slice(0, end));
        text = text.slice(end + 2);
        if (data !== '') yield data;
      }
    }
  } finally {
    reader.releaseLock();
  }
}

/** The data of one event; empty if it has none. */
const dataOf = (event: string): string =>
  event
    .split('\n')
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5).trimStart())
    .join('\n');
