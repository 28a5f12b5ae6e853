import { randomBytes } from 'node:crypto';

/** A token that nobody can guess: 144 random bits. */
export const makeToken = (): string => randomBytes(18).toString('base64url');
