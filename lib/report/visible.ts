/**
 * Text of nodes, histories, files and command lines, as it may reach a terminal.
 *
 * A terminal obeys what it's sent: it moves its cursor, changes its title,
 * wipes its screen, and shows text from right to left. None of that is up to a
 * node.
 *
 * @module
 */

/**
 * Control characters (C0, DEL and C1), those that change the direction of text,
 * the separators of lines and paragraphs, which not every terminal knows, and
 * invisible ones: spaces without width, and byte order marks.
 */
const hidden = /[\p{Cc}\p{Bidi_Control}\u200b\u2028\u2029\ufeff]/u;

const allHidden = new RegExp(hidden, "gu");

/**
 * Tells whether a character is one that a terminal obeys, or shows as nothing.
 */
export function isHidden(character: string): boolean {
  return hidden.test(character);
}

/**
 * Writes out all that a terminal would obey in a text: `\x1b` for an escape,
 * `\u202e` for what turns the direction around. Line feeds and tabs stay.
 */
export function visible(text: string): string {
  return text.replace(
    allHidden,
    (each) => each === "\n" || each === "\t" ? each : escape(each),
  );
}

/** JSON that means the same, and that no terminal obeys. */
export function visibleJson(json: string): string {
  return json.replace(
    allHidden,
    (each) => each === "\n" ? each : `\\u${hex(each, 4)}`,
  );
}

function escape(character: string): string {
  const short: { [character: string]: string } = { "\r": "\\r" };
  if (short[character]) return short[character];
  return character < "\u0100"
    ? `\\x${hex(character, 2)}`
    : `\\u${hex(character, 4)}`;
}

function hex(character: string, digits: number): string {
  return character.charCodeAt(0).toString(16).padStart(digits, "0");
}
