import { createHash } from 'node:crypto'
import { die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { sectionsOf } from '../sections.ts'

const PATH = '/nodes/{node}/apt/repositories'
const FOLDER = '/etc/apt/sources.list.d'

/** A source of packages, as apt's own files write it. */
interface Repository {
  readonly Types: readonly string[]
  readonly URIs: readonly string[]
  readonly Suites: readonly string[]
  readonly Components: readonly string[]
  readonly FileType: 'sources'
  readonly Enabled: 0 | 1
}

/** Sources of Proxmox by their handle: their name, the file that has them, and their component. */
const STANDARD: Readonly<
  Record<string, readonly [name: string, file: string, uri: string, component: string]>
> = {
  enterprise: ['Enterprise', 'pve-enterprise', 'https://enterprise.proxmox.com/debian/pve', 'pve-enterprise'],
  'no-subscription': [
    'No-Subscription',
    'proxmox',
    'http://download.proxmox.com/debian/pve',
    'pve-no-subscription',
  ],
  test: ['Test', 'proxmox', 'http://download.proxmox.com/debian/pve', 'pve-test'],
  'ceph-squid-enterprise': [
    'Ceph Squid Enterprise',
    'ceph',
    'https://enterprise.proxmox.com/debian/ceph-squid',
    'enterprise',
  ],
  'ceph-squid-no-subscription': [
    'Ceph Squid No-Subscription',
    'ceph',
    'http://download.proxmox.com/debian/ceph-squid',
    'no-subscription',
  ],
}

/** Where a host's packages come from. */
export const repositoryHandlers: Handlers = {
  [`GET ${PATH}`]: (call) => {
    const files = filesOf(call)
    return {
      files: [...files].map(([path, repositories]) => ({
        path,
        'file-type': 'sources',
        repositories,
        digest: [...createHash('sha256').update(JSON.stringify(repositories)).digest()],
      })),
      errors: [],
      infos: [...files].flatMap(([path, repositories]) =>
        repositories.map((_, index) => ({
          path,
          index: String(index),
          kind: 'origin',
          message: path.includes('debian') ? 'Debian' : 'Proxmox',
        })),
      ),
      'standard-repos': Object.entries(STANDARD).map(([handle, [name]]) => ({
        handle,
        name,
        ...statusOf(files, handle),
      })),
      digest: digestOf(files),
    }
  },
  [`PUT ${PATH}`]: (call) => {
    const files = filesOf(call)
    checkDigest(call, files)
    const handle = call.text('handle')
    const [, file, uri, component] = STANDARD[handle] ?? die(`unknown repository handle '${handle}'`)
    if (statusOf(files, handle).status === 1) die(`repository '${handle}' is already configured`)
    const path = `${FOLDER}/${file}.sources`
    const others = (files.get(path) ?? []).filter((each) => !isOf(each, handle))
    files.set(path, [...others, repository(uri, ['trixie'], [component])])
    keep(call, files)
    return null
  },
  [`POST ${PATH}`]: (call) => {
    const files = filesOf(call)
    checkDigest(call, files)
    const path = call.text('path')
    const index = call.number('index') ?? 0
    const list = files.get(path) ?? die(`invalid path '${path}'`)
    const one = list[index] ?? die(`invalid index '${index}'`)
    list[index] = { ...one, Enabled: call.flag('enabled', one.Enabled === 1) ? 1 : 0 }
    keep(call, files)
    return null
  },
}

type Files = Map<string, Repository[]>

/** A host's files of sources: as it was installed, until somebody changes them. */
function filesOf(call: Call): Files {
  const kept = sectionsOf(call.world, 'hosts/repositories').get(call.text('node'))?.['files']
  if (typeof kept === 'string') return new Map(JSON.parse(kept) as [string, Repository[]][])
  const debian = 'http://deb.debian.org/debian/'
  return new Map([
    [
      `${FOLDER}/debian.sources`,
      [
        repository(debian, ['trixie', 'trixie-updates'], ['main', 'contrib']),
        repository('http://security.debian.org/debian-security/', ['trixie-security'], ['main', 'contrib']),
      ],
    ],
    [
      `${FOLDER}/pve-enterprise.sources`,
      [repository('https://enterprise.proxmox.com/debian/pve', ['trixie'], ['pve-enterprise'])],
    ],
  ])
}

function keep(call: Call, files: Files): void {
  sectionsOf(call.world, 'hosts/repositories').set(call.text('node'), { files: JSON.stringify([...files]) })
}

function repository(uri: string, suites: readonly string[], components: readonly string[]): Repository {
  return {
    Types: ['deb'],
    URIs: [uri],
    Suites: suites,
    Components: components,
    FileType: 'sources',
    Enabled: 1,
  }
}

function isOf({ URIs, Components }: Repository, handle: string): boolean {
  const [, , uri, component] = STANDARD[handle] ?? []
  return URIs.some((each) => each === uri) && Components.some((each) => each === component)
}

/** Whether a source is configured, and enabled; without a status it is not configured. */
function statusOf(files: Files, handle: string): { status?: 0 | 1 } {
  const found = [...files.values()].flat().find((each) => isOf(each, handle))
  return found === undefined ? {} : { status: found.Enabled }
}

function digestOf(files: Files): string {
  return createHash('sha256')
    .update(JSON.stringify([...files]))
    .digest('hex')
}

function checkDigest(call: Call, files: Files): void {
  const digest = call.optional('digest')
  if (digest !== undefined && digest !== digestOf(files))
    die('detected modified configuration - file changed by other user? Try again.')
}
