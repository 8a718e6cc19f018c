import { die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'

const PATH = '/nodes/{node}/scan'
/** The thin pool of every volume group. */
const POOL = 'data'

/** What a host could use as a storage of its own disks. */
export const scanHandlers: Handlers = {
  [`GET ${PATH}/lvm`]: (call) => groupsOf(call).map((vg) => ({ vg })),
  [`GET ${PATH}/lvmthin`]: (call) => {
    const vg = call.text('vg')
    if (!groupsOf(call).includes(vg)) die(`command '/sbin/lvs' failed: Volume group "${vg}" not found`)
    return [{ lv: POOL }]
  },
}

/** Volume groups of a host: those of its thin storages. */
function groupsOf(call: Call): string[] {
  const groups = [...call.world.storages.values()]
    .filter(
      ({ type, nodes }) => type === 'lvmthin' && (nodes === undefined || nodes.includes(call.text('node'))),
    )
    .map(({ path, options }) => options?.['vgname'] ?? path ?? 'pve')
  return [...new Set(groups)].toSorted((one, other) => (one < other ? -1 : 1))
}
