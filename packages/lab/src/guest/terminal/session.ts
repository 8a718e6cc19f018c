import { isPassword } from '../../crypt.ts'
import type { Disk } from '../disk.ts'
import type { LineEditor } from './line.ts'

/** Milliseconds that a refused login waits. */
const REFUSED_MS = 3000

/** What a login and a shell need of their machine. */
export interface SessionMachine {
  readonly disk: Disk
  /** Waits so many milliseconds of the machine's. Rejects when its power goes. */
  sleep(ms: number): Promise<void>
  /** Runs a line of a shell as a user; what it writes is told as it comes. Rejects when the power goes. */
  shell(line: string, user: string, write: (text: string) => void): Promise<number>
  reboot(): void
  /** Who has a shell without asking, and what its end is told. Absent: a login asks who is there. */
  readonly admitted?: { readonly user: string; readonly left: () => void }
  /** What the login and the shell call the system. @default Debian 12 with its kernel */
  readonly system?: { readonly issue: string; readonly kernel: string }
}

const DEBIAN = {
  issue: 'Debian GNU/Linux 12',
  kernel: '6.1.0-42-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.159-1 x86_64',
}

/** One getty of a machine: asks who is there, and gives who knows the password a shell. */
export class Session {
  readonly #tty: string
  readonly #machine: SessionMachine
  readonly #editor: LineEditor
  readonly #show: (text: string) => void
  #user: string | undefined
  /** Whose password is waited for. */
  #claimed: string | undefined
  /** Counts what was begun: what an earlier one says later is not shown. */
  #turn = 0
  #isBusy = false

  constructor(tty: string, machine: SessionMachine, editor: LineEditor, show: (text: string) => void) {
    this.#tty = tty
    this.#machine = machine
    this.#editor = editor
    this.#show = show
  }

  /** What stands before the line that is being typed; undefined while a program runs. */
  get prompt(): string | undefined {
    if (this.#isBusy) return undefined
    const { hostname } = this.#machine.disk
    if (this.#claimed !== undefined) return 'Password: '
    if (this.#user === undefined) return `${hostname} login: `
    return `${this.#user}@${hostname}:~${this.#user === 'root' ? '#' : '$'} `
  }

  /** Shows who this is, and asks who is there. */
  greet(): void {
    this.#turn += 1
    this.#user = undefined
    this.#claimed = undefined
    this.#isBusy = false
    this.#editor.reset()
    this.#editor.isShown = true
    const { admitted, disk, system = DEBIAN } = this.#machine
    if (admitted !== undefined) {
      this.#enter(admitted.user)
      return
    }
    this.#show(`\n${system.issue} ${disk.hostname} ${this.#tty}\n\n`)
    this.#ask()
  }

  /** The power goes. */
  close(): void {
    this.#turn += 1
  }

  /** A line was entered. */
  entered(line: string): void {
    if (this.#isBusy) return
    if (this.#claimed !== undefined) void this.#check(this.#claimed, line)
    else if (this.#user === undefined) this.#claim(line.trim())
    else void this.#run(this.#user, line)
  }

  /** Ctrl-C: what runs is left alone, and its end is not waited for. */
  interrupted(): void {
    if (this.#user === undefined) this.greet()
    else {
      this.#turn += 1
      this.#isBusy = false
      this.#ask()
    }
  }

  /** Ctrl-D. */
  ended(): void {
    if (this.#isBusy) return
    if (this.#user === undefined) this.greet()
    else this.#leave()
  }

  #enter(user: string): void {
    const { disk, system = DEBIAN } = this.#machine
    this.#user = user
    this.#show(`Linux ${disk.hostname} ${system.kernel}\n\n`)
    this.#ask()
  }

  #leave(): void {
    this.#show('logout\n')
    const { admitted } = this.#machine
    if (admitted === undefined) this.greet()
    else admitted.left()
  }

  #ask(): void {
    this.#show(this.prompt ?? '')
  }

  #claim(name: string): void {
    if (name !== '') {
      this.#claimed = name
      this.#editor.isShown = false
    }
    this.#ask()
  }

  async #check(name: string, password: string): Promise<void> {
    const turn = ++this.#turn
    this.#claimed = undefined
    this.#editor.isShown = true
    const { disk } = this.#machine
    const user = disk.users.get(name)
    if (user?.password !== undefined && isPassword(password, user.password)) {
      this.#enter(name)
      return
    }
    this.#isBusy = true
    try {
      await this.#machine.sleep(REFUSED_MS)
    } catch {
      return
    }
    if (this.#turn !== turn) return
    this.#isBusy = false
    this.#show('\nLogin incorrect\n')
    this.#ask()
  }

  async #run(user: string, text: string): Promise<void> {
    const turn = ++this.#turn
    const line = text.trim()
    if (line === 'exit' || line === 'logout') {
      this.#leave()
      return
    }
    if (line === 'clear' || line === 'reset') this.#show('\u001B[H\u001B[2J')
    else if (line !== '' && !line.startsWith('#')) {
      this.#isBusy = true
      try {
        await this.#machine.shell(line, user, (output) => {
          if (this.#turn === turn) this.#show(output)
        })
      } catch {
        // The power went, or the emulation has a fault; the next line may do better.
        this.#show('Killed\n')
      }
      if (this.#turn !== turn) return
      this.#isBusy = false
    }
    this.#ask()
  }
}
