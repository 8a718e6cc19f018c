import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { appendFile, cp, mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, before, test } from 'node:test'

// In a copy of the clone, whose sources can be changed.

const root = join(import.meta.dirname, '..', '..', '..')
const clone = await mkdtemp(join(tmpdir(), 'fochista-bundle-'))
after(() => rm(clone, { recursive: true, force: true }))

before(async () => {
  await cp(join(root, 'package-lock.json'), join(clone, 'package-lock.json'))
  await cp(join(root, 'packages'), join(clone, 'packages'), {
    recursive: true,
    filter: (path) => basename(path) !== 'dist' && !path.endsWith('.test.ts'),
  })
  const modules = join(clone, 'node_modules')
  await mkdir(join(modules, '@fochista'), { recursive: true })
  for (const name of await readdir(join(root, 'node_modules')))
    if (name !== '@fochista') await symlink(join(root, 'node_modules', name), join(modules, name))
  for (const name of await readdir(join(clone, 'packages')))
    await symlink(join(clone, 'packages', name), join(modules, '@fochista', name))
})

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

function fochista(args: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const env = { PATH: process.env['PATH'] ?? '', HOME: clone, LC_ALL: 'C', ...more }
  const bin = join(clone, 'packages', 'cli', 'bin', 'fochista.cjs')
  return new Promise((resolve) => {
    execFile(process.execPath, [bin, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    )
  })
}

const said = 'The sources are newer than the bundled command: bundling it …\n'
const help = ['vm', 'list', '--help'] as const
const source = join(clone, 'packages', 'cli', 'src', 'commands', 'vm', 'list.ts')

test('a clone bundles its command when it is first run, several times at once, and when a source is newer', async () => {
  const both = await Promise.all([fochista(help), fochista(help)])
  for (const { code, stdout, stderr } of both) {
    assert.equal(code, 0, stderr)
    assert.match(stdout, /^Usage: fochista vm list/)
    // One that comes late may find what the other has made.
    assert.ok(stderr === said || stderr === '', stderr)
  }
  assert.ok(both.some(({ stderr }) => stderr === said))
  assert.equal((await fochista(help)).stderr, '')
  await utimes(source, new Date(), new Date(Date.now() - 3000))
  const italian = await fochista(help, { LC_ALL: 'it_IT.UTF-8' })
  assert.match(italian.stderr, /^I sorgenti sono più recenti del comando impacchettato/)
  assert.equal((await fochista(help)).stderr, '')
})

test('a stack trace names the lines of the sources for whoever asks for it', async () => {
  const { stderr } = await fochista(['vm', 'list'], { FOCHISTA_DEBUG: '1' })
  assert.match(stderr, /^error: PROXMOX_URL is not set\n/)
  assert.match(stderr, /\/packages\/cli\/src\/proxmox-environment\.ts:\d+:\d+\)/)
})

test('sources that cannot be bundled are said to be wrong, with file and line', async () => {
  await appendFile(source, '\nconst = 1\n')
  const { code, stderr } = await fochista(help)
  assert.equal(code, 1)
  assert.match(stderr, /The command cannot be bundled from its sources: [\s\S]*commands\/vm\/list\.ts:\d+/)
  // --version is said all the same.
  assert.equal((await fochista(['--version'])).code, 0)
})

test('as published, without sources, what is there is run', async () => {
  await rm(join(clone, 'packages', 'cli', 'src'), { recursive: true })
  await writeFile(join(clone, 'package-lock.json'), '{}')
  const { code, stdout, stderr } = await fochista(help)
  assert.deepEqual([code, stderr], [0, ''])
  assert.match(stdout, /^Usage: fochista vm list/)
})
