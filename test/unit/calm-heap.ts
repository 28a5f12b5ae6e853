import v8 from 'node:v8';

/*
 * The flags with which a process computes make V8 collect whenever its heap has grown by 3 %; see
 * `shared/host/v8-flags.ts`. The heap of hundreds of test files is large, and a quarter of their
 * time went into that. Here V8 keeps its own limits.
 */
const set = v8.setFlagsFromString;
v8.setFlagsFromString = (flag) => {
  if (!/heap|semi-space|marking|external-memory/.test(flag)) set(flag);
};
