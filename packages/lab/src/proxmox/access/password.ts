import { parameterError, die } from '../api-error.ts'
import type { Handlers } from '../handler.ts'
import { isRoot } from '../permissions.ts'
import { changeConfig } from './lock.ts'
import { requireUser } from './user.ts'

/** Changing a password: root for anybody, others with the old one as confirmation. */
export const passwordHandlers: Handlers = {
  'PUT /access/password': (call) => {
    const userid = call.text('userid')
    if (!isRoot(call.identity)) {
      const confirmation = call.optional('confirmation-password')
      if (confirmation === undefined)
        parameterError({ 'confirmation-password': 'password is required to modify user' })
      if (call.world.access.users.get(call.identity.user)?.password !== confirmation)
        parameterError({ 'confirmation-password': 'password is wrong' })
    }
    return changeConfig(call.world, 'user_cfg', '', () => {
      const user = requireUser(call.world, userid)
      if (userid === 'root@pam' && !isRoot(call.identity)) die('only root@pam can change its own password')
      user.password = call.text('password')
      return null
    })
  },
}
