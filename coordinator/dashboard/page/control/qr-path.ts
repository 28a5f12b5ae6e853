/**
 * The dark modules of a QR code as a path of an SVG, whose unit is a module. `modules`: a text of
 * 0 and 1 per row. Modules in a row that touch are one rectangle, so no gap shows between them.
 */
export function qrPath(modules: readonly string[]): string {
  return modules
    .flatMap((row, y) =>
      [...row.matchAll(/1+/g)].map(
        ({ 0: { length }, index }) => `M${index} ${y}h${length}v1h-${length}z`,
      ),
    )
    .join('');
}
