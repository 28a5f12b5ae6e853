import type { Plugin } from 'vite';

/** A part of the tree of a script: a node, a list of nodes, or a value. */
type Tree = { readonly type?: string; readonly [key: string]: unknown } | readonly unknown[];

interface TemplateText {
  readonly start: number;
  readonly end: number;
}

/**
 * Makes one space of each line break in the templates of the page, with the spaces around it. A
 * browser shows both as one space. The page has no `<pre>`, where it would not.
 */
export const collapseTemplates: Plugin = {
  name: 'collapse-templates',
  transform(code, id) {
    if (!id.endsWith('.ts') || !/\b(html|svg)`/.test(code)) return undefined;
    return { code: collapse(code, textsIn(this.parse(code, { lang: 'ts' }) as unknown as Tree)) };
  },
};

export function collapse(code: string, texts: readonly TemplateText[]): string {
  let [result, done] = ['', 0];
  for (const { start, end } of texts) {
    result += code.slice(done, start) + code.slice(start, end).replace(/\s*\n\s*/g, ' ');
    done = end;
  }
  return result + code.slice(done);
}

/** The texts of the templates that are tagged `html` or `svg`, in their order. */
export function textsIn(tree: Tree): TemplateText[] {
  const texts: TemplateText[] = [];
  const walk = (part: unknown) => {
    if (typeof part !== 'object' || part === null) return;
    const { type, tag, quasi } = part as Record<string, { name?: string; quasis?: TemplateText[] }>;
    if ((type as unknown) === 'TaggedTemplateExpression' && /^(html|svg)$/.test(tag.name ?? ''))
      texts.push(...(quasi.quasis ?? []));
    for (const child of Object.values(part)) walk(child);
  };
  walk(tree);
  return texts.sort((a, b) => a.start - b.start);
}
