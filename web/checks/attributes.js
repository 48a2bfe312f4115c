// The ESLint rule for long tags: where a tag's attributes do not stand on its first line, each has a line of its own.

/** @type {import("eslint").Rule.RuleModule} */
export const attributesRule = {
  meta: {
    type: "layout",
    docs: { description: "One attribute a line in a tag of several lines." },
    schema: [],
  },
  create(context) {
    return {
      /** @param {any} node */
      JSXOpeningElement(node) {
        /** @type {number[]} */
        const lines = node.attributes.map((/** @type {any} */ attribute) => attribute.loc.start.line);
        if (lines.every((line) => line === node.loc.start.line)) return;
        const at = lines.findIndex((line, index) => line === node.loc.start.line || line === lines[index - 1]);
        if (at >= 0) context.report({ node: node.attributes[at], message: "One attribute a line in a tag of several lines." });
      },
    };
  },
};
