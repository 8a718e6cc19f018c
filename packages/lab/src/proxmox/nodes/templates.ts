import { die, parameterError } from '../api-error.ts'
import type { Handlers } from '../handler.ts'
import { usableStorage } from '../qemu/storage.ts'
import { requireSpace } from '../storage/usage.ts'
import { spend, startTask } from '../tasks.ts'
import { findVolume, volumeKey } from '../world.ts'

const PATH = '/nodes/{node}/aplinfo'
const MIB = 1024 ** 2

/** Systems for containers that a host can fetch, and the size of each archive in MiB. */
const TEMPLATES: readonly (readonly [template: string, size: number, os: string, headline: string])[] = [
  ['almalinux-9-default_20240911_amd64.tar.xz', 98, 'centos', 'LXC default image for almalinux 9'],
  ['alpine-3.22-default_20250617_amd64.tar.xz', 3, 'alpine', 'LXC default image for alpine 3.22'],
  ['debian-12-standard_12.12-1_amd64.tar.zst', 121, 'debian-12', 'Debian 12 Bookworm (standard)'],
  ['debian-13-standard_13.1-2_amd64.tar.zst', 118, 'debian-13', 'Debian 13 Trixie (standard)'],
  ['ubuntu-24.04-standard_24.04-2_amd64.tar.zst', 135, 'ubuntu-24.04', 'Ubuntu 24.04 Noble (standard)'],
]

/** Systems for containers: what there is, and fetching it into a storage. */
export const templateHandlers: Handlers = {
  [`GET ${PATH}`]: () =>
    TEMPLATES.map(([template, , os, headline]) => {
      const [, packaged = '', version = ''] = /^(.+)_([^_]+)_amd64\./.exec(template) ?? []
      return {
        template,
        package: packaged,
        version,
        os,
        headline,
        description: headline,
        section: 'system',
        type: 'lxc',
        architecture: 'amd64',
        source: 'http://download.proxmox.com/images',
        location: `http://download.proxmox.com/images/system/${template}`,
      }
    }),
  [`POST ${PATH}`]: (call) => {
    const { world } = call
    const [node, template] = [call.text('node'), call.text('template')]
    const [, size] =
      TEMPLATES.find(([name]) => name === template) ?? parameterError({ template: 'no such template' })
    const storage = usableStorage(world, call.text('storage'), node)
    if (!storage.content.includes('vztmpl')) die(`storage '${storage.name}' does not support templates`)
    const volid = `${storage.name}:vztmpl/${template}`
    const bytes = size * MIB
    return startTask(world, { node, type: 'download', id: template, user: call.user }, async (worker) => {
      worker.log(`downloading http://download.proxmox.com/images/system/${template} to ${volid}`)
      if (findVolume(world, node, volid) !== undefined) {
        worker.log('OK, got correct file already, no need to download')
        return
      }
      requireSpace(world, node, storage, bytes, `download of '${template}' failed: No space left on device`)
      await spend(world, worker, (bytes / storage.speed) * 1000)
      world.volumes.set(volumeKey(world, node, volid), {
        volid,
        storage: storage.name,
        node: storage.shared ? '' : node,
        size: bytes,
        format: template.endsWith('zst') ? 'tzst' : 'txz',
        content: 'vztmpl',
        ctime: Math.floor(world.clock.now() / 1000),
      })
      worker.log('download finished')
    })
  },
}
