import type { Command } from './command.ts'
import { apiCommands } from './commands/api/call.ts'
import { classCreate } from './commands/class/create.ts'
import { classes } from './commands/class/resource.ts'
import { clusterApply, clusterCreate } from './commands/cluster/create.ts'
import { clusterDelete } from './commands/cluster/delete.ts'
import { clusterDescribe } from './commands/cluster/describe.ts'
import { clusterKubeconfig } from './commands/cluster/kubeconfig.ts'
import { clusters } from './commands/cluster/resource.ts'
import { demo } from './commands/demo.ts'
import { install } from './commands/install/install.ts'
import { uninstall } from './commands/install/uninstall.ts'
import { labEnv } from './commands/lab/env.ts'
import { labStatus } from './commands/lab/status.ts'
import { labUp } from './commands/lab/up.ts'
import { machineDescribe } from './commands/machine/describe.ts'
import { machines } from './commands/machine/resource.ts'
import { poolCreate } from './commands/pool/create.ts'
import { pools } from './commands/pool/resource.ts'
import { poolScale } from './commands/pool/scale.ts'
import { proxmoxAdd } from './commands/proxmox/add.ts'
import { proxmoxClusters } from './commands/proxmox/resource.ts'
import { deleteCommand, getCommand, listCommand } from './commands/resources.ts'
import { serve } from './commands/serve.ts'
import { tokenCreate } from './commands/token/create.ts'

/** Every command there is, in the order in which the help shows them. */
export const commands: readonly Command[] = [
  demo,
  labUp,
  labEnv,
  labStatus,
  serve,
  install,
  uninstall,
  proxmoxAdd,
  listCommand(proxmoxClusters),
  getCommand(proxmoxClusters),
  deleteCommand(proxmoxClusters),
  classCreate,
  listCommand(classes),
  getCommand(classes),
  deleteCommand(classes),
  clusterCreate,
  clusterApply,
  listCommand(clusters),
  getCommand(clusters),
  clusterDescribe,
  clusterKubeconfig,
  clusterDelete,
  poolCreate,
  listCommand(pools),
  getCommand(pools),
  poolScale,
  deleteCommand(pools),
  listCommand(machines),
  getCommand(machines),
  machineDescribe,
  deleteCommand(machines),
  tokenCreate,
  ...apiCommands,
]
