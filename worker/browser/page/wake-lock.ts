/**
 * Keeps the screen on while the page is visible and `isWanted`. A browser that cannot, or a device
 * that saves its battery, lets the screen go dark. Returns a function to call after each change.
 */
export function createWakeLock(isWanted: () => boolean): () => void {
  let lock: WakeLockSentinel | undefined;
  let isAsking = false;

  async function look(): Promise<void> {
    if (isAsking || !('wakeLock' in navigator)) return;
    const isNeeded = isWanted() && document.visibilityState === 'visible';
    if (isNeeded === (lock !== undefined && !lock.released)) return;
    isAsking = true;
    if (isNeeded) lock = await navigator.wakeLock.request('screen').catch(() => undefined);
    else await lock?.release().catch(() => {});
    isAsking = false;
  }

  document.addEventListener('visibilitychange', () => void look());
  return () => void look();
}
