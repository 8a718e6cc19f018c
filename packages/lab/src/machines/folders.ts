import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Where the files of VMs' processes are. */
interface Folders {
  /** Disks of a VM, and its sockets, whose folder is there and empty or in use. */
  of(vmid: number): { readonly disks: string; readonly sockets: string }
  close(): Promise<void>
}

const PREFIX = 'fochista-machines-'

/**
 * Makes the folders. Sockets have short paths, as the system demands; what a lab that was killed left of them is removed.
 * @param kept folder of the disks, which stays. Default: one that goes with the lab.
 */
export async function openFolders(kept: string | undefined): Promise<Folders> {
  await removeLeft()
  const temporary = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`))
  const removeAtExit = (): void => rmSync(temporary, { recursive: true, force: true })
  process.once('exit', removeAtExit)
  const disks = kept ?? join(temporary, 'disks')
  await mkdir(disks, { recursive: true, mode: 0o700 })
  return {
    of: (vmid) => ({ disks: join(disks, String(vmid)), sockets: join(temporary, String(vmid)) }),
    async close() {
      process.off('exit', removeAtExit)
      await rm(temporary, { recursive: true, force: true })
    },
  }
}

/** Removes the folders of labs that are not there any more. */
async function removeLeft(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : Number.NaN
    if (!Number.isNaN(pid) && !isRunning(pid))
      await rm(join(tmpdir(), name), { recursive: true, force: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
