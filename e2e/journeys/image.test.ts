import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { root } from '../harness.ts'

const file = await readFile(join(root, 'deploy', 'Containerfile'), 'utf8')
const folder = await mkdtemp(join(tmpdir(), 'fochista-image-'))
after(() => rm(folder, { recursive: true, force: true }))

/** Steps of the build file, lines that go on joined. */
const steps = file
  .replaceAll(/\\\n/g, ' ')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))

test('what the image is made of is in the repository, and its Node is one that the command takes', async () => {
  const copied = steps
    .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
    .flatMap((line) => line.split(/\s+/).slice(1, -1))
  assert.ok(copied.includes('package-lock.json'))
  for (const path of copied) await stat(join(root, path))
  const nodes = [...file.matchAll(/^FROM docker\.io\/library\/node:(\d+)/gm)].map((match) => Number(match[1]))
  assert.equal(nodes.length, 2)
  assert.ok(nodes.every((major) => major >= 24))
  assert.ok(steps.some((line) => line === 'USER 65532:65532'))
})

test('what is built runs without its sources, as in the image', async () => {
  const build = /^RUN node (packages\/cli\/\S+)$/m.exec(file)?.[1] ?? assert.fail('nothing is bundled')
  const built = spawnSync(process.execPath, [join(root, build)], { cwd: root, encoding: 'utf8' })
  assert.equal(built.status, 0, built.stderr)
  await cp(join(root, 'packages'), join(folder, 'packages'), { recursive: true, verbatimSymlinks: true })
  const removal = /rm -rf packages\/\*\/src/.exec(file)?.[0]
  assert.ok(removal)
  assert.equal(spawnSync('sh', ['-c', removal], { cwd: folder }).status, 0)
  const modules = join(folder, 'node_modules')
  await mkdir(join(modules, '@fochista'), { recursive: true })
  for (const name of await readdir(join(root, 'node_modules')))
    if (name !== '@fochista' && name !== 'fochista')
      await symlink(join(root, 'node_modules', name), join(modules, name))
  for (const name of await readdir(join(folder, 'packages')))
    await symlink(join(folder, 'packages', name), join(modules, '@fochista', name))
  const entry = /^ENTRYPOINT (\[.*\])$/m.exec(file)?.[1] ?? '[]'
  const [, ...words] = JSON.parse(entry) as string[]
  const command = words.map((word) => word.replace(/^\/opt\/fochista/, folder))
  const run = (...args: string[]): ReturnType<typeof spawnSync> =>
    spawnSync(process.execPath, [...command, ...args], {
      encoding: 'utf8',
      timeout: 300_000,
      env: { PATH: process.env['PATH'] ?? '', HOME: folder, KUBECONFIG: join(folder, 'none') },
    })
  const help = run('serve', '--help')
  assert.match(String(help.stdout), /--health-port/)
  // Data and packages are found from where they lie beside the bundle.
  const listed = run('api', 'get', '/nodes/pve1/qemu/100/confg')
  assert.match(String(listed.stderr), /^error: Proxmox has no .*\n {2}did you mean .*\/config\?\n$/)
  // It gets as far as asking for the management cluster, with everything loaded that it needs for that.
  const serve = run('serve', '--health-port', '0')
  assert.deepEqual(
    [serve.status, String(serve.stderr).split('\n')[0]],
    [4, `error: KUBECONFIG names no file that exists: ${join(folder, 'none')}`],
  )
})
