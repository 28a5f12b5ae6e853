/** The limits of the protocol. Sizes are in bytes, times in milliseconds. */

/** Changes if a coordinator and a worker of different versions could misunderstand each other. */
export const PROTOCOL_VERSION = 8;

/** The longest header. The largest message is the run's configuration with its class names. */
export const HEADER_BYTES_MAX = 1024 * 1024;

/** The longest payload. This is also the size of a vector's chunks to a peer on this machine. */
export const CHUNK_BYTES_MAX = 1024 * 1024;

/**
 * The shortest chunk, except for the last one of a vector. Shorter ones cost more than they carry.
 */
export const CHUNK_BYTES_MIN = 16 * 1024;

/**
 * The size of chunks over a network. With small chunks, a heartbeat does not wait long, and the
 * next step can begin with the first chunk.
 */
export const NETWORK_CHUNK_BYTES = 256 * 1024;

/**
 * The longest frame: length prefix, header, padding, payload. The `maxPayload` of both ends. A long
 * header comes alone: that of a chunk is short.
 */
export const FRAME_BYTES_MAX = 4 + 64 * 1024 + 8 + CHUNK_BYTES_MAX;

/** The longest message of a worker that owes no sum, in place of {@link FRAME_BYTES_MAX}. */
export const SHORT_FRAME_BYTES_MAX = 64 * 1024;

/** The longest name of a worker and the longest token, in characters. */
export const NAME_LENGTH_MAX = 64;

/** The longest name of what a worker runs in, in characters. */
export const RUNTIME_LENGTH_MAX = 40;

/** The header with a worker's token, when it asks for the dataset over HTTP. */
export const TOKEN_HEADER = 'lockstep-token';

/** The variable with the identity of a worker that a coordinator's own process starts. */
export const OWN_IDENTITY = 'LOCKSTEP_IDENTITY';

/** The longest list of numerics that a worker may send. */
export const NUMERICS_MAX = 16;

/** The longest text of an `error` message, in characters. The sender cuts a longer one. */
export const ERROR_LENGTH_MAX = 1000;

/** The largest number of workers at a time. A further one is asked to come back later. */
export const WORKERS_MAX = 1024;

/** A worker must say hello within this time after it has connected. */
export const HELLO_TIMEOUT_MS = 10_000;

/** A welcomed worker must have its dataset within this time. It may fetch it over a slow link. */
export const PREPARE_TIMEOUT_MS = 10 * 60_000;

/**
 * The interval of the coordinator's pings, which are sent in addition to all other messages. Also
 * the interval at which both ends check whether their peer is silent.
 */
export const PING_INTERVAL_MS = 2_000;

/**
 * A peer is taken for dead after more than this many ping intervals in a row without a frame. Each
 * end counts the ticks of its own timer, so a suspended process does not blame its peers.
 */
export const SILENT_INTERVALS_MAX = 6;

/** A worker that leaves waits at most this long for the end of its share and for the goodbye. */
export const DRAIN_TIMEOUT_MS = 8_000;
