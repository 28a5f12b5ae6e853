import type { Lesson } from './lesson.ts';
import { lockstepLesson } from './lockstep-lesson.ts';
import { neuronLesson } from './neuron-lesson.ts';
import { overfittingLesson } from './overfitting-lesson.ts';
import { stepLesson } from './step-lesson.ts';
import { vanishingLesson } from './vanishing-lesson.ts';

/** All lessons, in the order in which a newcomer reads them. */
export const LESSONS: readonly Lesson[] = [
  neuronLesson,
  stepLesson,
  overfittingLesson,
  vanishingLesson,
  lockstepLesson,
];
