import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** A connection that asks for more than this before it has its answers is closed. */
const WAITING_MAX = 16;

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Answers the requests of a connection one after the other. The next answer is made only when the
 * last one is sent: a peer that asks and does not read costs one answer. (Node would make an answer
 * for each request at once.)
 */
export function inTurn(answer: Answer): Answer {
  const waiting = new WeakMap<Socket, Parameters<Answer>[]>();

  function answerFirst(queue: Parameters<Answer>[]): void {
    const [request, response] = queue[0];
    response.once('close', () => {
      queue.shift();
      if (queue.length > 0 && !request.socket.destroyed) answerFirst(queue);
    });
    answer(request, response);
  }

  return (request, response) => {
    const { socket } = request;
    const queue = waiting.get(socket) ?? [];
    waiting.set(socket, queue);
    if (queue.length > WAITING_MAX) socket.destroy();
    if (socket.destroyed) return;
    queue.push([request, response]);
    if (queue.length === 1) answerFirst(queue);
  };
}
