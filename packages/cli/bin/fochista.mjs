#!/usr/bin/env node
// Runs the built command where there is one; in a clone the sources, with the pinned Node, whatever Node this is (20 or later).
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const argv = process.argv.slice(2)
const source = fileURLToPath(new URL('../src/main.ts', import.meta.url))

if (argv.length === 1 && argv[0] === '--version') {
  // Not worth a second process.
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  process.stdout.write(`${version}\n`)
} else if (existsSync(source)) {
  const flags = ['--conditions=source', '--disable-warning=ExperimentalWarning']
  const child = spawn(findNode(), [...flags, source, ...argv], { stdio: 'inherit' })
  // We outlive the child to report its end. A terminal's Ctrl-C reaches it twice then; it takes both for one.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => {
    process.exitCode = signal ? 1 : (code ?? 1)
  })
} else {
  const { runUntilSignal } = await import(new URL('../dist/main.js', import.meta.url).href)
  process.exitCode = await runUntilSignal(argv)
}

/** The Node that package-lock.json pins, else this one if it can run TypeScript sources. */
function findNode() {
  const pinned = fileURLToPath(new URL('../../../node_modules/.bin/node', import.meta.url))
  if (existsSync(pinned)) return pinned
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 22 || (major === 22 && minor >= 19)) return process.execPath
  process.stderr.write(
    `Node ${process.versions.node} cannot run the sources. Run npm ci here, or install Node 22.19 or later.\n`,
  )
  process.exit(1)
}
