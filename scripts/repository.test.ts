import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '..')

/** What each package may import of ours: the table of ARCHITECTURE.md, in code. */
const mayImport: Record<string, readonly string[]> = {
  '@fochista/proxmox': [],
  '@fochista/kubernetes': [],
  '@fochista/kamaji': ['@fochista/kubernetes'],
  '@fochista/api': [],
  '@fochista/controllers': ['@fochista/api', '@fochista/kamaji', '@fochista/kubernetes', '@fochista/proxmox'],
  // Of kamaji only its pinned CRDs, of proxmox only its pinned schema and types: checked below.
  '@fochista/lab': ['@fochista/api', '@fochista/kamaji', '@fochista/proxmox'],
  fochista: [
    '@fochista/api',
    '@fochista/controllers',
    '@fochista/kamaji',
    '@fochista/kubernetes',
    '@fochista/lab',
    '@fochista/proxmox',
  ],
}

/** Sub-paths by which the lab may reach an SDK: data, never its client code. */
const labMayReach = ['@fochista/kamaji/crds', '@fochista/proxmox/schema']

function sourcesOf(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('node_modules') && !name.startsWith('dist'))
    .map((name) => join(root, folder, name))
}

const importPattern =
  /^(import|export)\s+(type\s+)?[^'"]*?from\s+['"]((?:@fochista\/|fochista)[^'"]*)['"]|import\(['"]((?:@fochista\/|fochista)[^'"]*)['"]\)/gms

function ourImports(file: string): { specifier: string; typeOnly: boolean }[] {
  return [...readFileSync(file, 'utf8').matchAll(importPattern)].map((match) => ({
    specifier: match[3] ?? match[4] ?? '',
    typeOnly: match[2] !== undefined,
  }))
}

const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')

for (const folder of readdirSync(join(root, 'packages'))) {
  const manifest = JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8')) as {
    name: string
    dependencies?: Record<string, string>
  }

  test(`${manifest.name} declares only the packages the import table allows`, () => {
    const allowed = mayImport[manifest.name]
    assert.ok(allowed, `${manifest.name} is not in the import table`)
    const declared = Object.keys(manifest.dependencies ?? {}).filter((name) => name.includes('fochista'))
    assert.deepEqual(
      declared.filter((name) => !allowed.includes(name)),
      [],
    )
  })

  test(`${manifest.name} imports only what it declares`, () => {
    const declared = Object.keys(manifest.dependencies ?? {})
    const wrong = sourcesOf(`packages/${folder}`).flatMap((file) =>
      ourImports(file)
        .filter(
          ({ specifier }) =>
            packageOf(specifier) !== manifest.name && !declared.includes(packageOf(specifier)),
        )
        .map(({ specifier }) => `${file}: ${specifier}`),
    )
    assert.deepEqual(wrong, [])
  })
}

test('the lab takes only data and types of the SDKs, so that it cannot share their mistakes', () => {
  const wrong = sourcesOf('packages/lab/src')
    .filter((file) => !file.endsWith('.test.ts'))
    .flatMap((file) =>
      ourImports(file)
        .filter(
          ({ specifier, typeOnly }) =>
            !typeOnly && packageOf(specifier) !== '@fochista/api' && !labMayReach.includes(specifier),
        )
        .map(({ specifier }) => `${file}: ${specifier}`),
    )
  assert.deepEqual(wrong, [])
})

test('api is safe in a browser: its sources import nothing of Node', () => {
  const wrong = sourcesOf('packages/api/src').filter(
    (file) => !file.endsWith('.test.ts') && /from ['"]node:/.test(readFileSync(file, 'utf8')),
  )
  assert.deepEqual(wrong, [])
})

test('product code knows no test hook: nothing outside the lab and the command imports the lab', () => {
  const wrong = ['proxmox', 'kubernetes', 'kamaji', 'api', 'controllers']
    .flatMap((folder) => sourcesOf(`packages/${folder}/src`))
    .filter(
      (file) =>
        !file.endsWith('.test.ts') &&
        ourImports(file).some(({ specifier }) => packageOf(specifier) === '@fochista/lab'),
    )
  assert.deepEqual(wrong, [])
})

test('the linter is alive: it refuses a floating promise and an import cycle', () => {
  const folder = mkdtempSync(join(root, 'packages', 'cli', 'src', 'lint-probe-'))
  try {
    writeFileSync(
      join(folder, 'a.ts'),
      "import { b } from './b.ts'\nexport async function a(): Promise<number> {\n  return b\n}\nexport function f(): void {\n  a()\n}\n",
    )
    writeFileSync(
      join(folder, 'b.ts'),
      "import { f } from './a.ts'\nexport const b = 1\nexport const g = f\n",
    )
    const { stdout } = spawnSync(join(root, 'node_modules', '.bin', 'oxlint'), [folder], {
      cwd: root,
      encoding: 'utf8',
    })
    assert.match(stdout, /no-floating-promises/)
    assert.match(stdout, /no-cycle/)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
