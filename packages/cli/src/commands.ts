import type { Command } from './command.ts'

/**
 * Every command there is by its first word, in the order in which the help shows them. A line of one noun loads the files of that
 * noun only: what nobody asked for costs no time.
 */
export const nouns: Readonly<Record<string, (verb?: string) => Promise<readonly Command[]>>> = {
  demo: async () => [(await import('./commands/demo.ts')).demo],
  lab: async () => {
    const [up, env, status, add, list, clear] = await Promise.all([
      import('./commands/lab/up.ts'),
      import('./commands/lab/env.ts'),
      import('./commands/lab/status.ts'),
      import('./commands/lab/fault/add.ts'),
      import('./commands/lab/fault/list.ts'),
      import('./commands/lab/fault/clear.ts'),
    ])
    return [up.labUp, env.labEnv, status.labStatus, add.labFaultAdd, list.labFaultList, clear.labFaultClear]
  },
  serve: async () => [(await import('./commands/serve.ts')).serve],
  install: async () => [(await import('./commands/install/install.ts')).install],
  uninstall: async () => [(await import('./commands/install/uninstall.ts')).uninstall],
  doctor: async () => [(await import('./commands/doctor/doctor.ts')).doctor],
  proxmox: async () => {
    const [{ proxmoxAdd }, { proxmoxUnfence }, { proxmoxClusters }, verbs] = await Promise.all([
      import('./commands/proxmox/add.ts'),
      import('./commands/proxmox/unfence.ts'),
      import('./commands/proxmox/resource.ts'),
      import('./commands/resources.ts'),
    ])
    return [
      proxmoxAdd,
      verbs.listCommand(proxmoxClusters),
      verbs.getCommand(proxmoxClusters),
      proxmoxUnfence,
      verbs.deleteCommand(proxmoxClusters),
    ]
  },
  class: async () => {
    const [{ classCreate }, { classes }, verbs] = await Promise.all([
      import('./commands/class/create.ts'),
      import('./commands/class/resource.ts'),
      import('./commands/resources.ts'),
    ])
    return [classCreate, verbs.listCommand(classes), verbs.getCommand(classes), verbs.deleteCommand(classes)]
  },
  cluster: async () => {
    const [
      create,
      remove,
      describe,
      kubeconfig,
      { clusterPatch },
      { clusterReplace },
      { clusterScale },
      { clusterUpgrade },
      { clusters },
      verbs,
    ] = await Promise.all([
      import('./commands/cluster/create.ts'),
      import('./commands/cluster/delete.ts'),
      import('./commands/cluster/describe.ts'),
      import('./commands/cluster/kubeconfig.ts'),
      import('./commands/cluster/patch.ts'),
      import('./commands/cluster/replace.ts'),
      import('./commands/cluster/scale.ts'),
      import('./commands/cluster/upgrade.ts'),
      import('./commands/cluster/resource.ts'),
      import('./commands/resources.ts'),
    ])
    return [
      create.clusterCreate,
      create.clusterApply,
      verbs.listCommand(clusters),
      verbs.getCommand(clusters),
      describe.clusterDescribe,
      clusterPatch,
      clusterReplace,
      clusterScale,
      clusterUpgrade,
      kubeconfig.clusterKubeconfig,
      remove.clusterDelete,
    ]
  },
  pool: async () => {
    const [{ poolCreate }, { poolPlan }, { poolRollout }, { poolScale }, { pools }, verbs] =
      await Promise.all([
        import('./commands/pool/create.ts'),
        import('./commands/pool/plan.ts'),
        import('./commands/pool/rollout.ts'),
        import('./commands/pool/scale.ts'),
        import('./commands/pool/resource.ts'),
        import('./commands/resources.ts'),
      ])
    return [
      poolCreate,
      verbs.listCommand(pools),
      verbs.getCommand(pools),
      poolPlan,
      poolScale,
      poolRollout,
      verbs.deleteCommand(pools),
    ]
  },
  machine: async () => {
    const [{ machineDescribe }, { machineDelete, machineRelease }, { machines }, verbs] = await Promise.all([
      import('./commands/machine/describe.ts'),
      import('./commands/machine/let-go.ts'),
      import('./commands/machine/resource.ts'),
      import('./commands/resources.ts'),
    ])
    return [
      verbs.listCommand(machines),
      verbs.getCommand(machines),
      machineDescribe,
      machineRelease,
      machineDelete,
    ]
  },
  orphan: async () => {
    const [{ orphanList }, { orphanAdopt }, { orphanDelete }] = await Promise.all([
      import('./commands/orphan/list.ts'),
      import('./commands/orphan/adopt.ts'),
      import('./commands/orphan/delete.ts'),
    ])
    return [orphanList, orphanAdopt, orphanDelete]
  },
  // The list alone is asked for most, and by scripts again and again.
  vm: async (verb) =>
    verb === 'list'
      ? [(await import('./commands/vm/list.ts')).vmList]
      : (await import('./commands/vm/verbs.ts')).vmCommands,
  node: async () => (await import('./commands/node/verbs.ts')).nodeCommands,
  storage: async () => (await import('./commands/storage/verbs.ts')).storageCommands,
  task: async () => (await import('./commands/task/verbs.ts')).taskCommands,
  kube: async () => (await import('./commands/kube/commands.ts')).kubeCommands,
  token: async () => {
    const [{ tokenCreate }, { proxmoxTokenCommands }] = await Promise.all([
      import('./commands/token/create.ts'),
      import('./commands/token/proxmox.ts'),
    ])
    return [tokenCreate, ...proxmoxTokenCommands]
  },
  api: async () => (await import('./commands/api/call.ts')).apiCommands,
  completion: async () => [(await import('./commands/completion/completion.ts')).completion],
}

/** The commands that a line may mean: those of its noun, or all of them for the help and for a slip of the keys. */
export async function commandsFor(argv: readonly string[]): Promise<readonly Command[]> {
  const noun = argv[0]
  const load = noun !== undefined && Object.hasOwn(nouns, noun) ? nouns[noun] : undefined
  if (load) return load(argv[1])
  return (await Promise.all(Object.values(nouns).map((each) => each()))).flat()
}
