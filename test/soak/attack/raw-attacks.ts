import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeFrame } from '../../../shared/protocol/codec.ts';
import { FRAME_BYTES_MAX, SHORT_FRAME_BYTES_MAX } from '../../../shared/protocol/limits.ts';
import type { Draws } from '../../support/simulation/draws.ts';
import {
  attackerAddress,
  attackerMachine,
  connectFrom,
  type Origin,
  type Target,
} from './target.ts';
import { hello } from './valid-frames.ts';
import { handshake, OPCODE, webSocketFrame } from './websocket-bytes.ts';

/*
 * Attacks with sockets that keep to no protocol. Each attack opens its sockets, and ends them after
 * `STAY_MS`. Sockets that do not read are paused: what the coordinator sends them has to wait.
 */

const STAY_MS = 1_500;
const SHORTEST = 0.1;

interface Attacker {
  readonly target: Target;
  readonly draws: Draws;
  /** A connection from another address, or not. */
  open(): Socket;
}

export interface RawAttack {
  readonly name: string;
  /** The number of connections. */
  readonly count: number;
  begin(attacker: Attacker): void;
}

const get = (path: string, headers = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`;

const withToken = ({ token }: Target): string => `Authorization: Bearer ${token}\r\n`;

/** Writes pieces, one every 50 ms. */
async function writeSlowly(socket: Socket, bytes: Uint8Array, pieceBytes: number): Promise<void> {
  for (let at = 0; at < bytes.length && !socket.destroyed; at += pieceBytes) {
    socket.write(bytes.subarray(at, at + pieceBytes));
    await sleep(50);
  }
}

const joined = (target: Target): Buffer =>
  Buffer.concat([handshake(), webSocketFrame(encodeFrame(hello('half', target.token)))]);

/** Attacks on HTTP. */
const HTTP_ATTACKS: readonly RawAttack[] = [
  { name: 'connections that say nothing', count: 400, begin: ({ open }) => void open() },
  {
    name: 'half requests',
    count: 100,
    begin: ({ open, draws }) =>
      void open().write(get('/api/status').slice(0, draws.integer(1, 40))),
  },
  {
    name: 'slow writers',
    count: 60,
    begin: ({ open, draws }) =>
      void writeSlowly(open(), draws.pick([handshake(), Buffer.from(get('/healthz'))]), 3),
  },
  {
    name: 'pipelined requests that nobody reads',
    count: 20,
    begin({ open, target, draws }) {
      const path = draws.pick(['/api/steps', '/api/status', '/metrics', '/nowhere']);
      const asked = get(path, draws.chance(0.5) ? withToken(target) : '');
      open().pause().write(asked.repeat(1000));
    },
  },
  {
    name: 'datasets that nobody reads',
    count: 60,
    begin: ({ open, target }) =>
      void open()
        .pause()
        .write(get(`/data/${target.contentSha256}`, withToken(target)).repeat(16)),
  },
  {
    name: 'bad requests',
    count: 100,
    begin({ open, draws, target }) {
      const bad = draws.pick([
        'GET / HTTP/1.1\r\n\r\n',
        'GET / HTTP/9.9\r\nHost: localhost\r\n\r\n',
        `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
        `GET / HTTP/1.1\r\nHost: localhost\r\n${'X: y\r\n'.repeat(3000)}\r\n`,
        get('/api/steps?after=1e999', withToken(target)),
        get('/data/../../etc/passwd', withToken(target)),
        get('http://evil.example/api/status', withToken(target)),
        `POST /api/status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\nx`,
        `POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n`,
        'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
        '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003',
        '\0'.repeat(1000),
        `${'\r\n'.repeat(5000)}`,
      ]);
      open().resume().write(bad, 'latin1');
    },
  },
  {
    name: 'foreign hosts and origins',
    count: 60,
    begin({ open, draws, target }) {
      const headers = draws.pick([
        { Host: 'evil.example' },
        { Host: '' },
        { Host: undefined },
        { Host: 'localhost@evil.example' },
        { Origin: 'http://evil.example' },
        { Origin: 'null' },
        { Origin: 'file://' },
      ]);
      const frame = webSocketFrame(encodeFrame(hello('foreign', target.token)));
      open()
        .resume()
        .write(Buffer.concat([handshake({ headers }), frame]));
    },
  },
];

/** Attacks on the handshake, and with WebSocket frames. */
const WEBSOCKET_ATTACKS: readonly RawAttack[] = [
  {
    name: 'bad upgrades',
    count: 100,
    begin({ open, draws }) {
      const bad = draws.pick([
        handshake({ headers: { 'Sec-WebSocket-Key': undefined } }),
        handshake({ headers: { 'Sec-WebSocket-Key': 'short' } }),
        handshake({ headers: { 'Sec-WebSocket-Version': '99' } }),
        handshake({ headers: { Upgrade: 'h2c' } }),
        handshake({ headers: { Upgrade: undefined } }),
        handshake({ headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate; x=,' } }),
        handshake({ headers: { 'Sec-WebSocket-Protocol': ',,,' } }),
        handshake({ method: 'POST' }),
        handshake({ version: 'HTTP/1.0' }),
        handshake({ headers: { 'Content-Length': '1000000' } }),
        handshake().subarray(0, draws.integer(1, 150)),
      ]);
      open().resume().write(bad);
    },
  },
  {
    name: 'empty messages',
    count: 60,
    begin({ open, draws }) {
      const frames = Array.from({ length: 20 }, () =>
        webSocketFrame(Buffer.of(), { opcode: draws.pick([OPCODE.text, OPCODE.binary]) }),
      );
      open()
        .resume()
        .write(Buffer.concat([handshake(), ...frames]));
    },
  },
  {
    name: 'half frames of strangers',
    count: 300,
    begin: ({ open }) => open().resume().write(halfFrame(handshake(), SHORT_FRAME_BYTES_MAX)),
  },
  {
    name: 'half frames of members',
    count: 300,
    begin: ({ open, target }) =>
      open()
        .resume()
        .write(halfFrame(joined(target), FRAME_BYTES_MAX)),
  },
  {
    name: 'slow frames',
    count: 40,
    begin({ open, target }) {
      const socket = open().resume();
      socket.write(handshake());
      const frame = webSocketFrame(encodeFrame(hello('slow', target.token)));
      void writeSlowly(socket, frame, 2);
    },
  },
  {
    name: 'pings that nobody reads the answers of',
    count: 10,
    begin({ open, target, draws }) {
      const ping = webSocketFrame(Buffer.alloc(125), { opcode: OPCODE.ping });
      const start = draws.chance(0.5) ? joined(target) : handshake();
      open()
        .pause()
        .write(Buffer.concat([start, ...Array<Buffer>(40_000).fill(ping)]));
    },
  },
  {
    name: 'fragments',
    count: 20,
    begin({ open, target }) {
      const fragment = { opcode: OPCODE.continuation, isLast: false };
      const first = webSocketFrame(Buffer.of(1), { isLast: false });
      const rest = webSocketFrame(Buffer.of(), fragment);
      open()
        .resume()
        .write(Buffer.concat([joined(target), first, ...Array<Buffer>(50_000).fill(rest)]));
    },
  },
  {
    name: 'members that read nothing',
    count: 100,
    begin: ({ open, target }) => void open().pause().write(joined(target)),
  },
];

function halfFrame(start: Buffer, announced: number): Buffer {
  const half = webSocketFrame(Buffer.alloc(announced >> 1, 1), { announced });
  return Buffer.concat([start, half]);
}

export const RAW_ATTACKS: readonly RawAttack[] = [...HTTP_ATTACKS, ...WEBSOCKET_ATTACKS];

export interface RawOptions {
  readonly origin: Origin;
  readonly draws: Draws;
  /** The part of an attack's connections to make. */
  readonly part: number;
}

/**
 * Carries out an attack, which takes longer the more of it is wanted. Returns the number of its
 * connections.
 */
export async function attackRaw(
  target: Target,
  { count, begin }: RawAttack,
  { origin, draws, part }: RawOptions,
): Promise<number> {
  const sockets: Socket[] = [];
  const open = () => {
    const isMachine = draws.chance(0.5);
    const address = (isMachine ? attackerMachine : attackerAddress)(origin, draws);
    const socket = connectFrom(target, address);
    sockets.push(socket);
    return socket;
  };
  const total = Math.ceil(count * part);
  const stayMs = STAY_MS * Math.max(part, SHORTEST);
  for (let i = 0; i < total; i++) {
    begin({ target, draws, open });
    // The attack comes within half of its time.
    if (i % 20 === 19) await sleep((stayMs * 10) / total);
  }
  await sleep(stayMs / 2);
  for (const socket of sockets) socket.resetAndDestroy();
  return total;
}
