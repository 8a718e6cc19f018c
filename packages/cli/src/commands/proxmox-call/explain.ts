import type { Param } from '@fochista/proxmox/schema'
import { CommandError, didYouMean } from '../../errors.ts'
import { tr } from '../../locale.ts'
import type { Parameters } from './parameters.ts'

/** What a person asked for, as far as it helps to say what to do next. */
export interface Asked {
  /** What the call acts on, for people: `101 (web-1)`. Undefined where the call's own path says it. */
  readonly name?: string | undefined
  /** The VM that it acts on. */
  readonly vmid?: string | undefined
  /** The command whose help lists the parameters: `vm config`. */
  readonly command?: string | undefined
  /** The parameters that were given. */
  readonly given?: Parameters | undefined
  readonly method: string
  /** The call's path template. */
  readonly template?: string | undefined
}

/** The fields by which an error of the Proxmox SDK is told apart: none of it is loaded to print one. */
interface ApiFailure extends Error {
  readonly status: number
  readonly reason: string
  readonly errors: Readonly<Record<string, string>>
}

/** Says what Proxmox refused in one sentence, with its cause and the next thing to do. Any other error is returned as it is. */
export async function explainCall(error: unknown, asked: Asked): Promise<unknown> {
  if (!(error instanceof Error) || error.name !== 'ProxmoxApiError') return error
  const failure = error as ApiFailure
  // A missing sign-in is explained in one place for all commands.
  if (failure.status === 401) return error
  if (Object.keys(failure.errors).length > 0) return explainParameters(failure, asked)
  const about = asked.name ? `${asked.name}: ` : ''
  const needed = /^Permission check failed \((\/[^,)]*), ([^)]+)\)/.exec(failure.reason)
  if (needed) {
    const [, path = '', privileges = ''] = needed
    return new CommandError(
      `${about}${tr(`not permitted: it needs ${privileges} on ${path}`, `non permesso: servono ${privileges} su ${path}`)}`,
      {
        hint: tr(
          `Let an administrator give the token a role that has it: pveum acl modify ${path} --tokens 'USER@REALM!NAME' --roles ROLE`,
          `Un amministratore può dare al token un ruolo che lo comprende: pveum acl modify ${path} --tokens 'USER@REALM!NAME' --roles ROLE`,
        ),
        cause: error,
      },
    )
  }
  return new CommandError(`${about}${failure.reason}`, {
    hint: nextStep(failure.reason, asked.vmid),
    cause: error,
  })
}

/** The next thing to do about a reason in Proxmox's words, of a call or of a task; undefined where nobody can tell. */
export function nextStep(reason: string, vmid = 'VM'): string | undefined {
  return steps.find(([pattern]) => pattern.test(reason))?.[1](vmid)
}

const steps: readonly (readonly [RegExp, (vmid: string) => string])[] = [
  [
    /is running - destroy failed/,
    (vmid) => `${tr('stop it first:', 'prima fermala:')}  fochista vm stop ${vmid}`,
  ],
  [
    /already running/,
    (vmid) =>
      `${tr('there is nothing to do; see:', 'non c’è nulla da fare; vedi:')}  fochista vm get ${vmid}`,
  ],
  [
    /QEMU guest agent is not running/,
    () =>
      tr(
        'Install qemu-guest-agent in the guest, or wait until it has booted.',
        'Installa qemu-guest-agent nel guest, o attendi che sia avviato.',
      ),
  ],
  [
    /No QEMU guest agent configured/,
    (vmid) =>
      `${tr('turn it on, and then stop and start the VM:', 'abilitalo, poi ferma e riavvia la VM:')}  fochista vm config ${vmid} agent=1`,
  ],
  [
    /VM \d+ (?:is )?not running/,
    (vmid) => `${tr('start it first:', 'prima avviala:')}  fochista vm start ${vmid}`,
  ],
  [
    /VM is locked/,
    (vmid) =>
      `${tr('another task has it; wait for that one:', 'è in uso da un altro task; attendi che finisca:')}  fochista task list\n${tr('one that was killed leaves the lock behind; on the host:', 'uno interrotto lascia il blocco; sull’host:')}  qm unlock ${vmid}`,
  ],
  [
    /is locked|can't lock file/,
    () =>
      `${tr('another task has it; wait for that one:', 'è in uso da un altro task; attendi che finisca:')}  fochista task list`,
  ],
  [
    /VM \d+ already exists|already exists on node/,
    () => `${tr('a free VMID is told by:', 'un VMID libero lo dice:')}  fochista vm next-id`,
  ],
  [
    /snapshot '.*' does not exist/,
    (vmid) =>
      `${tr('list those there are:', 'elenca quelli che ci sono:')}  fochista vm snapshot list ${vmid}`,
  ],
  [
    /snapshot name '.*' already used/,
    () =>
      tr(
        'Take another name, or delete that snapshot first.',
        'Scegli un altro nome, o elimina prima quello snapshot.',
      ),
  ],
  [
    /no such cluster node|hostname lookup/,
    () => `${tr('list the hosts:', 'elenca gli host:')}  fochista node list`,
  ],
  [
    /storage '.*' (?:does not exist|is not available)/,
    () => `${tr('list the storages:', 'elenca gli storage:')}  fochista storage list`,
  ],
  [
    /disk '.*' does not exist/,
    (vmid) => `${tr('see which there are:', 'vedi quali ci sono:')}  fochista vm config ${vmid}`,
  ],
  [
    /shrinking disks is not supported|unable to shrink/,
    () =>
      tr(
        'A disk only grows: give a size that is larger than now, or +SIZE.',
        'Un disco può solo crescere: indica una dimensione maggiore di ora, o +DIMENSIONE.',
      ),
  ],
  [
    /configuration file '.*' does not exist|VM \d+ does not exist/,
    () => `${tr('list what there is with:', 'elenca quel che c’è con:')}  fochista vm list`,
  ],
  [
    /no spice port/,
    (vmid) =>
      `${tr('give it a display with SPICE, and then stop and start it:', 'dalle uno schermo con SPICE, poi ferma e riavvia la VM:')}  fochista vm config ${vmid} vga=qxl`,
  ],
  [
    /^only root can set/,
    () =>
      tr(
        'Sign in as root@pam himself, not with a token: PROXMOX_USER=root@pam, without PROXMOX_TOKEN_ID.',
        'Accedi come root@pam in persona, non con un token: PROXMOX_USER=root@pam, senza PROXMOX_TOKEN_ID.',
      ),
  ],
  [/can't migrate running VM without --online/, () => tr('Add online=1.', 'Aggiungi online=1.')],
]

/** Parameters that were wrong: each by its name, with the value that was given and the rule. */
async function explainParameters(failure: ApiFailure, asked: Asked): Promise<CommandError> {
  const { errors } = failure
  const { apiSchema } = await import('@fochista/proxmox/schema')
  const known = apiSchema.paths[asked.template ?? '']?.[asked.method as 'GET']?.params ?? {}
  const entries = Object.entries(errors)
  const texts = entries.map(([name, problem]) =>
    sentenceOf(name, problem.trim(), asked.given?.[name], known[name]),
  )
  const [near] = entries.flatMap(([name, problem]) => {
    const given = String(asked.given?.[name] ?? '')
    if (/not defined in schema/.test(problem)) return didYouMean(name, namesOf(known)).hint ?? []
    return /enumeration/.test(problem) ? (didYouMean(given, known[name]?.enum ?? []).hint ?? []) : []
  })
  const help = asked.command ?? ''
  const see =
    help === '' ? undefined : `${tr('its parameters:', 'i suoi parametri:')}  fochista ${help} --help`
  return new CommandError(texts.join('; '), { hint: near ?? see, cause: failure })
}

function sentenceOf(name: string, problem: string, given: unknown, param: Param | undefined): string {
  const value = String(given as string | number)
  if (/not defined in schema/.test(problem))
    return tr(`unknown parameter "${name}"`, `parametro sconosciuto "${name}"`)
  if (/is missing and it is not optional/.test(problem))
    return tr(`${name} is missing: add ${name}=…`, `manca ${name}: aggiungi ${name}=…`)
  const type = /type check \('(\w+)'\) failed/.exec(problem)?.[1]
  if (type === 'integer' || type === 'number')
    return `${name}: "${value}" ${tr('is not a number', 'non è un numero')}`
  if (type === 'boolean') return `${name}: "${value}" ${tr('is not 0 or 1', 'non è 0 o 1')}`
  if (/does not have a value in the enumeration/.test(problem))
    return `${name}: "${value}" ${tr('is not one of', 'non è uno fra')} ${param?.enum?.join(', ') ?? ''}`
  const least = /must have a minimum value of (\S+)/.exec(problem)?.[1]
  if (least) return `${name}: ${value} ${tr(`is less than ${least}`, `è minore di ${least}`)}`
  const most = /must have a maximum value of (\S+)/.exec(problem)?.[1]
  if (most) return `${name}: ${value} ${tr(`is more than ${most}`, `è maggiore di ${most}`)}`
  return `${name}: ${problem}`
}

/** The names that may be meant: of an indexed one the first few. */
function namesOf(known: Readonly<Record<string, Param>>): string[] {
  return Object.keys(known).flatMap((name) =>
    name.includes('[n]') ? ['0', '1', '2', '3'].map((number) => name.replace('[n]', number)) : [name],
  )
}
