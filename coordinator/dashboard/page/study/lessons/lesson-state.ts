import { rememberedLesson, rememberLesson } from '../lesson-memory.ts';
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

export const NO_LESSON: LessonState = { lesson: undefined, at: 0, chosen: undefined };

/**
 * The lesson of the address, which this tab remembers; or the one that it has shown last, where its
 * reader was.
 */
export function firstLesson(search: string): LessonState {
  const asked = new URLSearchParams(search).get('lesson');
  const [name, at] = rememberedLesson().split(' ');
  const lesson = LESSONS.find((lesson) => lesson.name === (asked ?? name));
  if (!lesson) return NO_LESSON;
  return goTo(lesson, asked === null || asked === name ? Number(at) : 0);
}

/** A screen of a lesson, and this tab remembers it. Without a lesson, it forgets. */
export function goTo(lesson: Lesson | undefined, at = 0): LessonState {
  const isThere = Number.isInteger(at) && at >= 0 && at < (lesson?.screens.length ?? 0);
  const screen = isThere ? at : 0;
  rememberLesson(lesson && `${lesson.name} ${screen}`);
  return lesson ? { lesson, at: screen, chosen: undefined } : NO_LESSON;
}
