import { parentPort, workerData } from 'node:worker_threads';
import { serveDesk } from './serve-desk.ts';

/* A thread of a team in Node: does the jobs of its desk until its process ends. */

serveDesk(workerData, (news) => parentPort?.postMessage(news));
