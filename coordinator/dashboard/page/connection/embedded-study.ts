import type { EmbeddedStudy } from '../../../study/study-answer.ts';

/** What the page's own file has of the net; undefined if it has nothing. See `report-file.ts`. */
const study: EmbeddedStudy | undefined = read();

function read(): EmbeddedStudy | undefined {
  const text = document.querySelector('#lockstep-study')?.textContent;
  return text ? (JSON.parse(text) as EmbeddedStudy) : undefined;
}

export const hasEmbeddedStudy = (): boolean => study !== undefined;

/** The fast kernels in the page's own file; undefined if there are none. */
export const embeddedKernels = (): BufferSource | undefined => study && bytesOf(study.kernels);

/** Answers what the page asks a coordinator about the net. */
export function answerFromFile(path: string): Response | undefined {
  if (!study) return undefined;
  const [name, query] = path.split('?');
  if (name === 'api/study') return Response.json(study.answer);
  if (name === 'api/layers') return Response.json({ isMeasured: false, samples: [] });
  if (name === 'api/parameters')
    return new Response(bytesOf(study.parameters), {
      headers: { 'lockstep-step': String(study.step) },
    });
  const isThere = name === 'api/examples' && new URLSearchParams(query).get('set') === 'test';
  return isThere ? new Response(bytesOf(study.examples)) : undefined;
}

const bytesOf = (base64: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
