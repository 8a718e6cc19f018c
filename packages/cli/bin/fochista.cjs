#!/usr/bin/env node
// Runs the bundled command in this process. In a clone the bundle is made when it is missing or a source is newer, with the pinned Node,
// whatever Node this is (20 or later). CommonJS, for what is required is there at once.
const { existsSync, readFileSync, statSync } = require('node:fs')
const path = require('node:path')

const home = path.join(__dirname, '..')
const root = path.join(home, '..', '..')
const bundle = path.join(home, 'dist', 'bundle')
const argv = process.argv.slice(2)
/** As published there are no sources. */
const isClone = existsSync(path.join(home, 'src'))

if (argv.length === 1 && argv[0] === '--version') {
  // Nothing else is loaded to say the version.
  process.stdout.write(`${require('../package.json').version}\n`)
} else if (canRun()) {
  void run()
} else {
  handOver()
}

async function run() {
  const entry = upToDate() ?? (await build())
  // In a clone the files have other names with each change: what is kept of them compiled goes with them.
  if (isClone) require('node:module').enableCompileCache(path.join(bundle, 'compiled'))
  // Stack traces name lines of the sources, for a person who looks for a cause: to read the maps takes time.
  if (process.env.FOCHISTA_DEBUG) process.setSourceMapsEnabled(true)
  await require(entry).start(argv)
}

/** The file to run of the bundle that is there, unless a source is newer. */
function upToDate() {
  try {
    const entry = path.join(bundle, readFileSync(path.join(bundle, 'entry'), 'utf8'))
    return isClone && isOutdated() ? undefined : entry
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

function isOutdated() {
  const inputs = JSON.parse(readFileSync(path.join(bundle, 'inputs.json'), 'utf8'))
  // The lab is most of all sources, and few lines load it.
  const withLab = argv.includes('lab') || argv.includes('demo')
  return Object.entries(inputs).some(
    ([name, mtimeMs]) =>
      (withLab || !name.startsWith('packages/lab/')) &&
      statSync(`${root}/${name}`, { throwIfNoEntry: false })?.mtimeMs !== mtimeMs,
  )
}

async function build() {
  say(
    'The sources are newer than the bundled command: bundling it …',
    'I sorgenti sono più recenti del comando impacchettato: lo impacchetto …',
  )
  try {
    const { buildBundle } = await import('../bundle/build.ts')
    return await buildBundle()
  } catch (error) {
    say(
      `The command cannot be bundled from its sources: ${error.message}`,
      `Il comando non si può impacchettare dai sorgenti: ${error.message}`,
    )
    process.exit(1)
  }
}

/** Whether this Node is new enough. */
function canRun() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  return major > 22 || (major === 22 && minor >= 19)
}

/** Runs this file with the Node that package-lock.json pins. */
function handOver() {
  const pinned = path.join(root, 'node_modules', '.bin', 'node')
  if (!existsSync(pinned)) {
    say(
      `Node ${process.versions.node} cannot run fochista. Run npm ci here, or install Node 22.19 or later.`,
      `Node ${process.versions.node} non può eseguire fochista. Esegui qui npm ci, o installa Node 22.19 o successivo.`,
    )
    process.exit(1)
  }
  const { spawn } = require('node:child_process')
  const child = spawn(pinned, [__filename, ...argv], { stdio: 'inherit' })
  // We outlive the child to report its end. A terminal's Ctrl-C reaches it twice then; it takes both for one.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => {
    process.exitCode = signal ? 1 : (code ?? 1)
  })
}

/** Says it in the person's language, by the rule of src/locale.ts. */
function say(en, it) {
  const { LC_ALL, LC_MESSAGES, LANG } = process.env
  const isItalian = /^it([_.@-]|$)/i.test(LC_ALL || LC_MESSAGES || LANG || '')
  process.stderr.write(`${isItalian ? it : en}\n`)
}
