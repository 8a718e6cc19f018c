import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { startLab } from '@fochista/lab'

// What bad input gets: one sentence with the cause, and the next step, in the person's language, with the exit code that is documented.

const lab = await startLab({ ports: { proxmox: 0, kubernetes: 0 }, speed: 200 })
after(() => lab.stop())
const folder = await mkdtemp(join(tmpdir(), 'fochista-refusals-'))
after(() => rm(folder, { recursive: true, force: true }))

interface Ended {
  readonly code: number
  readonly stderr: string
}

type Over = Readonly<Record<string, string>>
const asUser: Over = { PROXMOX_USER: 'root@pam', PROXMOX_TOKEN_ID: '' }
const least: Over = {
  PROXMOX_TOKEN_ID: lab.environment['PROXMOX_LEAST_TOKEN_ID'] ?? '',
  PROXMOX_SECRET: lab.environment['PROXMOX_LEAST_SECRET'] ?? '',
}

/** Runs lines one after the other in one process, whose language is fixed when it starts. */
async function run(locale: string, lines: readonly (readonly [string, Over?])[]): Promise<Ended[]> {
  const url = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href)
  const program = `
    const { runLine } = await import(${url('../program.ts')})
    const { createContext } = await import(${url('../context.ts')})
    const { testIo } = await import(${url('../test-io.ts')})
    const ended = []
    for (const [line, over] of JSON.parse(process.env.LINES)) {
      const io = testIo()
      const environment = { ...process.env, ...over }
      const code = await runLine(line.split(' '), io, new AbortController().signal, (given, signal, flags) =>
        createContext(given, signal, flags, environment))
      ended.push({ code, stderr: io.stderr })
    }
    console.log(JSON.stringify(ended))`
  const flags = ['--conditions=source', '--disable-warning=ExperimentalWarning', '--input-type=module', '-e']
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, program], {
    env: {
      PATH: process.env['PATH'],
      ...lab.environment,
      HOME: folder,
      LC_ALL: locale,
      LINES: JSON.stringify(lines),
    },
    maxBuffer: 1e7,
  })
  return JSON.parse(stdout) as Ended[]
}

before(async () => {
  await writeFile(join(folder, 'bad.yaml'), 'kind: NodePool\nspec: [1, 2\nreplicas: 3\n')
  await writeFile(join(folder, 'bad.json'), '{"kind": "TenantControlPlane", "spec": {')
  await writeFile(join(folder, 'nameless.yaml'), 'apiVersion: v1\nkind: ConfigMap\n')
  const made = await run('C', [
    ['vm create pve1 vmid=700 name=web-1 cores=1 memory=512 scsi0=local-lvm:2'],
    ['vm create pve1 vmid=701 name=off memory=512'],
    ['vm create pve1 vmid=702 name=twin memory=512'],
    ['vm create pve2 vmid=703 name=twin memory=512'],
    ['vm create pve2 vmid=704 name=asleep memory=512 agent=1'],
    ['vm create pve2 vmid=705 name=held memory=512'],
    ['vm start web-1 asleep'],
    // Only root himself may lock a VM, and none of his tokens.
    ['vm config held lock=backup', asUser],
  ])
  for (const { code, stderr } of made) assert.equal(code, 0, stderr)
  // Its guest answers when it has booted.
  for (let tries = 0; tries < 50; tries += 1) {
    const [ended] = await run('C', [['vm agent suspend-ram asleep']])
    if (ended?.code === 0) return
  }
  assert.fail('the guest never answered')
})

interface Refusal {
  readonly what: string
  readonly line: string
  readonly over?: Over
  /** @default 1 */
  readonly code?: number
  /** What is said, from `error:` on, without the line that shows a task's log; `…` for what the day brings. */
  readonly en: string
  readonly it: string
}

const rights = (path: string, en: string, it: string): { en: string; it: string } => ({
  en: `${en}\n  Let an administrator give the token a role that has it: pveum acl modify ${path} --tokens 'USER@REALM!NAME' --roles ROLE`,
  it: `${it}\n  Un amministratore può dare al token un ruolo che lo comprende: pveum acl modify ${path} --tokens 'USER@REALM!NAME' --roles ROLE`,
})

const refusals: readonly Refusal[] = [
  {
    what: 'start a running VM',
    line: 'vm start web-1',
    en: '700 (web-1): VM 700 already running\n  there is nothing to do; see:  fochista vm get 700',
    it: '700 (web-1): VM 700 already running\n  non c’è nulla da fare; vedi:  fochista vm get 700',
  },
  {
    what: 'delete a running VM',
    line: 'vm delete web-1 --yes',
    en: '700 (web-1): VM 700 is running - destroy failed\n  stop it first:  fochista vm stop 700',
    it: '700 (web-1): VM 700 is running - destroy failed\n  prima fermala:  fochista vm stop 700',
  },
  {
    what: 'shrink a disk',
    line: 'vm resize web-1 disk=scsi0 size=1G',
    en: '700 (web-1): shrinking disks is not supported\n  A disk only grows: give a size that is larger than now, or +SIZE.',
    it: '700 (web-1): shrinking disks is not supported\n  Un disco può solo crescere: indica una dimensione maggiore di ora, o +DIMENSIONE.',
  },
  {
    what: 'go back to a snapshot that is not there',
    line: 'vm snapshot rollback web-1 nope --yes',
    en: "700 (web-1): snapshot 'nope' does not exist\n  list those there are:  fochista vm snapshot list 700",
    it: "700 (web-1): snapshot 'nope' does not exist\n  elenca quelli che ci sono:  fochista vm snapshot list 700",
  },
  {
    what: 'an agent that does not answer',
    line: 'vm agent ping asleep',
    en: '704 (asleep): QEMU guest agent is not running\n  Install qemu-guest-agent in the guest, or wait until it has booted.',
    it: '704 (asleep): QEMU guest agent is not running\n  Installa qemu-guest-agent nel guest, o attendi che sia avviato.',
  },
  {
    what: 'an agent that is not configured',
    line: 'vm agent ping web-1',
    en: '700 (web-1): No QEMU guest agent configured\n  turn it on, and then stop and start the VM:  fochista vm config 700 agent=1',
    it: '700 (web-1): No QEMU guest agent configured\n  abilitalo, poi ferma e riavvia la VM:  fochista vm config 700 agent=1',
  },
  {
    what: 'a VM that is off',
    line: 'vm suspend off',
    en: '701 (off): VM 701 not running\n  start it first:  fochista vm start 701',
    it: '701 (off): VM 701 not running\n  prima avviala:  fochista vm start 701',
  },
  {
    what: 'a VM that is locked',
    line: 'vm start held',
    en: '705 (held): VM is locked (backup)\n  another task has it; wait for that one:  fochista task list\n  one that was killed leaves the lock behind; on the host:  qm unlock 705',
    it: '705 (held): VM is locked (backup)\n  è in uso da un altro task; attendi che finisca:  fochista task list\n  uno interrotto lascia il blocco; sull’host:  qm unlock 705',
  },
  {
    what: 'a right that is missing',
    line: 'vm start 102',
    over: least,
    ...rights(
      '/vms/102',
      '102 (old-intranet): not permitted: it needs VM.PowerMgmt on /vms/102',
      '102 (old-intranet): non permesso: servono VM.PowerMgmt su /vms/102',
    ),
  },
  {
    what: 'what only root may set',
    line: 'vm config off lock=backup',
    en: "701 (off): only root can set 'lock' config\n  Sign in as root@pam himself, not with a token: PROXMOX_USER=root@pam, without PROXMOX_TOKEN_ID.",
    it: "701 (off): only root can set 'lock' config\n  Accedi come root@pam in persona, non con un token: PROXMOX_USER=root@pam, senza PROXMOX_TOKEN_ID.",
  },
  {
    what: 'no VM of this name, but one of a like name',
    line: 'vm start wbe-1',
    en: 'VM "wbe-1" not found\n  did you mean "web-1"?',
    it: 'VM "wbe-1" non trovata\n  intendevi "web-1"?',
  },
  {
    what: 'no VM of this VMID',
    line: 'vm start 999',
    en: 'VM "999" not found\n  list what there is with:  fochista vm list',
    it: 'VM "999" non trovata\n  elenca quel che c’è con:  fochista vm list',
  },
  {
    what: 'a VMID that is in use',
    line: 'vm create pve1 vmid=700',
    en: "pve1: unable to create VM 700 - VM 700 already exists on node 'pve1'\n  a free VMID is told by:  fochista vm next-id",
    it: "pve1: unable to create VM 700 - VM 700 already exists on node 'pve1'\n  un VMID libero lo dice:  fochista vm next-id",
  },
  {
    what: 'a name that two VMs have',
    line: 'vm start twin',
    en: '"twin" is the name of 2 VMs\n  give a VMID:  702, 703',
    it: '"twin" è il nome di 2 VM\n  indica un VMID:  702, 703',
  },
  {
    what: 'an unknown parameter',
    line: 'vm config web-1 coers=2',
    en: 'unknown parameter "coers"\n  did you mean "cores"?',
    it: 'parametro sconosciuto "coers"\n  intendevi "cores"?',
  },
  {
    what: 'a parameter of the wrong type',
    line: 'vm config web-1 cores=two',
    en: 'cores: "two" is not a number\n  its parameters:  fochista vm config --help',
    it: 'cores: "two" non è un numero\n  i suoi parametri:  fochista vm config --help',
  },
  {
    what: 'a parameter that is out of range',
    line: 'vm config web-1 cores=0',
    en: 'cores: 0 is less than 1\n  its parameters:  fochista vm config --help',
    it: 'cores: 0 è minore di 1\n  i suoi parametri:  fochista vm config --help',
  },
  {
    what: 'a parameter that is missing',
    line: 'vm clone web-1',
    en: 'newid is missing: add newid=…\n  its parameters:  fochista vm clone --help',
    it: 'manca newid: aggiungi newid=…\n  i suoi parametri:  fochista vm clone --help',
  },
  {
    what: 'an option that is no number',
    line: 'pool scale workers --replicas many',
    en: '--replicas: "many" is not a whole number of at least 0\n  see:  fochista pool scale --help',
    it: '--replicas: "many" non è un numero intero di almeno 0\n  vedi:  fochista pool scale --help',
  },
  {
    what: 'malformed YAML',
    line: `cluster create -f ${folder}/bad.yaml`,
    en: `${folder}/bad.yaml: is neither YAML nor JSON: document 1: … at line 3, column 1\n  correct line 3:  replicas: 3`,
    it: `${folder}/bad.yaml: non è né YAML né JSON: document 1: … at line 3, column 1\n  correggi la riga 3:  replicas: 3`,
  },
  {
    what: 'malformed JSON',
    line: `cluster replace -f ${folder}/bad.json`,
    en: `${folder}/bad.json: is neither YAML nor JSON: document 1: … at line 1, column 41\n  correct line 1:  {"kind": "TenantControlPlane", "spec": {`,
    it: `${folder}/bad.json: non è né YAML né JSON: document 1: … at line 1, column 41\n  correggi la riga 1:  {"kind": "TenantControlPlane", "spec": {`,
  },
  {
    what: 'a malformed patch',
    line: 'cluster patch tenant-test -p {"spec"',
    en: '--patch: "{"spec"" is not a JSON object or list\n  see:  fochista cluster patch --help',
    it: '--patch: "{"spec"" non è un oggetto o una lista JSON\n  vedi:  fochista cluster patch --help',
  },
  {
    what: 'a manifest without a name',
    line: `cluster create -f ${folder}/nameless.yaml`,
    en: `${folder}/nameless.yaml: document 1 (ConfigMap) has no metadata.name\n  print one to begin with:  fochista cluster create NAME --dry-run`,
    it: `${folder}/nameless.yaml: document 1 (ConfigMap) has no metadata.name\n  mostrane uno da cui partire:  fochista cluster create NAME --dry-run`,
  },
  {
    what: 'no such host',
    line: 'node get pve9',
    en: 'pve9: …\n  list the hosts:  fochista node list',
    it: 'pve9: …\n  elenca gli host:  fochista node list',
  },
  {
    what: 'no such storage',
    line: 'vm config web-1 scsi1=nope:1',
    en: "700 (web-1): storage 'nope' does not exist\n  list the storages:  fochista storage list",
    it: "700 (web-1): storage 'nope' does not exist\n  elenca gli storage:  fochista storage list",
  },
  {
    what: 'what is no task',
    line: 'task log nope',
    en: '"nope" is no task: it begins with UPID:\n  list the latest ones:  fochista task list -o yaml\n  see:  fochista task log --help',
    it: '"nope" non è un task: inizia con UPID:\n  elenca gli ultimi:  fochista task list -o yaml\n  vedi:  fochista task log --help',
  },
  {
    what: 'what destroys, without a yes',
    line: 'vm delete off',
    en: 'not confirmed: vm delete 701 (off)\n  add --yes to do it without being asked',
    it: 'non confermato: vm delete 701 (off)\n  aggiungi --yes per farlo senza conferma',
  },
  {
    what: 'a token’s id without its !',
    line: 'vm list',
    over: { PROXMOX_TOKEN_ID: 'root@pam' },
    en: 'PROXMOX_TOKEN_ID: "root@pam" has no "!": it goes between the user and the token’s name, root@pam!NAME\n  names of the user’s tokens, on a host:  pveum user token list root@pam\n  see:  fochista vm list --help',
    it: 'PROXMOX_TOKEN_ID: "root@pam" non ha il "!": va fra l’utente e il nome del token, root@pam!NOME\n  nomi dei token dell’utente, su un host:  pveum user token list root@pam\n  vedi:  fochista vm list --help',
  },
  {
    what: 'a secret that is wrong',
    line: 'vm list',
    over: { PROXMOX_SECRET: '11111111-1111-1111-1111-111111111111' },
    code: 4,
    en: 'GET /cluster/resources failed with 401: …\n  Check PROXMOX_TOKEN_ID (user@realm!name) and PROXMOX_SECRET.',
    it: 'GET /cluster/resources failed with 401: …\n  Controlla PROXMOX_TOKEN_ID (utente@realm!nome) e PROXMOX_SECRET.',
  },
  {
    what: 'an address without TLS',
    line: 'vm list',
    over: { PROXMOX_URL: 'http://pve.example' },
    en: 'PROXMOX_URL: "http://pve.example" is not https\n  see:  fochista vm list --help',
    it: 'PROXMOX_URL: "http://pve.example" is not https\n  vedi:  fochista vm list --help',
  },
  {
    what: 'a pin that is none',
    line: 'vm list',
    over: { PROXMOX_FINGERPRINT: 'AA:BB' },
    en: 'PROXMOX_FINGERPRINT: "AA:BB" is no SHA-256 fingerprint (32 bytes in hexadecimal)\n  see:  fochista vm list --help',
    it: 'PROXMOX_FINGERPRINT: "AA:BB" is no SHA-256 fingerprint (32 bytes in hexadecimal)\n  vedi:  fochista vm list --help',
  },
  {
    what: 'a host that is away',
    line: 'vm list',
    over: { PROXMOX_URL: 'https://127.0.0.1:9' },
    en: 'GET /cluster/resources: cannot reach Proxmox: …\n  Is PROXMOX_URL right, and the host up?',
    it: 'GET /cluster/resources: cannot reach Proxmox: …\n  PROXMOX_URL è corretta, e l’host è acceso?',
  },
  {
    what: 'a wait that is too short',
    line: 'vm clone 9000 newid=790 full=1 --timeout 1ms',
    code: 8,
    en: 'still in progress when the time to wait ended\n  What was started goes on; follow it with:\n  fochista task wait …',
    it: 'ancora in corso allo scadere dell’attesa\n  Quel che è partito prosegue; seguilo con:\n  fochista task wait …',
  },
]

/** What is said from the error on, as the table has it. */
function fits(stderr: string, said: string): boolean {
  const pattern = said
    .split('…\n')
    .join('\u0001\n')
    .replace(/: … at/, ': \u0001 at')
    .replace(/wait …$/, 'wait \u0001')
    .replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`)
    .replaceAll('\u0001', '[^\\n]+')
  return new RegExp(`^${pattern}(?:\\n {2}fochista task log UPID:\\S+)?\\n$`).test(stderr)
}

for (const [locale, newid, word, text] of [
  ['C.UTF-8', 790, 'error:', ({ en }: Refusal) => en],
  ['it_IT.UTF-8', 791, 'errore:', ({ it }: Refusal) => it],
] as const)
  test(`bad input is told by its cause and the next step, ${locale}`, { timeout: 120_000 }, async () => {
    // However slow this machine is, a clone is still under way when the wait for it has ended.
    await lab.faults.add({
      on: { backEnd: 'proxmox', task: 'qmclone' },
      what: { kind: 'task-hangs', at: 'before' },
    })
    const ended = await run(
      locale,
      // A clone goes on when nobody waits for it: each language makes another.
      refusals.map(({ line, over }) => [line.replace('newid=790', `newid=${newid}`), over ?? {}]),
    )
    await lab.faults.clear()
    for (const [index, refusal] of refusals.entries()) {
      const { code = 0, stderr = '' } = ended[index] ?? {}
      const said = stderr.slice(stderr.indexOf(word))
      const expected = `${word} ${text(refusal)}`
      assert.ok(fits(said, expected), `${refusal.what}: ${refusal.line}\n${said}\ninstead of\n${expected}`)
      assert.equal(code, refusal.code ?? 1, refusal.what)
    }
  })
