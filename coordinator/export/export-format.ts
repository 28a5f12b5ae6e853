/** What an export may need besides the run. */
export interface ExportContext {
  /** Aborted when the user ends the command. What was begun must then be removed. */
  readonly signal: AbortSignal;
  /** Whether what an earlier export has written may be replaced. */
  readonly replace: boolean;
  /** The checkpoint to take, by its step. Undefined: the model of the run. */
  readonly checkpoint?: number | undefined;
}

/** What was exported. */
export interface Exported {
  /** The files, as paths that the user can open. */
  readonly files: readonly string[];
  /** What scripts may want to know about them; fields of the JSON output. */
  readonly facts: Readonly<Record<string, string | number | boolean | null>>;
  /** The same for people, in a line. */
  readonly summary: string;
  /** What people may do with the files next, in a line. */
  readonly advice?: string | undefined;
}

/** A format in which a run can be exported. To add one, list it in `export-command.ts`. */
export interface ExportFormat {
  /** Whether it holds a model, so that `checkpoint` chooses one. Otherwise it holds the records. */
  readonly isModel: boolean;
  /** Where the export of a run goes if the user does not say: a path in or beside it. */
  defaultOut(run: string): string;
  /**
   * Writes a run, or a part of it, to `out`. Throws a `FILE` error if the run lacks what the format
   * needs, or if `out` has such files already or cannot be written. Then nothing is left there.
   */
  write(run: string, out: string, context: ExportContext): Promise<Exported>;
}
