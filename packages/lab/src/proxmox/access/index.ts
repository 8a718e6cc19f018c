import { accessIndex } from './indexes.ts'
import { aclHandlers } from './acl.ts'
import { groupHandlers } from './groups.ts'
import { passwordHandlers } from './password.ts'
import { permissionHandlers } from './permissions.ts'
import { realmHandlers } from './realms.ts'
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
  ...passwordHandlers,
  ...permissionHandlers,
  ...realmHandlers,
  ...roleHandlers,
  ...tfaHandlers,
  ...ticketHandlers,
  ...tokenHandlers,
  ...userHandlers,
}
