import { die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { isLvm, isOnNode } from '../qemu/storage.ts'
import { listOf } from '../sections.ts'
import type { Storage } from '../world.ts'
import { madeDisks } from './disks/state.ts'

const PATH = '/nodes/{node}/scan'
/** The thin pool of every volume group. */
const POOL = 'data'
/** Milliseconds until a host knows that another machine cannot be reached. */
const NO_ROUTE = 3000

/** What a host could use as a storage: on its own disks, and on other machines, of which the lab has only those that storages name. */
export const scanHandlers: Handlers = {
  [`GET ${PATH}/lvm`]: (call) => groupsOf(call).map((vg) => ({ vg })),
  [`GET ${PATH}/lvmthin`]: (call) => {
    const vg = call.text('vg')
    if (!groupsOf(call).includes(vg)) die(`command '/sbin/lvs' failed: Volume group "${vg}" not found`)
    return groupsOf(call, 'lvmthin').includes(vg) ? [{ lv: POOL }] : []
  },
  [`GET ${PATH}/zfs`]: (call) =>
    [...new Set(madeDisks(call, 'zfs').map(({ name }) => name))].map((pool) => ({ pool })),
  [`GET ${PATH}/nfs`]: async (call) => {
    const server = call.text('server')
    const paths = [...call.world.storages.values()].flatMap(({ type, options }) =>
      type === 'nfs' && options?.['server'] === server ? listOf(options['export']) : [],
    )
    if (paths.length > 0) return [...new Set(paths)].map((path) => ({ path, options: '*' }))
    return unreachable(call, `command '/sbin/showmount --no-headers --exports ${server}' failed: exit code 1`)
  },
  [`GET ${PATH}/cifs`]: (call) =>
    unreachable(
      call,
      `smb client failed: do_connect: Connection to ${call.text('server')} failed (Error NT_STATUS_HOST_UNREACHABLE)`,
    ),
  [`GET ${PATH}/iscsi`]: (call) =>
    unreachable(
      call,
      `command '/usr/bin/iscsiadm --mode discovery --type sendtargets --portal ${call.text('portal')}' failed: exit code 4`,
    ),
  [`GET ${PATH}/pbs`]: (call) => {
    const address = `${call.text('server')}:${call.optional('port') ?? '8007'}`
    return unreachable(call, `error fetching datastores - 500 Can't connect to ${address} (No route to host)`)
  },
}

/** Hosts of the lab have no route to other machines. */
async function unreachable({ world }: Call, text: string): Promise<never> {
  await world.clock.sleep(NO_ROUTE)
  return die(text)
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
