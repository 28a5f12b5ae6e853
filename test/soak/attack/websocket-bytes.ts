/** The bytes of WebSocket connections, made by hand so that they may be wrong: RFC 6455. */

export interface HandshakeOptions {
  readonly method?: string;
  readonly path?: string;
  readonly version?: string;
  /** Replaced or added headers. An undefined one is left out. */
  readonly headers?: Record<string, string | undefined>;
}

export function handshake({
  method = 'GET',
  path = '/',
  version = 'HTTP/1.1',
  headers = {},
}: HandshakeOptions = {}): Buffer {
  const all: Record<string, string | undefined> = {
    Host: 'localhost',
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}`],
  );
  return Buffer.from([`${method} ${path} ${version}`, ...lines, '\r\n'].join('\r\n'), 'latin1');
}

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface FrameOptions {
  readonly opcode?: number;
  readonly isLast?: boolean;
  readonly isMasked?: boolean;
  /** The three bits that mean nothing without an extension. */
  readonly reserved?: number;
  /** The length that the header announces. Default: the payload's. */
  readonly announced?: number;
}

/** A frame, with a mask of zeros. */
export function webSocketFrame(
  payload: Uint8Array,
  {
    opcode = OPCODE.binary,
    isLast = true,
    isMasked = true,
    reserved = 0,
    announced = payload.length,
  }: FrameOptions = {},
): Buffer {
  const first = (isLast ? 0x80 : 0) | (reserved << 4) | opcode;
  const mask = isMasked ? 0x80 : 0;
  const start = Buffer.alloc(10);
  start[0] = first;
  let length = 2;
  if (announced < 126) start[1] = mask | announced;
  else if (announced < 2 ** 16) {
    start[1] = mask | 126;
    start.writeUInt16BE(announced, 2);
    length = 4;
  } else {
    start[1] = mask | 127;
    start.writeBigUInt64BE(BigInt(Math.floor(announced)), 2);
    length = 10;
  }
  return Buffer.concat([start.subarray(0, length), Buffer.alloc(isMasked ? 4 : 0), payload]);
}

/** A close frame. The peer answers it and closes the connection. */
export const CLOSE_FRAME = webSocketFrame(Buffer.of(0x03, 0xe8), { opcode: OPCODE.close });
