import type { Handlers } from '../handler.ts'
import { daemonHandlers } from './daemons.ts'
import { osdHandlers } from './osds.ts'
import { poolHandlers } from './pools.ts'
import { PATH } from './state.ts'
import { cephStatusHandlers } from './status.ts'

const names = (list: string): (() => unknown) => {
  const entries = list.split(' ').map((name) => ({ name }))
  return () => entries
}

/** Ceph: a host has none of it before somebody opened a shell on it that installs it (`termproxy` with `cmd=ceph_install`). */
export const cephHandlers: Handlers = {
  [`GET ${PATH}`]: names(
    'cmd-safety cfg crush fs init log mds mgr mon osd pool restart rules start status stop',
  ),
  [`GET ${PATH}/cfg`]: names('raw db value'),
  'GET /cluster/ceph': names('flags metadata status'),
  ...cephStatusHandlers,
  ...daemonHandlers,
  ...osdHandlers,
  ...poolHandlers,
}
