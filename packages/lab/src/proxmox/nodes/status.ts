import { die } from '../api-error.ts'
import { nodeResource } from '../cluster/resources.ts'
import type { Call, Handlers } from '../handler.ts'
import { can } from '../permissions.ts'
import type { Host } from '../world.ts'
import { figuresOf } from './figures.ts'
import { VERSION } from './version.ts'

/** State of hosts. */
export const nodeStatusHandlers: Handlers = {
  'GET /nodes': ({ world, identity }) =>
    [...world.hosts.values()].map((host) => {
      const { 'cgroup-mode': _, ...shown } = nodeResource(
        world,
        host,
        can(world, identity, `/nodes/${host.name}`, ['Sys.Audit']),
      )
      return { ...shown, ssl_fingerprint: world.cluster.fingerprints.get(host.name) }
    }),
  'GET /nodes/{node}/version': () => VERSION,
  'GET /nodes/{node}/status': (call) => statusOf(call, hostOf(call)),
  'GET /nodes/{node}/netstat': ({ world, params }) =>
    [...world.vms.values()]
      .filter((vm) => vm.node === params['node'] && vm.running)
      .flatMap((vm) =>
        Object.keys(vm.config)
          .filter((key) => /^net\d+$/.test(key))
          .map((dev) => ({ vmid: String(vm.vmid), dev, in: '0', out: '0' })),
      ),
}

function hostOf(call: Call): Host {
  const name = call.text('node')
  return call.world.hosts.get(name) ?? die(`no such cluster node '${name}'`)
}

const CPU_FLAGS =
  'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 ht syscall nx lm constant_tsc rep_good nopl cpuid pni pclmulqdq ssse3 fma cx16 sse4_1 sse4_2 x2apic movbe popcnt aes xsave avx f16c rdrand hypervisor lahf_lm abm fsgsbase bmi1 avx2 smep bmi2 erms rdseed adx smap clflushopt'

function statusOf({ world }: Call, host: Host): Record<string, unknown> {
  const { uptime, cpu, mem, maxmem, disk, maxdisk } = figuresOf(world, host)
  const kernel = {
    sysname: 'Linux',
    release: '6.17.2-1-pve',
    version: '#1 SMP PREEMPT_DYNAMIC @0',
    machine: 'x86_64',
  }
  const load = (cpu * host.cores).toFixed(2)
  return {
    uptime,
    idle: 0,
    cpu,
    wait: 0,
    loadavg: [load, load, load],
    kversion: `${kernel.sysname} ${kernel.release} ${kernel.version}`,
    'current-kernel': kernel,
    'boot-info': { mode: 'legacy-bios' },
    cpuinfo: {
      user_hz: 100,
      vendor: 'AuthenticAMD',
      family: '25',
      model: 'AMD EPYC',
      mhz: '2596.134',
      cpus: host.cores,
      sockets: 1,
      cores: host.cores,
      flags: CPU_FLAGS,
      hvm: '',
    },
    memory: { total: maxmem, used: mem, free: maxmem - mem, available: maxmem - mem },
    swap: { total: 0, used: 0, free: 0 },
    ksm: { shared: 0 },
    rootfs: { total: maxdisk, used: disk, avail: maxdisk - disk, free: maxdisk - disk },
    pveversion: `pve-manager/${VERSION.version}/${VERSION.repoid}`,
  }
}
