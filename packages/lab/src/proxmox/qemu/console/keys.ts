/** What a key is to a terminal: text that it sends, or the three keys that ask for a reboot. */
export type KeyPress = { readonly text: string } | 'attention' | undefined

/** What keys without a letter send, by their names in QEMU's monitor. */
const NAMED: Readonly<Record<string, string>> = {
  ret: '\r',
  kp_enter: '\r',
  tab: '\t',
  spc: ' ',
  esc: '\u001B',
  backspace: '\u007F',
  up: '\u001B[A',
  down: '\u001B[B',
  right: '\u001B[C',
  left: '\u001B[D',
  home: '\u001B[H',
  end: '\u001B[F',
  insert: '\u001B[2~',
  delete: '\u001B[3~',
  pgup: '\u001B[5~',
  pgdn: '\u001B[6~',
  kp_add: '+',
  kp_subtract: '-',
  kp_multiply: '*',
  kp_divide: '/',
  kp_decimal: '.',
  asterisk: '*',
}

/** Keys of an American keyboard that are not letters: alone, and with Shift. */
const SIGNS: Readonly<Record<string, string>> = {
  minus: '-_',
  equal: '=+',
  bracket_left: '[{',
  bracket_right: ']}',
  semicolon: ';:',
  apostrophe: `'"`,
  grave_accent: '`~',
  backslash: '\\|',
  comma: ',<',
  dot: '.>',
  slash: '/?',
  ...Object.fromEntries(Array.from(')!@#$%^&*(', (sign, digit) => [String(digit), `${digit}${sign}`])),
}

/** What keys held together send, by their names in QEMU's monitor; undefined for those that send nothing. */
export function pressOf(names: readonly string[]): KeyPress {
  const held = (name: string): boolean => names.some((each) => each === name || each === `${name}_r`)
  const key = names.findLast((name) => !/^(?:ctrl|alt|shift|meta)(?:_[lr])?$/.test(name))
  if (key === undefined) return undefined
  if (held('ctrl') && held('alt') && key === 'delete') return 'attention'
  const signs = /^[a-z]$/.test(key) ? `${key}${key.toUpperCase()}` : SIGNS[key]
  const text = NAMED[key] ?? /^kp_(\d)$/.exec(key)?.[1] ?? signs?.[held('shift') ? 1 : 0]
  if (text === undefined) return undefined
  return { text: `${held('alt') ? '\u001B' : ''}${held('ctrl') ? controlOf(text) : text}` }
}

/** Names of keys by their X11 keysym, where these stand for no character. */
const KEYSYMS: Readonly<Record<number, string>> = {
  0xff08: 'backspace',
  0xff09: 'tab',
  0xff0d: 'ret',
  0xff8d: 'kp_enter',
  0xff1b: 'esc',
  0xff50: 'home',
  0xff51: 'left',
  0xff52: 'up',
  0xff53: 'right',
  0xff54: 'down',
  0xff55: 'pgup',
  0xff56: 'pgdn',
  0xff57: 'end',
  0xff63: 'insert',
  0xffff: 'delete',
  0xff9f: 'delete',
  0xffab: 'kp_add',
  0xffad: 'kp_subtract',
  0xffaa: 'kp_multiply',
  0xffaf: 'kp_divide',
  0xffae: 'kp_decimal',
}
const [CONTROL, ALT] = [new Set([0xffe3, 0xffe4]), new Set([0xffe9, 0xffea])]

/** A keyboard whose keys go down and up, by X11 keysyms as RFB has them. */
export class Keyboard {
  readonly #down = new Set<number>()

  /** A key went down or up: what that sends. The keysym is that of the character, so Shift needs no looking at. */
  key(keysym: number, isDown: boolean): KeyPress {
    if (!isDown) this.#down.delete(keysym)
    if (!isDown) return undefined
    this.#down.add(keysym)
    const isHeld = (keys: ReadonlySet<number>): boolean => [...this.#down].some((each) => keys.has(each))
    const [control, alt] = [isHeld(CONTROL), isHeld(ALT)]
    const name =
      KEYSYMS[keysym] ?? (keysym >= 0xffb0 && keysym <= 0xffb9 ? `kp_${keysym - 0xffb0}` : undefined)
    if (name !== undefined) return pressOf([...(control ? ['ctrl'] : []), ...(alt ? ['alt'] : []), name])
    const character = characterOf(keysym)
    if (character === undefined) return undefined
    return { text: `${alt ? '\u001B' : ''}${control ? controlOf(character) : character}` }
  }
}

/** Character of a keysym: Latin-1 is itself, other characters of Unicode have an offset. */
function characterOf(keysym: number): string | undefined {
  if ((keysym >= 0x20 && keysym <= 0x7e) || (keysym >= 0xa0 && keysym <= 0xff))
    return String.fromCharCode(keysym)
  if (keysym > 0x1000000 && keysym <= 0x110ffff) return String.fromCodePoint(keysym - 0x1000000)
  return undefined
}

/** What a character sends with Ctrl. */
function controlOf(text: string): string {
  return /^[@-_a-z]$/.test(text) ? String.fromCharCode(text.toUpperCase().charCodeAt(0) & 0x1f) : text
}
