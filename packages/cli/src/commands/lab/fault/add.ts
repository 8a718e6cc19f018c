import type { Fault } from '@fochista/lab'
import { choice, command, integer, text } from '../../../command.ts'
import { CommandError, UsageError } from '../../../errors.ts'
import { tr } from '../../../locale.ts'
import { dryRunOption } from '../../waiting.ts'
import { callLab, formatOption, printFaults } from './endpoint.ts'

/** `fochista lab fault add KIND [field=value …]`: something goes wrong in the running lab. */
export const labFaultAdd = command({
  path: 'lab fault add [kind] [fields...]',
  summary: tr('Make something go wrong in the running lab', 'Provoca un guasto nel lab in esecuzione'),
  options: {
    on: choice(
      '--on <server>',
      tr('which server it is about', 'di quale server si tratta'),
      ['proxmox', 'kubernetes', 'tenant'] as const,
      'proxmox',
    ),
    tenant: text('--tenant <namespace/name>', tr('control plane of a tenant', 'control plane di un tenant')),
    method: text(
      '--method <method>',
      tr(
        'method of the request; WATCH is a Kubernetes watch',
        'metodo della richiesta; WATCH è un watch di Kubernetes',
      ),
    ),
    path: text(
      '--path <path>',
      tr(
        'path of the request; {name} and * stand for one part, ** for any number',
        'percorso della richiesta; {nome} e * valgono una parte, ** quante si vuole',
      ),
    ),
    user: text('--user <user>', tr('who asks, as user@realm!token', 'chi chiede, come utente@realm!token')),
    node: text('--node <host>', tr('Proxmox host', 'host Proxmox')),
    vmid: integer('--vmid <n>', 'VMID', { min: 1 }),
    storage: text('--storage <name>', tr('Proxmox storage', 'storage Proxmox')),
    task: text('--task <type>', tr('type of the task, as qmclone', 'tipo del task, come qmclone')),
    nth: integer(
      '--nth <n>',
      tr('from the n-th time on; alone: only that', 'dalla n-esima volta; da solo: solo quella'),
      {
        min: 1,
      },
    ),
    times: integer('--times <n>', tr('so many times', 'quante volte'), { min: 1 }),
    share: text(
      '--share <p>',
      tr(
        'with this probability, more than 0 and at most 1',
        'con questa probabilità, maggiore di 0 e al massimo 1',
      ),
    ),
    seed: integer('--seed <n>', tr('of the dice of --share', 'dei dadi di --share'), { min: 0 }),
    lasts: text(
      '--for <time>',
      tr('ends by itself after this time, as 30s or 5m', 'finisce da sé dopo questo tempo, come 30s o 5m'),
    ),
    file: text('-f, --file <file>', tr('the whole fault, JSON or YAML', 'il guasto intero, JSON o YAML')),
    output: formatOption,
    dryRun: dryRunOption,
  },
  examples: [
    "fochista lab fault add answer status=500 at=after --method POST --path '/nodes/{node}/qemu/{vmid}/clone' --times 2",
    'fochista lab fault add answer status=429 header.Retry-After=3 --on kubernetes --share 0.1 --seed 7',
    'fochista lab fault add hang --path /cluster/resources --for 1m',
    "fochista lab fault add task-fails exit='no space left on device' --task qmclone --nth 3",
    'fochista lab fault add host-lost --node pve2 --for 5m',
    'fochista lab fault add storage-full --storage local-lvm',
    "fochista lab fault add token-loses privilege=VM.Audit --user 'fochista@pve!least'",
    'fochista lab fault add watch-drops how=expired --on kubernetes',
    'fochista lab fault add api-away --on tenant --tenant default/shop --for 90s',
    'fochista lab fault add kubelet-stops --vmid 10001',
  ],
  run: async (context, args, options) => {
    const fields = args['fields'] ? args['fields'].split('\u0000') : []
    const fault =
      options.file === undefined
        ? {
            on: given({
              backEnd: options.on,
              tenant: options.tenant,
              method: options.method,
              path: options.path,
              user: options.user,
              node: options.node,
              vmid: options.vmid,
              storage: options.storage,
              task: options.task,
            }),
            ...whenOf({
              nth: options.nth,
              times: options.times,
              share: shareOf(options.share),
              seed: options.seed,
              for: options.lasts,
            }),
            what: whatOf(args['kind'], fields),
          }
        : await readFile(options.file, args['kind'])
    if (options.dryRun) return context.io.out(JSON.stringify(fault, null, 2))
    printFaults(context.io, options.output, [(await callLab(context, 'POST', '/faults', fault)) as Fault])
  },
})

function whenOf(when: Record<string, unknown>): { when?: object } {
  const said = given(when)
  return Object.keys(said).length === 0 ? {} : { when: said }
}

function given(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

function shareOf(share: string | undefined): number | undefined {
  if (share === undefined) return undefined
  const value = Number(share)
  if (share.trim() !== '' && value > 0 && value <= 1) return value
  throw new UsageError(
    `--share: "${share}" ${tr('is not a number greater than 0 and at most 1', 'non è un numero maggiore di 0 e al massimo 1')}`,
  )
}

/** `status=500 header.Retry-After=3` as the fields of what happens. */
function whatOf(kind: string | undefined, fields: readonly string[]): object {
  if (kind === undefined)
    throw new UsageError(
      tr(
        'a fault needs its kind, as answer or host-lost, or --file',
        'un guasto vuole il suo tipo, come answer o host-lost, oppure --file',
      ),
    )
  const what: Record<string, unknown> = { kind }
  const headers: Record<string, string> = {}
  for (const field of fields) {
    const at = field.indexOf('=')
    if (at < 1) throw new UsageError(`"${field}" ${tr('is not field=value', 'non è campo=valore')}`)
    const [name, value] = [field.slice(0, at), field.slice(at + 1)]
    if (name.startsWith('header.')) headers[name.slice('header.'.length)] = value
    else what[name] = name === 'status' && /^\d+$/.test(value) ? Number(value) : bodyOf(name, value)
  }
  return Object.keys(headers).length === 0 ? what : { ...what, headers }
}

/** A body that is a JSON object is sent as one. */
function bodyOf(name: string, value: string): unknown {
  if (name !== 'body' || !value.startsWith('{')) return value
  try {
    return JSON.parse(value)
  } catch (error) {
    throw new UsageError(`body: ${tr('begins like JSON and is none', 'comincia come JSON e non lo è')}`, {
      cause: error,
    })
  }
}

async function readFile(path: string, kind: string | undefined): Promise<object> {
  if (kind !== undefined)
    throw new UsageError(
      tr('the file says the kind of the fault already', 'il tipo del guasto lo dice già il file'),
    )
  const [{ readFile: read }, { parse }] = await Promise.all([import('node:fs/promises'), import('yaml')])
  let content: unknown
  try {
    content = parse(await read(path, 'utf8'))
  } catch (error) {
    throw new CommandError(
      tr(`${path} cannot be read as JSON or YAML`, `${path} non si legge come JSON o YAML`),
      {
        cause: error,
      },
    )
  }
  if (typeof content === 'object' && content !== null) return content
  throw new CommandError(tr(`${path} holds no fault`, `${path} non contiene un guasto`))
}
