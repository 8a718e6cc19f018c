import type { GuestTerminal } from '../../proxmox/world.ts'
import { LineEditor } from './line.ts'
import { Session, type SessionMachine } from './session.ts'

/** Most that a terminal remembers of what it has shown, characters: some screens. */
const MEMORY = 16 * 1024

/** A terminal of a guest: messages of its system, then a login and a shell. */
export class Terminal implements GuestTerminal {
  readonly #name: string
  readonly #machine: SessionMachine
  readonly #watchers = new Set<(text: string) => void>()
  readonly #editor: LineEditor
  #session: Session | undefined
  #shown = ''

  /** @param name of its device, as `tty1` or `ttyS0`. */
  constructor(name: string, machine: SessionMachine) {
    this.#name = name
    this.#machine = machine
    this.#editor = new LineEditor({
      show: (text) => this.#write(text),
      entered: (line) => this.#session?.entered(line),
      interrupted: () => this.#session?.interrupted(),
      ended: () => this.#session?.ended(),
    })
  }

  get shown(): string {
    return this.#shown
  }

  watch(tell: (text: string) => void): () => void {
    this.#watchers.add(tell)
    return () => this.#watchers.delete(tell)
  }

  /** Until somebody can log in, what is typed is lost. */
  type(text: string): void {
    if (this.#session !== undefined) this.#editor.type(text)
  }

  attention(): void {
    this.#machine.reboot()
  }

  /** Shows a message of the system, on lines of its own. */
  print(text: string): void {
    const isInLine = this.#shown !== '' && !this.#shown.endsWith('\n')
    const again = this.#session?.prompt
    this.#write(`${isInLine ? '\r\n' : ''}${lines(text)}\r\n`)
    // A getty and a shell do not know of it: what was being typed stands above. It is shown again for who reads along.
    if (again !== undefined && isInLine) this.#write(`${again}${this.#editor.line}`)
  }

  /** Lets people log in. */
  open(): void {
    this.#session = new Session(this.#name, this.#machine, this.#editor, (text) => this.#write(lines(text)))
    this.#session.greet()
  }

  /** The power goes, or the machine is reset. */
  close(): void {
    this.#session?.close()
    this.#session = undefined
    this.#watchers.clear()
  }

  #write(text: string): void {
    if (text === '') return
    this.#shown = `${this.#shown}${text}`.slice(-MEMORY)
    for (const tell of this.#watchers) tell(text)
  }
}

/** A terminal needs a carriage return with each line feed. */
function lines(text: string): string {
  return text.replaceAll(/\r?\n/g, '\r\n')
}
