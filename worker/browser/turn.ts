/** Lets messages have a turn. A timer would take 4 ms, and seconds in a hidden tab. */
export function createTurn(): () => Promise<void> {
  const { port1, port2 } = new MessageChannel();
  let wake = () => {};
  port1.onmessage = () => wake();
  return () =>
    new Promise((resolve) => {
      wake = resolve;
      port2.postMessage(undefined);
    });
}
