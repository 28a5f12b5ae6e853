import type { Ask } from './ui.ts';

/** The coordinator has so long to answer. */
const ANSWER_MS_MAX = 10_000;

/** The JSON that the coordinator answers. Throws an error that says what is wrong, for people. */
export async function askJson<T>(
  ask: Ask,
  path: string,
  init: RequestInit = {},
  answerMsMax = ANSWER_MS_MAX,
): Promise<T> {
  const signal = AbortSignal.timeout(answerMsMax);
  const failed = (error: unknown): never => {
    if (signal.aborted) {
      throw new Error(`the coordinator has not answered for ${answerMsMax / 1000} s`);
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`the coordinator does not answer: ${reason}`);
  };
  const response = await ask(path, { ...init, signal }).catch(failed);
  const text = await response.text().catch(failed);
  const answer = parse(text);
  if (response.ok && answer) return answer as T;
  const { error } = answer ?? {};
  throw new Error(typeof error === 'string' ? error : `the answer is ${response.status}`);
}

/** An object from JSON; undefined if the text is none. A proxy may answer with a page. */
function parse(text: string): { readonly error?: unknown } | undefined {
  try {
    const found: unknown = JSON.parse(text);
    return typeof found === 'object' && found !== null ? found : undefined;
  } catch {
    return undefined;
  }
}
