/** Version of QEMU that the emulated hosts have. */
export const QEMU_VERSION = '10.1.2'

/** Machine that a VM runs as when its configuration names none. */
const DEFAULT_MACHINE = 'pc-i440fx-10.1+pve0'

/** Full name of the machine that a configuration's value runs as. */
export function runningMachine(machine: string | undefined): string {
  const type = (machine ?? 'pc').split(',')[0]?.replace('type=', '') ?? 'pc'
  if (type === 'pc') return DEFAULT_MACHINE
  if (type === 'q35') return 'pc-q35-10.1+pve0'
  return type.includes('+pve') ? type : `${type}+pve0`
}

/** Why this QEMU cannot run a machine; undefined when it can. */
export function machineProblem(machine: string | undefined, node: string): string | undefined {
  const full = runningMachine(machine)
  const version = /-(\d+)\.(\d+)/.exec(full)
  if (!version) return undefined
  const [major = 0, minor = 0] = QEMU_VERSION.split('.').map(Number)
  const tooNew = Number(version[1]) > major || (Number(version[1]) === major && Number(version[2]) > minor)
  return tooNew
    ? `Installed QEMU version '${QEMU_VERSION}' is too old to run machine type '${full}', please upgrade node '${node}'`
    : undefined
}
