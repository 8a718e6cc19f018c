// Runs a command with all that it starts, and leaves nothing of it behind.
import { spawn, spawnSync } from 'node:child_process'
import { constants } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

/** What is left behind has so long for ending as it should, milliseconds; then it is killed. */
const GRACE_MS = 15_000

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * Runs a command in a process group of its own, with our output, and resolves to its exit code: 128 and the signal's number if a signal ended
 * it. `limit`, an AbortSignal, asks it to end, and kills it if it does not. What its group has left running by then, or when it ends by itself,
 * is told to `onLeft`, a line for each process, and ended. Signals that we get go to the whole group, as a terminal's would; we outlive it to
 * report its end. Rejects when it cannot be started.
 */
export function supervise(command, args, { limit, onLeft = () => {}, graceMs = GRACE_MS, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options, detached: true })
    child.on('error', reject)
    const group = child.pid
    if (group === undefined) return
    const forward = (signal) => send(group, signal)
    for (const name of SIGNALS) process.on(name, forward)
    let killer
    // Itself alone: it tells what it was doing.
    const stop = () => {
      child.kill('SIGTERM')
      killer = setTimeout(() => child.kill('SIGKILL'), graceMs)
    }
    limit?.addEventListener('abort', stop)
    child.on('exit', (code, signal) => {
      limit?.removeEventListener('abort', stop)
      clearTimeout(killer)
      endGroup(group, graceMs, onLeft)
        .finally(() => SIGNALS.forEach((name) => process.off(name, forward)))
        .then(() => resolve(signal ? 128 + constants.signals[signal] : code), reject)
    })
  })
}

async function endGroup(group, graceMs, onLeft) {
  let left = members(group)
  // Where nobody says who there is, whoever there is goes.
  if (!left) return send(group, 'SIGKILL')
  if (left.length === 0) return
  left.forEach(onLeft)
  send(group, 'SIGTERM')
  const deadline = Date.now() + graceMs
  while (left?.length > 0 && Date.now() < deadline) {
    await sleep(100)
    left = members(group)
  }
  if (left?.length !== 0) send(group, 'SIGKILL')
}

/**
 * Process ids and command lines of a group, without those that have ended already and wait for their parent to ask how; undefined on a machine
 * that has no `ps`.
 */
function members(group) {
  const options = { encoding: 'utf8', maxBuffer: 2 ** 28 }
  const { stdout, status } = spawnSync('ps', ['-A', '-o', 'pgid=,stat=,pid=,args='], options)
  if (status !== 0) return undefined
  return stdout
    .split('\n')
    .map((line) => /^ *(\d+) +(\S+) +(.*)$/.exec(line))
    .filter((match) => match && Number(match[1]) === group && !match[2].startsWith('Z'))
    .map((match) => match[3])
}

function send(group, signal) {
  try {
    process.kill(-group, signal)
  } catch (error) {
    if (error.code !== 'ESRCH') throw error
  }
}
