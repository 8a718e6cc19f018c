import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { plainSeed } from '../../packages/controllers/src/test/plain-seed.ts'
import { createRandom } from '../chaos/seed.ts'
import { createValues, type Schema } from './tenants-random.ts'

// Whatever a tenant may write into a pool reaches its machines as data: rendered, read back by the YAML library and by the lab's
// cloud-init, and compared with what was asked for. Seeded: FUZZ_SEED=n runs another row, FUZZ_ROUNDS=n more of it.

const seedNumber = Number(process.env['FUZZ_SEED'] ?? 20260101)
const rounds = Number(process.env['FUZZ_ROUNDS'] ?? 200)

interface User {
  name: string
  groups?: string[]
  shell?: string
  sudo?: string
  sshAuthorizedKeys?: string[]
}
interface File {
  path: string
  content?: string
  permissions?: string
  owner?: string
}
interface Bootstrap {
  users?: User[]
  sshAuthorizedKeys?: string[]
  files?: File[]
  preJoinCommands?: string[]
  postJoinCommands?: string[]
  registryMirrors?: { registry: string; endpoints: string[] }[]
}
interface Taint {
  key: string
  value?: string
  effect: string
}
interface WrittenFile {
  path: string
  content: string
  encoding?: 'b64'
  owner: string
  permissions: string
  defer?: boolean
}
interface UserData {
  users: (string | (Record<string, unknown> & { name: string }))[]
  ssh_authorized_keys?: string[]
  write_files: WrittenFile[]
  runcmd: string[][]
}
interface Disk {
  read(path: string): string | undefined
  users: Map<string, { shell: string; groups: string[]; sudo: string[]; sshAuthorizedKeys: string[] }>
}

/** Modules of the product and of the lab that no package offers to others. */
const load = async <T>(path: string): Promise<T> =>
  (await import(new URL(`../../packages/${path}`, import.meta.url).href)) as T
const { buildSeedImage, renderSeed, splitLabels } = await load<{
  renderSeed: (input: object) => { userData: string; metaData: string; networkConfig: string }
  buildSeedImage: (seed: object) => Uint8Array
  splitLabels: (labels: Record<string, string>) => { kubelet: Record<string, string> }
}>('controllers/src/bootstrap/index.ts')
const api = await load<{
  crds: { metadata: { name: string }; spec: Record<string, unknown> }[]
  nodePoolKind: object
  validate: (kind: object, object: object) => unknown[]
  nodeLabelProblem: (key: string, value: string) => string | undefined
  printMark: (mark: object) => string
  parseMark: (description: string) => object | undefined
  withMark: (description: string, mark: object) => string
}>('api/src/index.ts')
const cloudInit = await load<{
  readSeed: (images: Uint8Array[]) => {
    config: UserData
    metaData: object
    networkConfig: object
    problems: string[]
  }
}>('lab/src/guest/cloud-init/seed.ts')
const modules = await load<{
  makeUsers: (disk: Disk, config: object) => void
  writeFiles: (disk: Disk, config: object, deferred: boolean, problems: string[]) => void
}>('lab/src/guest/cloud-init/modules.ts')
const { Disk: GuestDisk } = await load<{ Disk: new (version: undefined) => Disk }>('lab/src/guest/disk.ts')

const schemaOf = (...path: string[]): Schema => {
  const crd = api.crds.find(({ metadata }) => metadata.name === 'nodepools.fochista.dev')
  const { versions } = (crd ?? assert.fail('no NodePool')).spec as {
    versions: { schema: { openAPIV3Schema: Schema } }[]
  }
  return path.reduce<Schema>(
    (schema, name) => schema.properties?.[name] ?? assert.fail(`no schema of ${name}`),
    versions[0]?.schema.openAPIV3Schema ?? {},
  )
}

const render = (extras: Bootstrap, labels: Record<string, string> = {}, taints: Taint[] = []) =>
  renderSeed({
    ...plainSeed,
    join: { ...plainSeed.join, labels: splitLabels(labels).kubelet, taints },
    extras,
  })
const plain = parse(render({}).userData) as UserData
const bytesOf = ({ content, encoding }: WrittenFile): Buffer =>
  Buffer.from(content, encoding === 'b64' ? 'base64' : 'utf8')
const drop = '/etc/systemd/system/kubelet.service.d/20-fochista.conf'
const fileAt = ({ write_files: files }: UserData, path: string): string =>
  String(bytesOf(files.find((file) => file.path === path) ?? assert.fail(`no ${path}`)))

test('whatever a pool’s bootstrap holds is data on its machines, character for character', () => {
  const random = createRandom(seedNumber)
  const { valueOf } = createValues(random)
  const schema = schemaOf('spec', 'bootstrap')
  // About half of what is drawn is refused.
  let compared = 0
  for (let round = 0; compared < rounds / 2; round += 1) {
    assert.ok(round < rounds * 10, `${round} were drawn, and all but ${compared} refused`)
    const where = `FUZZ_SEED=${seedNumber}, round ${round}`
    const asked = valueOf(schema) as Bootstrap
    // What stands in Secrets is another test’s, and exactly one of the two is what the API server lets through.
    asked.files = asked.files?.map(({ path, content = '', permissions, owner }) => ({
      path,
      content,
      ...(permissions === undefined ? {} : { permissions }),
      ...(owner === undefined ? {} : { owner }),
    }))
    if (!asked.files) delete asked.files
    assert.deepEqual(
      api.validate(api.nodePoolKind, { spec: { clusterName: 'a', bootstrap: asked } }),
      [],
      `${where}: the value is one of the schema’s`,
    )
    let seed: ReturnType<typeof render>
    try {
      seed = render(asked)
    } catch (error) {
      assert.match(
        String(error),
        /^BootstrapError: (endpoint of a registry mirror|registry mirror|file): /,
        `${where}: nothing else is refused`,
      )
      continue
    }
    const image = cloudInit.readSeed([buildSeedImage(seed)])
    assert.deepEqual(image.problems, [], where)
    const config = parse(seed.userData) as UserData
    assert.deepEqual(image.config, config, `${where}: two readers read the same`)
    const { ssh_authorized_keys: _, ...rest } = config
    assert.deepEqual(Object.keys(rest), Object.keys(plain), `${where}: no key of its own`)
    checkUsers(config, asked, where)
    checkFiles(config, asked, where)
    checkCommands(config, asked, where)
    checkDisk(config, asked, where)
    const { instanceId, hostname } = plainSeed
    assert.deepEqual(parse(seed.metaData), { 'instance-id': instanceId, 'local-hostname': hostname }, where)
    compared += 1
  }
})

function checkUsers(config: UserData, asked: Bootstrap, where: string): void {
  const users = (asked.users ?? []).map((user) => ({
    name: user.name,
    shell: user.shell ?? '/bin/bash',
    lock_passwd: true,
    ...(user.groups?.length ? { groups: user.groups } : {}),
    ...(user.sudo === undefined ? {} : { sudo: user.sudo }),
    ...(user.sshAuthorizedKeys?.length ? { ssh_authorized_keys: user.sshAuthorizedKeys } : {}),
  }))
  assert.deepEqual(config.users, ['default', ...users], where)
  assert.deepEqual(config.ssh_authorized_keys ?? [], asked.sshAuthorizedKeys ?? [], where)
}

function checkFiles(config: UserData, asked: Bootstrap, where: string): void {
  const own = plain.write_files.length
  const mirrors = asked.registryMirrors ?? []
  assert.deepEqual(config.write_files.slice(0, own), plain.write_files, `${where}: our files are as ever`)
  for (const [index, { registry, endpoints }] of mirrors.entries()) {
    const file = config.write_files[own + index]
    assert.equal(file?.path, `/etc/containerd/certs.d/${registry}/hosts.toml`, where)
    const hosts = [...(file?.content ?? '').matchAll(/^\[host\.(".*")\]$/gm)].map(
      ([, text = '']) => JSON.parse(text) as unknown,
    )
    assert.deepEqual(hosts, endpoints, where)
  }
  const files = config.write_files.slice(own + mirrors.length)
  assert.equal(files.length, asked.files?.length ?? 0, where)
  for (const [index, file] of (asked.files ?? []).entries()) {
    const written = files[index] ?? assert.fail(where)
    assert.equal(written.path, file.path, where)
    assert.deepEqual(bytesOf(written), Buffer.from(file.content ?? ''), where)
    assert.equal(
      Number.parseInt(written.permissions, 8),
      Number.parseInt(file.permissions ?? '0644', 8),
      where,
    )
    assert.equal(written.owner, file.owner ?? 'root:root', where)
  }
}

function checkCommands(config: UserData, asked: Bootstrap, where: string): void {
  const shell = (line: string): string[] => ['sh', '-c', line]
  const before = plain.runcmd.findIndex(([, word]) => word === 'daemon-reload')
  assert.deepEqual(
    config.runcmd,
    [
      ...plain.runcmd.slice(0, before),
      ...(asked.preJoinCommands ?? []).map(shell),
      ...plain.runcmd.slice(before),
      ...(asked.postJoinCommands ?? []).map(shell),
    ],
    where,
  )
}

/** What the lab's cloud-init makes of it. A file of an owner that there is not is cloud-init's own refusal. */
function checkDisk(config: UserData, asked: Bootstrap, where: string): void {
  const disk = new GuestDisk(undefined)
  const problems: string[] = []
  modules.writeFiles(disk, config, false, problems)
  modules.makeUsers(disk, config)
  modules.writeFiles(disk, config, true, problems)
  assert.ok(
    problems.every((problem) => /getpwnam\(\): name not found/.test(problem)),
    `${where}: ${problems.join()}`,
  )
  const paths = (asked.files ?? []).map(({ path }) => path)
  for (const file of asked.files ?? []) {
    const isLast = paths.lastIndexOf(file.path) === paths.indexOf(file.path)
    const isOwned = [undefined, 'root', 'root:root'].includes(file.owner)
    if (isLast && isOwned && disk.read(file.path) !== undefined)
      assert.equal(disk.read(file.path), Buffer.from(file.content ?? '').toString(), where)
  }
  for (const user of asked.users ?? []) {
    if (user.name === 'root' || user.name === 'debian') continue
    const made = disk.users.get(user.name)
    assert.deepEqual(made?.sudo, user.sudo === undefined ? [] : [user.sudo], where)
    assert.deepEqual(made?.sshAuthorizedKeys, user.sshAuthorizedKeys ?? [], where)
  }
}

test('labels and taints are labels and taints of the kubelet, and no flag, section or line of their own', () => {
  const random = createRandom(seedNumber + 1)
  const { anyText, below, pick, textOf, valueOf } = createValues(random)
  const taintsSchema = schemaOf('spec', 'node', 'taints')
  const lines = fileAt(plain, drop).split('\n')
  let compared = 0
  for (let round = 0; round < rounds; round += 1) {
    const where = `FUZZ_SEED=${seedNumber}, round ${round}`
    const labels: Record<string, string> = {}
    for (let count = below(6); count > 0; count -= 1) {
      const label = textOf({
        pattern: '^([a-z0-9]([-a-z0-9.]{0,20}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,10}[A-Za-z0-9])?$',
      })
      const value = textOf({ pattern: '^([A-Za-z0-9]([-A-Za-z0-9_.]{0,10}[A-Za-z0-9])?)?$' })
      const [key, given] = pick([
        [label, value],
        [anyText(40), value],
        [label, anyText(40)],
      ] as const)
      if (api.nodeLabelProblem(key, given) === undefined) labels[key] = given
      else assert.throws(() => splitLabels({ [key]: given }), /BootstrapError/, where)
    }
    const taints = valueOf(taintsSchema) as Taint[]
    const config = parse(render({}, labels, taints).userData) as UserData
    const changed = fileAt(config, drop)
      .split('\n')
      .filter((line, index) => line !== lines[index])
    const flags = changed.flatMap((line) => line.split(' '))
    const given = flags.find((flag) => flag.startsWith('--node-labels='))?.slice('--node-labels='.length)
    const pairs = (given ?? '')
      .split(',')
      .filter(Boolean)
      .map((pair) => pair.split('='))
    assert.deepEqual(Object.fromEntries(pairs), splitLabels(labels).kubelet, where)
    assert.deepEqual(
      changed.map((line) => line.replace(/ --node-labels=\S+$/, '')),
      changed.length === 0 ? [] : lines.filter((line) => line.startsWith('ExecStart=/usr/bin/kubelet')),
      where,
    )
    const kubelet = parse(fileAt(config, '/var/lib/kubelet/config.yaml')) as { registerWithTaints?: Taint[] }
    assert.deepEqual(kubelet.registerWithTaints ?? [], taints, where)
    compared += pairs.length
  }
  assert.ok(compared > rounds / 2, `${compared} labels were compared`)
})

test('a mark is read as it was written, whatever stands around it, and no name can be made to look like another field', () => {
  const random = createRandom(seedNumber + 2)
  const { anyText, pick, textOf } = createValues(random)
  const uuid = '11111111-2222-3333-4444-555555555555'
  for (let round = 0; round < rounds * 4; round += 1) {
    const where = `FUZZ_SEED=${seedNumber}, round ${round}`
    const name = (): string =>
      pick([anyText(30), textOf({ pattern: '^[a-z0-9]([-a-z0-9.]{0,20}[a-z0-9])?$' })])
    const mark = {
      installation: uuid,
      namespace: name(),
      pool: name(),
      machine: name(),
      id: uuid,
      time: '2026-01-01T00:00:00Z',
    }
    let printed: string
    try {
      printed = api.printMark(mark)
    } catch {
      assert.ok(
        [mark.namespace, mark.pool, mark.machine].some(
          (one) => !/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(one),
        ),
        where,
      )
      continue
    }
    assert.equal(printed.includes('\n'), false, where)
    assert.deepEqual(api.parseMark(printed), mark, where)
    assert.deepEqual(api.parseMark(api.withMark(`${anyText(60)}\n${anyText(60)}`, mark)), mark, where)
  }
})
