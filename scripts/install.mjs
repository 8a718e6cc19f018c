// What every npm script begins with, on whatever Node a fresh machine has (20 or later).
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** How long an install may take, milliseconds; a lock that is older is nobody's, whoever has its process id by now. */
const LONGEST_MS = 600_000

/**
 * Runs `npm ci` in `root` unless what is installed is what package-lock.json names. Of several commands at once one installs, and the others
 * wait for it. Ends the process where it fails.
 */
export function ensureInstalled(root, say) {
  const stamp = join(root, 'node_modules', '.installed-from')
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  const isInstalled = () => read(stamp) === wanted
  if (isInstalled()) return
  // Not in node_modules, which npm ci removes.
  const folder = join(root, '.fochista')
  mkdirSync(folder, { recursive: true })
  const lock = join(folder, 'installing')
  takeLock(lock, () => say('Another command installs; waiting for it …'))
  try {
    if (isInstalled()) return
    say('Installing what package-lock.json names (npm ci; once, about half a minute) …')
    // A registry may not answer just then.
    const options = ['--no-audit', '--no-fund', '--loglevel=error', '--fetch-retries=5']
    const result = spawnSync('npm', ['ci', ...options], {
      cwd: root,
      stdio: ['ignore', 2, 2],
    })
    if (result.status !== 0) {
      say('npm ci failed; its messages are above. Is the npm registry reachable?')
      process.exitCode = result.status ?? 1
      return
    }
    writeFileSync(stamp, wanted)
  } finally {
    rmSync(lock, { force: true })
    if (process.exitCode) process.exit()
  }
}

/** Makes the file `lock` with this process's id, as soon as no living process has it. */
function takeLock(lock, onWait) {
  const mine = `${lock}.${process.pid}`
  writeFileSync(mine, String(process.pid))
  try {
    for (let waits = 0; ; waits += 1) {
      try {
        // A link comes with its content: nobody sees a lock without an owner.
        linkSync(mine, lock)
        return
      } catch (error) {
        if (error.code !== 'EEXIST') throw error
      }
      const owner = read(lock)
      if (owner !== undefined && isDead(owner, lock)) breakLock(lock, owner)
      else {
        if (waits === 0) onWait()
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
      }
    }
  } finally {
    rmSync(mine, { force: true })
  }
}

function isDead(owner, lock) {
  try {
    if (Date.now() - statSync(lock).mtimeMs > LONGEST_MS) return true
    process.kill(Number(owner), 0)
    return false
  } catch (error) {
    return error.code === 'ESRCH'
  }
}

/** Removes the lock of a process that is gone; of several that try, the one that makes the folder of its name may. */
function breakLock(lock, owner) {
  const permission = `${lock}.of-${owner}`
  try {
    mkdirSync(permission)
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    // One that was killed just here leaves it behind.
    if (Date.now() - (statSync(permission, { throwIfNoEntry: false })?.mtimeMs ?? 0) > LONGEST_MS)
      rmSync(permission, { recursive: true, force: true })
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
    return
  }
  // Somebody may have it by now.
  if (read(lock) === owner) rmSync(lock, { force: true })
  rmdirSync(permission)
}

function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
