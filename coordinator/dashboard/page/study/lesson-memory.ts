import { remember, remembered } from '../connection/storage.ts';

const KEY = 'lockstep-lesson';

/** Where the reader of this tab is: the name of a lesson and a screen, "step 2". Empty: nowhere. */
export const rememberedLesson = (): string => remembered('sessionStorage', KEY) ?? '';

/** Undefined: forgets it. */
export const rememberLesson = (place: string | undefined): void =>
  remember('sessionStorage', KEY, place);
