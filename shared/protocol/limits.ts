/** What a peer may ask of us, by name. Sizes in bytes, times in milliseconds. */

/** Changes whenever a coordinator and a worker of different versions could misunderstand each other. */
export const PROTOCOL_VERSION = 6;

/** Longest message header; the run's configuration with its class names is the largest. */
export const HEADER_BYTES_MAX = 64 * 1024;

/** Longest payload. Long vectors travel in chunks of this size to a peer on the same machine. */
export const CHUNK_BYTES_MAX = 1024 * 1024;

/** And in such chunks over a network, where a heartbeat should not wait long, and the next step may begin with the first. */
export const NETWORK_CHUNK_BYTES = 256 * 1024;

/** Longest frame: length prefix, header, padding, payload. The `maxPayload` of both sides. */
export const FRAME_BYTES_MAX = 4 + HEADER_BYTES_MAX + 8 + CHUNK_BYTES_MAX;

/** Longest name of a worker, and longest token, in characters. */
export const NAME_LENGTH_MAX = 64;

/** Numeric profiles that a worker may name. */
export const NUMERICS_MAX = 16;

/** Longest text of an `error` message; longer ones are cut by the sender. */
export const ERROR_LENGTH_MAX = 1000;

/** Connections at a time; a further one is turned away. */
export const CONNECTIONS_MAX = 1024;

/** A connection must say hello within this time. */
export const HELLO_TIMEOUT_MS = 10_000;

/** A welcomed worker must have its dataset within this time (it may have to fetch it over a slow link). */
export const PREPARE_TIMEOUT_MS = 10 * 60_000;

/** The coordinator sends a ping this often, whatever else it sends. */
export const PING_INTERVAL_MS = 2_000;

/**
 * A peer from which nothing came during so many ping intervals is taken for dead. Counted in our own ticks, not in
 * time: a process that was itself suspended must not blame its peers for the silence.
 */
export const SILENT_INTERVALS_MAX = 6;

/** A worker that leaves waits this long to finish its share and be let go. */
export const DRAIN_TIMEOUT_MS = 8_000;
