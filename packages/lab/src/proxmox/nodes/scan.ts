import { die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { isLvm, isOnNode } from '../qemu/storage.ts'
import type { Storage } from '../world.ts'

const PATH = '/nodes/{node}/scan'
/** The thin pool of every volume group. */
const POOL = 'data'

/** What a host could use as a storage of its own disks. */
export const scanHandlers: Handlers = {
  [`GET ${PATH}/lvm`]: (call) => groupsOf(call).map((vg) => ({ vg })),
  [`GET ${PATH}/lvmthin`]: (call) => {
    const vg = call.text('vg')
    if (!groupsOf(call).includes(vg)) die(`command '/sbin/lvs' failed: Volume group "${vg}" not found`)
    return groupsOf(call, 'lvmthin').includes(vg) ? [{ lv: POOL }] : []
  },
}

/** Volume groups of a host: those of its storages, or of those of one type. */
function groupsOf(call: Call, type?: Storage['type']): string[] {
  const groups = [...call.world.storages.values()]
    .filter(
      (storage) =>
        isLvm(storage) &&
        (type === undefined || storage.type === type) &&
        isOnNode(storage, call.text('node')),
    )
    .map(({ path, options }) => options?.['vgname'] ?? path ?? 'pve')
  return [...new Set(groups)].toSorted((one, other) => (one < other ? -1 : 1))
}
