import v8 from 'node:v8';

/*
 * Settings of V8, made as soon as this file is imported, before WebAssembly is compiled. They change speed, no
 * result; where one is not known it does nothing.
 */

// Two 128-bit operations side by side become one of 256 bits.
v8.setFlagsFromString('--experimental-wasm-revectorize');
// Kernels run compiled in full from the first call on.
v8.setFlagsFromString('--no-liftoff');
// Frames are garbage outside V8's heap, megabytes a step. By default every 64 MB of it make V8 look through its whole
// heap, which took as long as the rest of a step; this way they count against the same limits as the heap itself.
v8.setFlagsFromString('--external-memory-accounted-in-global-limit');
