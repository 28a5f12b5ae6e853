/**
 * The color of one scheme. A canvas does not know `light-dark(LIGHT, DARK)`, and the computed value
 * of a custom property is still that.
 */
export function ofOneScheme(value: string, isDark: boolean): string {
  const [, light, dark] = /^light-dark\(\s*(#\w+)\s*,\s*(#\w+)\s*\)$/.exec(value) ?? [];
  if (light === undefined) return value;
  return isDark ? dark : light;
}
