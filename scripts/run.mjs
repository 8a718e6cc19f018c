// The one entry of every npm script. Plain JavaScript, so that it runs on whatever Node a fresh machine has (20 or later):
// it installs what is missing, then hands over to the pinned Node, which runs the TypeScript sources as they are.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { ensureInstalled } from './install.mjs'
import { supervise } from './supervise.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const bin = join(root, 'node_modules', '.bin')
const say = (text) => process.stderr.write(`${text}\n`)

/** The pinned Node if this platform has it, else the running one if it can run TypeScript sources. */
function findNode() {
  const pinned = join(bin, 'node')
  if (existsSync(pinned)) return pinned
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 22 || (major === 22 && minor >= 19)) return process.execPath
  say(
    `Node ${process.versions.node} cannot run the sources, and no pinned Node exists for ${process.platform}-${process.arch}. Install Node 22.19 or later.`,
  )
  process.exit(1)
}

ensureInstalled(root, say)
const node = findNode()
const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` }
const nodeFlags = ['--conditions=source', '--disable-warning=ExperimentalWarning']
const failures = []
/** What Node has made of sources, kept from one test process to the next; it goes with node_modules. */
const compiled = join(root, 'node_modules', '.cache', 'compiled')
/** A run of all tests makes some thousand files there. */
const MOST_COMPILED = 20_000

/**
 * The environment of tests and generators: they are hundreds of processes of the same sources, and half of what a short one takes is compiling.
 * It is no part of what is measured (`bench`) or used (`fochista`).
 */
function testEnv() {
  // Clones that tests make leave files whose names never come again.
  if (existsSync(compiled) && readdirSync(compiled, { recursive: true }).length > MOST_COMPILED)
    rmSync(compiled, { recursive: true, force: true })
  return { ...env, NODE_COMPILE_CACHE: compiled }
}

if (env.CI) seedFromContent()

/**
 * In CI what is drawn by chance is drawn from the content of the commit: the next commit tries something else, and the same one,
 * run again, the same thing.
 */
function seedFromContent() {
  const tree = spawnSync('git', ['rev-parse', 'HEAD^{tree}'], { cwd: root, encoding: 'utf8' })
  if (tree.status !== 0) return
  const seed = String(Number.parseInt(tree.stdout.slice(0, 7), 16))
  for (const name of ['CHAOS_SEED', 'FUZZ_SEED', 'PARAMETERS_SEED']) env[name] ??= seed
}

/** Runs a command to its end with our output; resolves to its exit code. */
function run(command, args, { onOutput, ...options } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, env, stdio: 'inherit', ...options })
    if (onOutput) child.stdout.setEncoding('utf8').on('data', onOutput)
    // A terminal's Ctrl-C reaches the child from the terminal and once more from here; it takes both for one. We outlive it to
    // report its end.
    const forward = (signal) => child.kill(signal)
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
    for (const name of signals) process.on(name, forward)
    child.on('close', (code, signal) => {
      for (const name of signals) process.off(name, forward)
      resolve(signal ? 128 + (signal === 'SIGINT' ? 2 : 15) : (code ?? 1))
    })
  })
}

/** Files below `folder` whose name ends in `ending`, sorted. */
function filesBelow(folder, ending) {
  const found = []
  const visit = (path) => {
    if (!existsSync(path)) return
    for (const name of readdirSync(path)) {
      if (name === 'node_modules' || name === 'dist') continue
      const full = join(path, name)
      if (statSync(full).isDirectory()) visit(full)
      else if (name.endsWith(ending)) found.push(full)
    }
  }
  visit(join(root, folder))
  return found.sort((a, b) => (a < b ? -1 : 1))
}

const totals = { passed: 0, failed: 0, skipped: 0 }

/** A stage that takes so many times its budget hangs: it is ended, and node:test names what was running. */
const PATIENCE = 4

/** Runs node:test over `files`, adds its counts to the totals and says how long it took against its budget. */
async function testStage(name, files, { budgetMinutes, concurrency, isEndless = false }) {
  if (files.length === 0) return
  const started = Date.now()
  say(`\n── ${name}: ${files.length} files`)
  const folder = mkdtempSync(join(tmpdir(), 'fochista-test-'))
  const tap = join(folder, 'result.tap')
  const command = [
    ...nodeFlags,
    '--test',
    `--test-concurrency=${concurrency}`,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    '--test-reporter=tap',
    `--test-reporter-destination=${tap}`,
    ...files,
  ]
  const code = await supervise(node, command, {
    cwd: root,
    // Tests read what is printed, in English.
    env: { ...testEnv(), LC_ALL: 'C.UTF-8' },
    limit: isEndless ? undefined : AbortSignal.timeout(budgetMinutes * PATIENCE * 60_000),
    onLeft: (line) => say(`still running, and ended: ${line}`),
  })
  const text = existsSync(tap) ? readFileSync(tap, 'utf8') : ''
  rmSync(folder, { recursive: true, force: true })
  const count = (word) => Number(new RegExp(`^# ${word} (\\d+)$`, 'm').exec(text)?.[1] ?? 0)
  const failed = count('fail') + count('cancelled')
  totals.passed += count('pass')
  // A runner that dies without a count is one failure, never a silent nothing.
  totals.failed += failed === 0 && code !== 0 ? 1 : failed
  totals.skipped += count('skipped') + count('todo')
  if (code !== 0) failures.push(name)
  finish(name, started, budgetMinutes)
}

function finish(name, started, budgetMinutes) {
  const seconds = (Date.now() - started) / 1000
  const over = seconds > budgetMinutes * 60 ? '  OVER BUDGET' : ''
  say(`── ${name}: ${seconds.toFixed(1)} s of ${budgetMinutes * 60} s${over}`)
}

/** One check: a command that must exit 0. */
async function checkStep(name, command, args) {
  const code = await run(command, args)
  if (code === 0) totals.passed += 1
  else {
    totals.failed += 1
    failures.push(name)
    say(`check failed: ${name}`)
  }
}

async function check() {
  const started = Date.now()
  await checkStep('format (oxfmt --check)', join(bin, 'oxfmt'), ['--check', '.'])
  await checkStep('lint (oxlint)', join(bin, 'oxlint'), ['--deny-warnings', '.'])
  await checkStep('types (tsc -b)', join(bin, 'tsc'), ['-b'])
  await checkStep('types of e2e', join(bin, 'tsc'), ['-p', 'e2e'])
  await checkStep('types of bench', join(bin, 'tsc'), ['-p', 'bench'])
  await checkStep('unused code (knip)', node, [join(bin, 'knip')])
  await checkStep('repository rules', node, [
    ...nodeFlags,
    '--test',
    '--test-reporter=dot',
    ...filesBelow('scripts', '.test.ts'),
  ])
  finish('check', started, 2)
}

const isUnit = (file) => !file.endsWith('.slow.test.ts')
const unit = () =>
  testStage(
    'unit',
    [
      ...filesBelow('packages', '.test.ts').filter(isUnit),
      ...filesBelow('e2e/conformance', '.test.ts'),
      ...filesBelow('e2e/coverage', '.test.ts'),
      ...filesBelow('e2e/refusals', '.test.ts'),
    ],
    { budgetMinutes: 3, concurrency: 2 },
  )
const isAlone = (file) => file.endsWith('.alone.test.ts')
/** Most journeys wait most of the time, so that two run at once; one that measures time (`*.alone.test.ts`) has the machine to itself. */
async function journeys() {
  const files = filesBelow('e2e/journeys', '.test.ts')
  await testStage(
    'journeys, two at once',
    files.filter((file) => !isAlone(file)),
    { budgetMinutes: 4.5, concurrency: 2 },
  )
  await testStage('journeys, alone', files.filter(isAlone), { budgetMinutes: 1.5, concurrency: 1 })
}
/** So it is with foreign clients; those that make a Debian of their own (`*.alone.test.ts`) share its folder, and come one after the other. */
async function foreign() {
  const files = filesBelow('e2e/foreign', '.test.ts')
  await testStage(
    'foreign clients, two at once',
    files.filter((file) => !isAlone(file)),
    { budgetMinutes: 2.5, concurrency: 2 },
  )
  await testStage('foreign clients, alone', files.filter(isAlone), { budgetMinutes: 1.5, concurrency: 1 })
}
/** What the files of a worker do in a Debian that boots by an emulated processor: minutes long, so on demand. */
const guest = () =>
  testStage('guest', filesBelow('e2e/guest', '.test.ts'), { budgetMinutes: 10, concurrency: 1 })
/** Where a journey of chaos is that has no file of its name in e2e/chaos. */
const elsewhere = { model: join(root, 'packages', 'controllers', 'src', 'model', 'model.test.ts') }

/** How many runs somebody gets who asks for a journey by name and not for a number; all of them at once, and CI, make do with few. */
const runsByName = { crash: '200', model: '200' }

/**
 * `--runs N` and `--seed S` go to the journeys through the environment, `--all` for every fault instead of a few that are drawn,
 * `--companies N` for how many are drawn in company, and `--fault WORDS` for those whose name has the words; `--only NAME` picks the journeys
 * whose file begins so.
 */
function chaos(args = []) {
  const { runs, seed, only, all, companies, fault } = parseArgs({
    args,
    options: {
      runs: { type: 'string' },
      seed: { type: 'string' },
      only: { type: 'string' },
      all: { type: 'boolean' },
      companies: { type: 'string' },
      fault: { type: 'string' },
    },
  }).values
  if (all) env.CHAOS_ALL = '1'
  if (companies !== undefined) env.CHAOS_COMPANIES = companies
  if (fault !== undefined) env.CHAOS_FAULT = fault
  if (runs !== undefined) env.CHAOS_RUNS = runs
  else if (!env.CI && only in runsByName) env.CHAOS_RUNS ??= runsByName[only]
  if (seed !== undefined) env.CHAOS_SEED = seed
  const files = filesBelow('e2e/chaos', '.test.ts').filter(
    (file) => only === undefined || basename(file).startsWith(only),
  )
  if (only !== undefined && only in elsewhere) files.push(elsewhere[only])
  if (files.length === 0) {
    say(`no journey of chaos is named "${only}"`)
    process.exit(2)
  }
  // They wait more than they work.
  return testStage('chaos', files, { budgetMinutes: 4, concurrency: 2, isEndless: args.length > 0 })
}

/** Exchanges recorded from the real products, replayed against the lab. Its program counts by itself and says what is skipped. */
async function conformance(args) {
  const started = Date.now()
  const file = join(root, 'e2e', 'conformance', 'main.ts')
  if (!existsSync(file)) {
    totals.skipped += 1
    say('conformance: SKIPPED, e2e/conformance/main.ts is not there')
    return
  }
  let text = ''
  const code = await run(node, [...nodeFlags, file, ...args], {
    env: testEnv(),
    stdio: ['inherit', 'pipe', 'inherit'],
    onOutput: (chunk) => {
      process.stdout.write(chunk)
      text += chunk
    },
  })
  const counts = [...text.matchAll(/^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?/gm)].at(-1)
  const failed = Number(counts?.[2] ?? 0)
  totals.passed += Number(counts?.[1] ?? 0)
  totals.failed += failed === 0 && code !== 0 ? 1 : failed
  totals.skipped += Number(counts?.[3] ?? 0)
  if (code !== 0) failures.push('conformance')
  finish('conformance', started, 5)
}

/**
 * Runs the tests that show what is covered of the Proxmox API, and takes over which calls they made: for docs/coverage.md. `--only unit`,
 * `foreign` or `conformance` renews that kind and leaves the others as they were.
 */
async function coverage(args) {
  const { only } = parseArgs({ args, options: { only: { type: 'string' } } }).values
  const stages = { unit, foreign, conformance: () => conformance(['--only', 'proxmox']) }
  for (const [kind, stage] of Object.entries(stages)) {
    if (only !== undefined && only !== kind) continue
    const folder = mkdtempSync(join(tmpdir(), 'fochista-called-'))
    env.FOCHISTA_CALLED = folder
    await stage()
    const code = await run(node, [...nodeFlags, join(root, 'e2e', 'coverage', 'merge.ts'), kind, folder])
    if (code !== 0) failures.push(`coverage of ${kind}`)
    rmSync(folder, { recursive: true, force: true })
  }
  await generate()
}

const generators = [
  'packages/proxmox/generate/main.ts',
  'packages/kamaji/generate/main.ts',
  'packages/api/generate/main.ts',
  'packages/lab/generate/main.ts',
  'packages/cli/generate/main.ts',
  'e2e/coverage/main.ts',
]

async function generate() {
  for (const file of generators.filter((path) => existsSync(join(root, path)))) {
    const code = await run(node, [...nodeFlags, file], { env: testEnv() })
    if (code !== 0) process.exit(code)
  }
}

function summary() {
  if (failures.length > 0) say(`\nFailed: ${failures.join(', ')}`)
  if (totals.skipped > 0) say(`\n${totals.skipped} SKIPPED: each says above what it needs.`)
  process.stdout.write(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped\n`)
  process.exit(totals.failed > 0 || failures.length > 0 ? 1 : 0)
}

const [task = 'help', ...rest] = process.argv.slice(2)
const cli = join(root, 'packages', 'cli', 'bin', 'fochista.cjs')
switch (task) {
  case 'install':
    // Done above, as for every task.
    break
  case 'demo':
    process.exit(await run(node, [cli, 'demo', ...rest]))
    break
  case 'fochista':
    process.exit(await run(node, [cli, ...rest], { cwd: process.env.INIT_CWD ?? root }))
    break
  case 'check':
    await check()
    summary()
    break
  case 'unit':
    await unit()
    summary()
    break
  case 'journeys':
    await journeys()
    summary()
    break
  case 'foreign':
    await foreign()
    summary()
    break
  case 'guest':
    await guest()
    summary()
    break
  case 'chaos':
    await chaos(rest)
    summary()
    break
  case 'test':
    await unit()
    await journeys()
    await chaos()
    await foreign()
    summary()
    break
  case 'conformance':
    await conformance(rest)
    summary()
    break
  case 'coverage':
    await coverage(rest)
    summary()
    break
  case 'generate':
    await generate()
    break
  case 'bench':
    process.exit(await run(node, [...nodeFlags, join(root, 'bench', 'main.ts'), ...rest]))
    break
  default:
    say(
      `unknown task ${task}: install, demo, fochista, test, unit, journeys, chaos, foreign, guest, conformance, coverage, check, generate, bench`,
    )
    process.exit(2)
}
