import { printMark } from '@fochista/api'
import { Node } from '@fochista/kubernetes'
import { randomUUID } from 'node:crypto'
import { timestampOf } from '../runtime/clock.ts'
import { among, type Act, type Acts, type Stage } from './stage.ts'
import type { MadeVm, Truth } from './truth.ts'

/** Label by which the model knows a person's cordon. */
export const CORDONED_BY_HAND = 'example.com/cordoned'

/** VMs of ours that are made and have come so far that a person may take them for theirs. */
const finished = ({ truth }: Stage): MadeVm[] =>
  [...truth.made].filter(
    ({ vm, id, released }) =>
      !released &&
      truth.proxmox.vms.get(vm.vmid) === vm &&
      vm.config['lock'] === undefined &&
      String(vm.config['smbios1']).includes(id),
  )

const freed = new WeakMap<Truth, Map<number, number>>()
function noteFreed(truth: Truth, vmid: number): void {
  const times = freed.get(truth) ?? new Map<number, number>()
  freed.set(truth, times.set(vmid, truth.time.now()))
}

/** Whoever has just lost a VM is given the time to notice before another gets its number: no look is so long. */
const isFresh = (truth: Truth, vmid: number): boolean =>
  truth.time.now() - (freed.get(truth)?.get(vmid) ?? 0) < 180_000

/** VMIDs that Machines have drawn and that no VM has yet: where a stranger is most in the way. */
const awaited = (truth: Truth): number[] =>
  truth
    .machines()
    .flatMap(({ spec: { vmid } }) => (vmid === undefined || truth.proxmox.vms.has(vmid) ? [] : [vmid]))

/** Does something to a VM of ours. */
const onVm =
  (change: (one: MadeVm) => unknown): Act =>
  (stage, a) => {
    const one = among(finished(stage), a)
    if (!one) return undefined
    change(one)
    stage.truth.touch()
    return `VM ${one.vm.vmid}`
  }

/** What a second installation writes into the VMs that it makes. */
const markOfOthers = (vmid: number, { time }: Truth): string =>
  printMark({
    installation: '99999999-2222-4333-8444-555555555555',
    namespace: 'acme',
    pool: `p${vmid % 4}`,
    machine: `p${vmid % 4}-${vmid}`,
    id: randomUUID(),
    time: timestampOf(time.now()),
    ...(vmid % 2 === 0 ? { building: true } : {}),
  })

/** What people and other programs do to VMs, templates, images and hosts behind our back. */
export const hands: Acts = {
  'foreign VMs': [
    6,
    ({ truth }, a, b) => {
      const taken: number[] = []
      for (let next = 0; next < 1 + (b % 8); next += 1) {
        const vmid = (a % 2 === 0 ? awaited(truth)[next] : undefined) ?? 400 + ((a + next * 7) % 60)
        if (truth.proxmox.vms.has(vmid) || isFresh(truth, vmid)) continue
        truth.proxmox.has({
          vmid,
          node: b % 2 === 0 || truth.lostHosts.size > 0 ? 'pve1' : 'pve2',
          status: b % 3 === 0 ? 'running' : 'stopped',
          config: { name: `db-${vmid}`, ...(b % 4 === 0 ? { description: markOfOthers(vmid, truth) } : {}) },
        })
        taken.push(vmid)
      }
      truth.touch()
      return taken.join(' ')
    },
  ],
  // In a range of its own, or, of one that was given ours, at a VMID that a Machine has drawn.
  'another installation clones': [
    3,
    ({ truth }, a, b) => {
      const vmid = (a % 3 === 0 ? awaited(truth)[0] : undefined) ?? 500 + (a % 60)
      if (truth.proxmox.vms.has(vmid) || isFresh(truth, vmid)) return undefined
      const config = { lock: 'clone', description: 'unnamed' }
      const vm = truth.proxmox.has({ vmid, node: 'pve1', config })
      truth.touch()
      truth.time.setTimeout(
        () => {
          vm.config = { name: `p${vmid % 4}-${vmid}`, description: markOfOthers(vmid, truth) }
          truth.touch()
        },
        (b % 50) * 1000,
      )
      return `${vmid}, ${b % 50} s long`
    },
  ],
  'foreign VMs go': [
    2,
    ({ truth }, a, b) => {
      const foreign = [...truth.proxmox.vms.values()].filter(
        ({ vmid, template }) => !template && !truth.madeAt(vmid),
      )
      const gone = foreign.filter((_, index) => (index + a) % (1 + (b % 3)) === 0)
      for (const { vmid } of gone) truth.proxmox.vms.delete(vmid)
      truth.touch()
      return gone.map(({ vmid }) => vmid).join(' ')
    },
  ],
  'VM stopped by hand': [2, onVm(({ vm }) => (vm.status = 'stopped'))],
  'VM destroyed by hand': [
    2,
    (stage, a) => {
      const one = among(finished(stage), a)
      if (!one) return undefined
      one.vm.status = 'stopped'
      stage.truth.proxmox.vms.delete(one.vm.vmid)
      noteFreed(stage.truth, one.vm.vmid)
      stage.truth.touch()
      return `VM ${one.vm.vmid}`
    },
  ],
  'VM reshaped by hand': [
    1,
    onVm((one) => {
      one.vm.config['cores'] = 6
      delete one.vm.config['vcpus']
      one.reshapedByHand = true
    }),
  ],
  'Node cordoned by hand': [
    2,
    (stage, a) => {
      const one = among(finished(stage), a)
      const tenant = one && stage.truth.tenants.get(`${one.namespace}/${one.cluster}`)
      const node = one && tenant?.fake.api.read(Node, one.machine)
      if (!tenant || !node || node.spec?.unschedulable) return undefined
      tenant.fake.api.change(Node, { name: one.machine }, (changed) => {
        changed.spec = { ...changed.spec, unschedulable: true }
        changed.metadata.labels = { ...changed.metadata.labels, [CORDONED_BY_HAND]: '' }
      })
      return one.machine
    },
  ],
  'VM renamed by hand': [
    1,
    onVm(({ vm }) => Object.assign(vm.config, { name: 'mine', description: 'do not touch' })),
  ],
  'VM migrated by hand': [
    2,
    (stage, a) => {
      const one = among(finished(stage), a)
      if (!one) return undefined
      if (stage.truth.lostHosts.size > 0) return undefined
      one.vm.node = one.vm.node === 'pve1' ? 'pve2' : 'pve1'
      stage.truth.touch()
      return `VM ${one.vm.vmid} to ${one.vm.node}`
    },
  ],
  'Node deleted by hand': [
    1,
    (stage, a) => {
      const one = among(finished(stage), a)
      const tenant = one && stage.truth.tenants.get(`${one.namespace}/${one.cluster}`)
      if (!one || !tenant?.fake.api.read(Node, one.machine)) return undefined
      tenant.fake.api.vanish(Node, { name: one.machine })
      return one.machine
    },
  ],
  'Node is unwell': [
    2,
    (stage, a, b) => {
      const one = among(finished(stage), a)
      if (!one) return undefined
      one.unwellUntil = stage.truth.time.now() + (b % 900) * 1000
      return `${one.machine} for ${b % 900} s`
    },
  ],
  'VM locked by hand': [
    2,
    (stage, a, b) => {
      const one = among(finished(stage), a)
      if (!one) return undefined
      const lock = among(['backup', 'snapshot', 'migrate', 'rollback', 'clone'], b) ?? 'backup'
      one.vm.config['lock'] = lock
      stage.truth.touch()
      // What was killed leaves its lock behind.
      if (b % 7 === 0) return `VM ${one.vm.vmid} (${lock}) for good`
      stage.truth.time.setTimeout(
        () => {
          if (one.vm.config['lock'] === lock) delete one.vm.config['lock']
          stage.truth.touch()
        },
        (b % 300) * 1000,
      )
      return `VM ${one.vm.vmid} (${lock}) for ${b % 300} s`
    },
  ],
  'VM protected by hand': [1, onVm(({ vm }) => (vm.config['protection'] = 1))],
  'disk attached by hand': [
    1,
    (stage, a, b) =>
      onVm((one) => {
        one.vm.config['scsi3'] = `local-lvm:vm-${one.vm.vmid}-disk-7,size=5G`
        one.diskAt = stage.truth.time.now()
      })(stage, a, b),
  ],
  'VM copied by hand': [
    2,
    (stage, a, b) => {
      const one = among(finished(stage), a)
      const vmid = (b % 2 === 0 ? awaited(stage.truth)[0] : undefined) ?? 400 + (b % 60)
      if (!one || stage.truth.proxmox.vms.has(vmid)) return undefined
      const { vm } = one
      // A clone by a person has all that its source has, but for the UUID.
      const config = { ...vm.config, smbios1: `uuid=${randomUUID()}` }
      stage.truth.proxmox.has({ vmid, node: vm.node, status: 'stopped', config })
      stage.truth.touch()
      return `VM ${vm.vmid} to ${vmid}`
    },
  ],
  'template vanishes': [
    2,
    ({ truth }, a, b) => {
      const template = among(
        [...truth.proxmox.vms.values()].filter((one) => one.template),
        a,
      )
      if (!template) return undefined
      truth.proxmox.vms.delete(template.vmid)
      truth.touch()
      // Sometimes another is made in its place.
      const vmid = b % 2 === 0 ? template.vmid : template.vmid + 100
      truth.awayTemplates.push({ ...template, vmid })
      truth.time.setTimeout(() => truth.bringTemplates(), (b % 300) * 1000)
      return `${template.vmid} for ${b % 300} s, comes back as ${vmid}`
    },
  ],
  'images deleted by hand': [
    2,
    ({ truth }, a) => {
      const gone = [...truth.proxmox.images].filter((_, index) => (index + a) % 2 === 0)
      for (const volid of gone) truth.proxmox.images.delete(volid)
      return `${gone.length}`
    },
  ],
  'host is cut off': [
    3,
    ({ truth, weather }, a, b) => {
      const host = a % 2 === 0 ? 'pve1' : 'pve2'
      const until = truth.time.now() + (b % 400) * 1000
      if (truth.proxmox.silent.has(host)) return undefined
      truth.proxmox.silent.add(host)
      truth.touch()
      weather.roughUntil = Math.max(weather.roughUntil, until + 60_000)
      truth.time.setTimeout(
        () => {
          if (!truth.lostHosts.has(host)) truth.proxmox.silent.delete(host)
          truth.touch()
        },
        (b % 400) * 1000,
      )
      return `${host} for ${b % 400} s`
    },
  ],
  'host is lost': [
    1,
    ({ truth, weather }, _a, b) => {
      if (truth.lostHosts.size > 0) return undefined
      const until = truth.time.now() + (b % 400) * 1000
      truth.lostHosts.add('pve2')
      truth.proxmox.silent.add('pve2')
      for (const { vm } of truth.made) if (vm.node === 'pve2') vm.status = 'stopped'
      for (const task of truth.proxmox.tasks)
        if (task.state === 'running' && task.node === 'pve2') task.state = 'unexpected status'
      truth.touch()
      weather.roughUntil = Math.max(weather.roughUntil, until + 60_000)
      truth.time.setTimeout(() => truth.removeLostHosts(), (b % 400) * 1000)
      return `pve2, and taken out of the cluster after ${b % 400} s`
    },
  ],
  'guest never joins': [
    1,
    ({ truth }, a) => {
      const one = among(
        [...truth.made].filter(({ joined }) => joined === undefined),
        a,
      )
      if (!one) return undefined
      one.isDeaf = true
      return one.machine
    },
  ],
}
