import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { rolldown, type Plugin } from 'rolldown'

// Makes dist/bundle, which bin/fochista.cjs runs: the command with all that it needs, in a few files of which a line loads those of its noun.

const root = join(import.meta.dirname, '..', '..', '..')
const folder = join(root, 'packages', 'cli', 'dist', 'bundle')
/** How long a file of an older bundle stays, milliseconds: a process that still runs may load it at any time. */
const KEEP_MS = 86_400_000

/**
 * Bundles the command. Files are named by their content and never written over, and what is to be run is told last: processes that run,
 * or bundle at the same time, do not disturb each other. Resolves to the file to run; throws what rolldown finds wrong with the sources.
 */
export async function buildBundle(): Promise<string> {
  const startedAt = Date.now()
  const bundle = await rolldown({
    input: join(root, 'packages', 'cli', 'src', 'start.ts'),
    platform: 'node',
    tsconfig: false,
    resolve: { conditionNames: ['source', 'import', 'node'] },
    // undici then leaves out its second, experimental parser, as in the copy that is a part of Node.
    transform: { define: { esbuildDetection: 'true' } },
    plugins: [whereSourcesWere, withoutUnused],
    // What it says of third parties is not ours to mend; what does not work throws.
    logLevel: 'silent',
  })
  try {
    const { output } = await bundle.generate({
      // A chunk that is required is there at once; ES modules are linked in several steps, for twice the time.
      format: 'cjs',
      exports: 'named',
      entryFileNames: '[name]-[hash].cjs',
      chunkFileNames: '[name]-[hash].cjs',
      // To open a file takes a millisecond: what nearly each line needs is in one, and what speaks with Proxmox in another.
      codeSplitting: {
        groups: [
          {
            name: 'command',
            test: /packages\/cli\/src\/(?!start|main)[\w-]+\.ts$|cli\/src\/commands\/proxmox-call\/|node_modules\/commander\//,
          },
          { name: 'proxmox', test: /packages\/proxmox\/(src\/(?!upload)|schema\/)/ },
        ],
      },
      comments: { legal: true, annotation: false, jsdoc: false },
      sourcemap: true,
      // Its lines are enough to find what is in the sources.
      sourcemapExcludeSources: true,
    })
    await mkdir(folder, { recursive: true })
    for (const file of output) await keep(file.fileName, file.type === 'chunk' ? file.code : file.source)
    const entry = output.find((file) => file.type === 'chunk' && file.isEntry)
    if (!entry) throw new Error('the bundle has no entry')
    const inputs = await timesOf([...(await bundle.watchFiles), ...manifests()], startedAt)
    // What bin/fochista.cjs reads: where to begin, and what it was made of when.
    await replace('inputs.json', JSON.stringify(inputs))
    await replace('entry', entry.fileName)
    await forgetOld()
    return join(folder, entry.fileName)
  } finally {
    await bundle.close()
  }
}

/** A bundle lies elsewhere than its sources, which find data and packages from where they are: they are told that place. */
const whereSourcesWere: Plugin = {
  name: 'where-sources-were',
  transform: {
    filter: { id: /[\\/]packages[\\/].*\.ts$/, code: 'import.meta.' },
    handler: (code, id) => {
      const place = (path: string): string => `__dirname + ${JSON.stringify(`/${relative(folder, path)}`)}`
      const url = `require('node:url').pathToFileURL(${place(id)}).href`
      const resolve = `(name) => require('node:url').pathToFileURL(require('node:module').createRequire(${url}).resolve(name)).href`
      return {
        code: code
          .replaceAll('import.meta.dirname', `(${place(dirname(id))})`)
          .replaceAll('import.meta.resolve', `(${resolve})`)
          .replaceAll('import.meta.url', url),
        map: null,
      }
    },
  },
}

/**
 * What third parties load and we do not use, and what they get instead. To load it would take a third of the time of a short command.
 */
const unused: readonly { readonly by: string; readonly builtin: string; readonly instead: string }[] = [
  // It compares objects and paints their differences; undici asks whether something is so.
  {
    by: 'undici',
    builtin: 'node:assert',
    instead:
      "module.exports = (isSo, message) => { if (!isSo) throw message instanceof Error ? message : new Error(message ?? 'assertion failed') }",
  },
  // With it comes TLS. undici does without it where there is none; ours is never asked for it.
  { by: 'undici', builtin: 'node:http2', instead: "throw new Error('HTTP/2 is off')" },
  // Of Node's own client it takes how long headers may be, and knows its bodies.
  {
    by: 'undici',
    builtin: 'node:http',
    instead: 'export const maxHeaderSize = 16384\nexport class IncomingMessage {}',
  },
  // It can run programs as commands.
  { by: 'commander', builtin: 'node:child_process', instead: 'export default {}' },
]
const withoutUnused: Plugin = {
  name: 'without-unused',
  resolveId: {
    filter: { id: /^node:/ },
    handler: (id, importer = '') =>
      unused.some(({ by, builtin }) => id === builtin && importer.includes(`/node_modules/${by}/`))
        ? `\0${id}`
        : undefined,
  },
  load: {
    filter: { id: /^\0node:/ },
    handler: (id) => unused.find(({ builtin }) => id === `\0${builtin}`)?.instead,
  },
}

/** Beside the modules it is made of the packages that are installed, what is exported of ours, and how it is made. */
function manifests(): string[] {
  const packages = ['api', 'cli', 'controllers', 'kamaji', 'kubernetes', 'lab', 'proxmox']
  return [
    join(root, 'package-lock.json'),
    import.meta.filename,
    ...packages.map((name) => join(root, 'packages', name, 'package.json')),
  ]
}

/** The times of change of our files. One that was changed meanwhile gets none that it can have, so that it is bundled anew. */
async function timesOf(files: readonly string[], startedAt: number): Promise<Record<string, number>> {
  const ours = files.filter((file) => existsSync(file) && !file.includes('node_modules')).sort()
  const times = ours.map(async (file) => {
    const { mtimeMs } = await stat(file)
    return [relative(root, file), mtimeMs < startedAt ? mtimeMs : 0] as const
  })
  return Object.fromEntries(await Promise.all(times))
}

/** Writes a file that is named by its content, unless it is there. */
async function keep(name: string, content: string | Uint8Array): Promise<void> {
  const path = join(folder, name)
  // The map of a chunk may change where the chunk does not.
  if (!existsSync(path) || name.endsWith('.map')) return replace(name, content)
  const now = new Date()
  await utimes(path, now, now)
}

/** Writes a file so that whoever reads it has the old one or the new one, whole. */
async function replace(name: string, content: string | Uint8Array): Promise<void> {
  const path = join(folder, name)
  await writeFile(`${path}.${process.pid}`, content)
  await rename(`${path}.${process.pid}`, path)
}

/** Removes what no bundle of the last day has, and what Node keeps compiled of it. */
async function forgetOld(): Promise<void> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true })
  for (const file of files.filter((one) => one.isFile())) {
    const path = join(file.parentPath, file.name)
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }))
    if (mtimeMs < Date.now() - KEEP_MS) await rm(path, { force: true })
  }
}

if (import.meta.main) await buildBundle()
