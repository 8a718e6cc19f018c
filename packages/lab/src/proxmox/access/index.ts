import { accessIndex } from './indexes.ts'
import { aclHandlers } from './acl.ts'
import { groupHandlers } from './groups.ts'
import { openIdHandlers } from './openid/handlers.ts'
import { passwordHandlers } from './password.ts'
import { permissionHandlers } from './permissions.ts'
import { realmHandlers } from './realms.ts'
import { realmSyncHandlers } from './realm-sync.ts'
import { roleHandlers } from './roles.ts'
import { tfaHandlers } from './tfa/handlers.ts'
import { ticketHandlers } from './ticket.ts'
import { tokenHandlers } from './tokens.ts'
import { userHandlers } from './users.ts'
import type { Handlers } from '../handler.ts'

/** Who there is, what they may do, and how they log in. */
export const accessHandlers: Handlers = {
  ...accessIndex,
  ...aclHandlers,
  ...groupHandlers,
  ...openIdHandlers,
  ...passwordHandlers,
  ...permissionHandlers,
  ...realmHandlers,
  ...realmSyncHandlers,
  ...roleHandlers,
  ...tfaHandlers,
  ...ticketHandlers,
  ...tokenHandlers,
  ...userHandlers,
}
