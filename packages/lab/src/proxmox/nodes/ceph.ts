import { apiSchema } from '@fochista/proxmox/schema'
import { die } from '../api-error.ts'
import type { Handlers } from '../handler.ts'

const NODE = '/nodes/{node}/ceph'
const CLUSTER = '/cluster/ceph'

/** The lists of what is below. */
const INDEXES: Readonly<Record<string, string>> = {
  [NODE]: 'cmd-safety cfg crush fs init log mds mgr mon osd pool restart rules start status stop',
  [`${NODE}/cfg`]: 'raw db value',
  [CLUSTER]: 'flags metadata status',
}

/** Which program a call misses first, where it is not the monitor's. */
const MISSED: Readonly<Record<string, string>> = {
  [`POST ${NODE}/init`]: "Ceph Nautilus required - please run 'pveceph install'",
  [`POST ${NODE}/mgr/{id}`]: 'binary not installed: /usr/bin/ceph-mgr',
  [`POST ${NODE}/mds/{name}`]: 'binary not installed: /usr/bin/ceph-mds',
}

/** Ceph: hosts of the lab have no program of it, and say so as hosts do before `pveceph install`. */
export const cephHandlers: Handlers = Object.fromEntries(
  Object.entries(apiSchema.paths)
    .filter(([path]) => [NODE, CLUSTER].some((top) => path === top || path.startsWith(`${top}/`)))
    .flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => {
        const key = `${method} ${path}`
        const names = method === 'GET' ? INDEXES[path] : undefined
        return [
          key,
          names === undefined
            ? () => die(MISSED[key] ?? 'binary not installed: /usr/bin/ceph-mon')
            : () => names.split(' ').map((name) => ({ name })),
        ]
      }),
    ),
)
