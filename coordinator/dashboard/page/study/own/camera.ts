/** A camera that is on. */
export interface Camera {
  /** Ends it. What it showed last stays. */
  stop(): void;
}

/** Why there is no camera here; undefined if there may be one. */
export function whyNoCamera(): string | undefined {
  if (!isSecureContext)
    return 'A camera needs a secure page: open this page on this machine, or by https.';
  if (!navigator.mediaDevices) return 'This browser has no camera.';
  return undefined;
}

/** Pictures per second: more than that nobody needs to aim. */
const PICTURES_MS = 100;

/** Turns the camera on and shows its pictures until it is stopped. Rejects with a reason. */
export async function startCamera(show: (video: HTMLVideoElement) => void): Promise<Camera> {
  const stream = await navigator.mediaDevices
    .getUserMedia({ video: { facingMode: 'environment' } })
    .catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`The camera does not start: ${reason}.`);
    });
  const video = document.createElement('video');
  video.muted = video.playsInline = true;
  video.srcObject = stream;
  await video.play();
  const timer = setInterval(() => show(video), PICTURES_MS);
  return {
    stop() {
      clearInterval(timer);
      for (const track of stream.getTracks()) track.stop();
    },
  };
}
