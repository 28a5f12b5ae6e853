/**
 * The ending of the files of modules: `.ts` in a checkout, `.js` in an installed package. For paths
 * of modules that are not imported, but run by another process.
 */
export const MODULE_ENDING = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
