/*
 * How often the page is drawn while a run goes on.
 *
 * The problem. The browser may be on the machine that trains. A picture takes some milliseconds of
 * script, and about three times that in all, and the coordinator tells news four times a second.
 *
 * The rule. After a picture that took d ms of script, the next one comes after 100 d at the
 * earliest, or after a second. So drawing takes a few percent of one core.
 */

const SHARE = 100;
const PICTURE_MS_MAX = 10;

/** How long the next picture has to wait, in ms, since the last one, which took `ms`. */
export const pauseAfter = (ms: number): number => SHARE * Math.min(ms, PICTURE_MS_MAX);
