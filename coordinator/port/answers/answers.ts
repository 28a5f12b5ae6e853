import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Numerics } from '../../../shared/engine/kernels.ts';
import { LockstepError } from '../../../shared/errors.ts';
import type { RunControl } from '../../control/run-control.ts';
import { answerControl } from './control-answers.ts';
import { describeJoin, type PortUrls } from './join.ts';
import { isForPage, type PageFile, sendHtml, sendPageFile } from './page-answers.ts';
import { answerPredict, PREDICT_PATH, type Predict } from './predict-answer.ts';
import { PLAIN_PAGE, type Right } from './rights.ts';
import { send, sendError, sendJson } from './send.ts';
import { statusPage } from './status-page.ts';

/** A text of some media type. */
export interface TypedText {
  readonly type: string;
  readonly text: string;
}

/** What the coordinator answers to HTTP requests. */
export interface AnswerSources {
  /** The answer to `GET /api/status`. */
  readonly status: () => object;
  /** The answer to `GET /api/steps?after=STEP`, as JSON. Without `after`, the step is -1. */
  readonly stepsAfter: (step: number) => string;
  /** The answer to `GET /metrics`. */
  readonly metrics: () => Promise<TypedText>;
  /** The content of the dataset file with this SHA-256, for `GET /data/<sha256>`. */
  readonly contentOf: (sha256: string) => Uint8Array | undefined;
  /** Answers `GET /api/events` with a stream. Returns false if there are too many streams. */
  readonly openEvents: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** The files of the pages by their paths. */
  readonly pageFiles: () => ReadonlyMap<string, PageFile>;
  /** Further requests to `/api/`, by their paths. They need the right to watch. */
  readonly routes?: Routes | undefined;
  /** The same, for what shows the data or the model. They need the right to work. */
  readonly dataRoutes?: Routes | undefined;
  /** Classifies a picture, for `POST /api/predict`. Undefined: the run does not. */
  readonly predict?: Predict | undefined;
  /** Shows and does what `/api/control` asks for. */
  readonly control: RunControl;
  /** Whether workers need a token to join. */
  readonly isTokenNeeded: boolean;
  /** The token that only gives work, if there is one. */
  readonly workToken?: string | null | undefined;
  /** How the run rounds. */
  readonly numerics?: Numerics;
}

/** Each gives JSON, or bytes. A `LockstepError` says what is wrong with the request. */
export type Routes = ReadonlyMap<string, Route>;
export type Route = (query: URLSearchParams) => Answer | Promise<Answer>;
type Answer = string | BinaryAnswer;

export interface BinaryAnswer {
  readonly body: Uint8Array;
  /** With an `etag`, who has that already gets no body. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What the server itself knows. */
export interface ServerSources extends AnswerSources {
  readonly urls: () => PortUrls;
}

/** Who asks. */
export interface Asker {
  readonly token: string | undefined;
  readonly rights: ReadonlySet<Right>;
}

function sendUnauthorized(response: ServerResponse, pathname: string, right: Right): void {
  const isPlainPage = pathname === PLAIN_PAGE;
  // A browser asks for a password then.
  const scheme = isPlainPage
    ? 'Basic realm="lockstep", charset="UTF-8"'
    : 'Bearer realm="lockstep"';
  response.setHeader('www-authenticate', scheme);
  const advice = isPlainPage
    ? 'give the token of the coordinator as the password, with any name'
    : 'send the header "Authorization: Bearer TOKEN", with the token of the coordinator';
  sendError(response, 401, `${pathname} needs a token with the right to ${right}: ${advice}`);
}

/** The path of a dataset's file. A proxy may have put something before it. */
const DATA_PATH = /\/data\/([0-9a-f]{64})$/;

/** Answers a request that may be answered. Rejects if a source throws. */
export async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  asker: Asker,
  sources: ServerSources,
): Promise<void> {
  const { method, url = '/' } = request;
  const [pathname, query] = url.split('?');
  if (isForPage(request, pathname)) return sendPageFile(response, pathname, sources.pageFiles());
  const [, sha256] = DATA_PATH.exec(pathname) ?? [];
  const isOrder = method === 'POST' && pathname === '/api/control';
  const dataRoute = sources.dataRoutes?.get(pathname);
  const isData = sha256 !== undefined || dataRoute !== undefined;
  const needed: Right = isOrder ? 'control' : isData ? 'work' : 'watch';
  if (pathname !== '/healthz' && !asker.rights.has(needed))
    return sendUnauthorized(response, pathname, needed);
  if (isOrder) return answerControl(request, response, sources.control);
  const parameters = new URLSearchParams(query);
  if (pathname === PREDICT_PATH && (method === 'POST' || !sources.predict))
    return answerPredict(request, response, parameters, sources.predict);
  if ((method !== 'GET' && method !== 'HEAD') || pathname === PREDICT_PATH)
    return refuseMethod(response, pathname, method);
  const content = sources.contentOf(sha256 ?? '');
  if (content) return send(response, 200, 'application/octet-stream', content);
  const route = dataRoute ?? sources.routes?.get(pathname);
  if (route) return sendRoute(response, () => route(parameters));
  if (pathname === '/api/events') return answerEvents(request, response, sources);
  return answerGet(pathname, parameters, response, asker, sources);
}

async function answerGet(
  pathname: string,
  query: URLSearchParams,
  response: ServerResponse,
  { token, rights }: Asker,
  { status, stepsAfter, metrics, control, isTokenNeeded, workToken, numerics, urls }: ServerSources,
): Promise<void> {
  switch (pathname) {
    case '/healthz':
      return sendJson(response, 200, '{"status":"ok"}');
    case '/':
      return send(response, 200, 'text/plain; charset=utf-8', WELCOME_TEXT);
    case PLAIN_PAGE:
      return sendHtml(response, statusPage(status()));
    case '/api/status':
      return sendJson(response, 200, JSON.stringify(status()));
    case '/api/steps': {
      const after = query.get('after') ?? '-1';
      if (!/^-?\d{1,15}$/.test(after))
        return sendError(response, 400, `after=${after} is not a step: give a whole number`);
      return sendJson(response, 200, stepsAfter(Number(after)));
    }
    case '/metrics': {
      const { type, text } = await metrics();
      return send(response, 200, type, text);
    }
    case '/api/control':
      return sendJson(response, 200, JSON.stringify(control.view(rights.has('control'))));
    case '/api/join': {
      // Who may only watch gets no token, not even the one that lets others watch.
      const shown = rights.has('control') ? { token, workToken: workToken ?? token } : {};
      const found = await describeJoin({ urls: urls(), isTokenNeeded, numerics, ...shown });
      return sendJson(response, 200, JSON.stringify(found));
    }
  }
  const advice = 'try /healthz, /api/status, /api/steps, /metrics or a WebSocket connection';
  sendError(response, 404, `no ${pathname} here: ${advice}`);
}

/** The methods of paths that do not only show something. */
const METHODS: Readonly<Record<string, readonly string[]>> = {
  '/api/control': ['GET', 'HEAD', 'POST'],
  [PREDICT_PATH]: ['POST'],
};

function refuseMethod(response: ServerResponse, pathname: string, method: string | undefined) {
  const allowed = METHODS[pathname] ?? ['GET', 'HEAD'];
  response.setHeader('allow', allowed.join(', '));
  const use = allowed.filter((name) => name !== 'HEAD').join(' or ');
  sendError(response, 405, `method ${method} is not allowed: use ${use}`);
}

function answerEvents(
  request: IncomingMessage,
  response: ServerResponse,
  { openEvents }: AnswerSources,
): void {
  // It asks what kind of answer there would be, and a stream has no length.
  if (request.method === 'HEAD') return send(response, 200, 'text/event-stream', '');
  if (openEvents(request, response)) return;
  response.setHeader('retry-after', '10');
  sendError(response, 503, 'too many dashboards are open: close one');
}

async function sendRoute(
  response: ServerResponse,
  answerOf: () => Answer | Promise<Answer>,
): Promise<void> {
  try {
    const found = await answerOf();
    if (typeof found === 'string') sendJson(response, 200, found);
    else sendBinary(response, found);
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    sendError(response, 400, error.message);
  }
}

function sendBinary(response: ServerResponse, { body, headers }: BinaryAnswer): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  const isKnown =
    headers.etag !== undefined && response.req.headers['if-none-match'] === headers.etag;
  if (isKnown) send(response, 304, 'application/octet-stream', '');
  else send(response, 200, 'application/octet-stream', body);
}

const WELCOME_TEXT = `This is a Lockstep coordinator.

  GET /             the dashboard, in a browser
  GET /join         a page that makes a worker of a browser's tab
  GET /status       the status as a plain page, without JavaScript
  GET /api/status   state of the run and its workers, as JSON
  GET /api/events   what happens in the run, as server-sent events
  GET /api/steps    timings of the newest steps, as JSON; ?after=STEP for the steps after STEP
  GET /api/runs     the newest runs in the folders beside this run's, as JSON
  GET /api/control  what people can do to the run, as JSON; POST does it, with a token
  POST /api/predict what the model takes a picture for, as JSON; only with --predict
  GET /api/join     how workers and people join, as JSON
  GET /api/study    the net, with /api/parameters, /api/examples and /api/layers
  GET /metrics      figures of the run, for Prometheus
  GET /healthz      "ok" if the coordinator is alive

Workers join by WebSocket on this port: npx lockstep worker ws://HOST:PORT
`;
