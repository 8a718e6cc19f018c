import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import type { TestContext } from 'node:test'

// Repositories of packages as apt knows them, flat, with a signed list; and packages to put into them.

/** Keys of a test, and what they sign. */
export interface Signer {
  /** The public keys of names, armored. A key is made when it is first asked for. */
  publicKeys(...names: string[]): string
  /** A text with its signature, as an `InRelease` file holds it. */
  sign(name: string, text: string): string
}

/** Makes keys with gpg, in a folder of the test. `EXPIRED` names one that was good for a day in 2020. */
export function startSigner(t: TestContext): Signer {
  const home = mkdtempSync(join(tmpdir(), 'fochista-gpg-'))
  t.after(() => {
    run('gpgconf', ['--homedir', home, '--kill', 'all'])
    rmSync(home, { recursive: true, force: true })
  })
  const made = new Set<string>()
  const common = ['--homedir', home, '--batch', '--quiet', '--passphrase', '']
  const gpg = (name: string, args: string[], input?: string): string =>
    run('gpg', [...common, ...timeOf(name), ...args], input)
  const ensure = (name: string): void => {
    if (made.has(name)) return
    made.add(name)
    gpg(name, ['--quick-gen-key', name, 'ed25519', 'sign', name === EXPIRED ? '1d' : 'never'])
  }
  return {
    publicKeys: (...names) => {
      for (const name of names) ensure(name)
      return gpg('', ['--armor', '--export', ...names.map((name) => `=${name}`)])
    },
    sign: (name, text) => {
      ensure(name)
      return gpg(name, ['--local-user', `=${name}`, '--clearsign'], text)
    },
  }
}

/** Name of a key that has expired, and of a signature from when it had not. */
export const EXPIRED = 'expired'
const timeOf = (name: string): string[] =>
  name === EXPIRED ? ['--faked-system-time', '20200101T000000!'] : []

/** Makes a package. Files by path; those under a `bin` folder are programs. */
export function makePackage(
  folder: string,
  control: { Package: string; Version: string; Depends?: string },
  files: Record<string, string>,
  postinst?: string,
): string {
  const tree = mkdtempSync(join(tmpdir(), 'fochista-deb-'))
  const fields = {
    Architecture: 'all',
    Maintainer: 'test <test@example.org>',
    Description: 'stand-in',
    ...control,
  }
  const put = (path: string, text: string, mode: number): void => {
    mkdirSync(dirname(join(tree, path)), { recursive: true, mode: 0o755 })
    writeFileSync(join(tree, path), text)
    chmodSync(join(tree, path), mode)
  }
  chmodSync(tree, 0o755)
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\n`)
  put('DEBIAN/control', lines.join(''), 0o644)
  if (postinst !== undefined) put('DEBIAN/postinst', postinst, 0o755)
  for (const [path, text] of Object.entries(files)) put(path, text, path.includes('/bin/') ? 0o755 : 0o644)
  mkdirSync(folder, { recursive: true })
  const deb = join(folder, `${control.Package}_${control.Version}_all.deb`)
  run('dpkg-deb', ['--root-owner-group', '-Zgzip', '--build', tree, deb])
  rmSync(tree, { recursive: true, force: true })
  return deb
}

let published = 0

/** Publishes packages in a folder, with the list and its signature. Each has a later date than the one before: apt takes no older list. */
export function publish(folder: string, debs: readonly string[], sign: (text: string) => string): void {
  const date = new Date(Date.now() - 3_600_000 + 60_000 * published++)
  mkdirSync(folder, { recursive: true })
  const entries = debs.map((deb) => {
    const bytes = readFileSync(deb)
    copyFileSync(deb, join(folder, basename(deb)))
    return `${run('dpkg-deb', ['--field', deb]).trimEnd()}\nFilename: ./${basename(deb)}\nSize: ${bytes.length}\nSHA256: ${sha256(bytes)}\n`
  })
  const list = Buffer.from(entries.join('\n'))
  writeFileSync(join(folder, 'Packages'), list)
  const release = `Origin: test\nSuite: stable\nDate: ${date.toUTCString()}\nSHA256:\n ${sha256(list)} ${list.length} Packages\n`
  writeFileSync(join(folder, 'InRelease'), sign(release))
  // By these times the server tells apt whether its list is still the newest, to the second.
  for (const name of ['Packages', 'InRelease']) utimesSync(join(folder, name), date, date)
}

/**
 * A web server for the inside of a machine, over the folder /srv/www. What /srv/fault names in its path is cut off in the middle.
 */
export const webServer = `import http.server, os
class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        fault = open('/srv/fault').read().strip() if os.path.exists('/srv/fault') else ''
        if not fault or fault not in self.path:
            return super().do_GET()
        data = open(self.translate_path(self.path), 'rb').read()
        self.send_response(200)
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data[:len(data) // 2])
        self.wfile.flush()
        self.connection.shutdown(2)
    def log_message(self, *args):
        pass
os.chdir('/srv/www')
http.server.ThreadingHTTPServer(('127.0.0.1', 80), Handler).serve_forever()
`

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Runs a program to its end and gives what it printed. Throws with its last words if it fails. */
function run(program: string, args: readonly string[], input = ''): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    input,
    timeout: 600_000,
  })
  if (error) throw error
  if (status !== 0)
    throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stderr.slice(-2000)}`)
  return stdout
}
