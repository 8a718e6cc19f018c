import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'

/** The files of a lab that clients read: certificates and the kubeconfig. Only its user may read them. */
export interface LabFolder {
  /** Writes a file of mode 0600. Resolves to its path. */
  write(name: string, text: string): Promise<string>
  /** Removes all. */
  remove(): Promise<void>
}

/**
 * Makes the folder.
 * @param kept a folder that stays when the lab ends. Default: one below the system's for temporary files, which does not.
 */
export async function createLabFolder(kept?: string): Promise<LabFolder> {
  if (kept !== undefined) {
    await mkdir(kept, { recursive: true, mode: 0o700 })
    return { write: (name, text) => replace(join(kept, name), text), remove: () => Promise.resolve() }
  }
  const path = await mkdtemp(join(tmpdir(), 'fochista-lab-'))
  // It holds tokens: a process that ends without stopping its lab takes them along.
  const removeAtExit = (): void => rmSync(path, { recursive: true, force: true })
  process.once('exit', removeAtExit)
  return {
    async write(name, text) {
      const file = join(path, name)
      await writeFile(file, text, { mode: 0o600 })
      return file
    },
    async remove() {
      process.off('exit', removeAtExit)
      await rm(path, { recursive: true, force: true })
    },
  }
}

/** Writes a file of mode 0600 whole: who reads it while the lab starts again finds the one before or the new one. */
async function replace(file: string, text: string): Promise<string> {
  await writeFile(`${file}.next`, text, { mode: 0o600 })
  await rename(`${file}.next`, file)
  return file
}

/** The text of a kubeconfig with one context, whose user has a bearer token. */
export function kubeconfigText(options: {
  name: string
  server: string
  caPem: string
  token: string
}): string {
  const { name, server, caPem, token } = options
  const user = `${name}-admin`
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [
      { name, cluster: { server, 'certificate-authority-data': Buffer.from(caPem).toString('base64') } },
    ],
    users: [{ name: user, user: { token } }],
    contexts: [{ name, context: { cluster: name, user, namespace: 'default' } }],
  })
}
