/**
 * The part of WebAssembly that the engine uses. TypeScript declares WebAssembly only in its DOM
 * library, together with all names of a browser.
 */
declare namespace WebAssembly {
  class Memory {
    constructor(descriptor: { initial: number; maximum?: number; shared?: boolean });
    /** A SharedArrayBuffer if the memory is shared. */
    readonly buffer: ArrayBuffer;
  }
  function compile(bytes: ArrayBuffer): Promise<Module>;
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, unknown>>);
    readonly exports: Record<string, unknown>;
  }
}
