import { remember, remembered } from '../../connection/storage.ts';
import type { Lesson } from './lesson.ts';
import { LESSONS } from './texts.ts';

/** Where a reader is. */
export interface LessonState {
  readonly lesson: Lesson | undefined;
  /** The screen, from 0. */
  readonly at: number;
  /** The answer that was chosen on this screen. */
  readonly chosen: number | undefined;
}

const KEY = 'lockstep-lesson';
const NONE: LessonState = { lesson: undefined, at: 0, chosen: undefined };

/** The lesson of the address; or the one that this tab has shown last, where its reader was. */
export function firstLesson(search: string): LessonState {
  const asked = new URLSearchParams(search).get('lesson');
  const [name, at] = (remembered('sessionStorage', KEY) ?? '').split(' ');
  const lesson = LESSONS.find((lesson) => lesson.name === (asked ?? name));
  if (!lesson) return NONE;
  return stateAt(lesson, asked === null || asked === name ? Number(at) : 0);
}

/** A screen of a lesson, and this tab remembers it. Without a lesson, it forgets. */
export function goTo(lesson: Lesson | undefined, at = 0): LessonState {
  remember('sessionStorage', KEY, lesson && `${lesson.name} ${at}`);
  return lesson ? stateAt(lesson, at) : NONE;
}

function stateAt(lesson: Lesson, at: number): LessonState {
  const isThere = Number.isInteger(at) && at >= 0 && at < lesson.screens.length;
  return { lesson, at: isThere ? at : 0, chosen: undefined };
}
