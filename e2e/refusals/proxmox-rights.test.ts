import { test } from 'node:test'
import { apiSchema } from '@fochista/proxmox/schema'
import { callOf, checksOf } from './proxmox/checks.ts'
import { rightText } from './proxmox/right.ts'
import { addVm, startHost, type Caller } from './proxmox/host.ts'
import { noPermission, wrongParameters } from './proxmox/oracle.ts'

// Rights that a call looks for by itself: they depend on what it is given.

const host = startHost()
const { world } = host
const { refused, compare, settle } = checksOf(host)
addVm(world, 100, { scsi0: 'local-lvm:vm-100-disk-0,size=2G', net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr0' })
addVm(world, 101, {}, { running: true })
const VM = '/nodes/pve1/qemu/100'

/** What each option of a VM needs. What is in no list only root may set. */
const BY_PRIVILEGE: Readonly<Record<string, string>> = {
  'VM.Config.CPU': 'cores cpu cpulimit cpuunits numa numa0 smp sockets vcpus',
  'VM.Config.Memory': 'memory balloon shares allow-ksm',
  'VM.Config.HWType': 'acpi hotplug kvm machine scsihw smbios1 tablet vga watchdog audio0 rng0',
  'VM.Config.Options':
    'agent autostart bios description keyboard localtime migrate_downtime migrate_speed name onboot ostype protection reboot startdate startup tdf template tags',
  'VM.Config.Disk': 'boot bootdisk vmstatestorage',
  'VM.Config.Network': 'net0',
  'VM.Config.Cloudinit|VM.Config.Network':
    'ciuser cipassword sshkeys nameserver searchdomain cicustom citype ciupgrade ipconfig0',
  'VM.PowerMgmt': 'freeze',
}

/** Judged by their value, or no options of the VM itself. */
const OTHERWISE =
  /^(?:node|vmid|delete|revert|digest|force|skiplock|background_delay|import-working-storage|skip_cloud_init|cdrom|hookscript|archive|bwlimit|ha-managed|live-restore|pool|start|storage|unique)$|^(?:ide|scsi|sata|virtio|efidisk|tpmstate|unused|usb|hostpci|serial|virtiofs)(?:\d|\[n\])/

const OPTIONS = Object.entries(apiSchema.paths['/nodes/{node}/qemu/{vmid}/config']?.PUT?.params ?? {})
  .filter(([name]) => !OTHERWISE.test(name))
  .map(([name, param]) => [name.replace('[n]', '0'), rightText(param)] as const)

const privilegeOf = (option: string): string | undefined =>
  Object.entries(BY_PRIVILEGE).find(([, options]) => options.split(' ').includes(option))?.[0]

/** Values where the schema's first is none. */
const VALUES: Readonly<Record<string, string>> = {
  startup: 'order=1',
  hotplug: 'disk',
  tags: 'a',
  cpu: 'host',
  machine: 'q35',
  net0: 'virtio',
  boot: 'cdn',
  balloon: '0',
  sshkeys: 'ssh-ed25519%20AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9%2Fcu7%2FQEXn9OIeZJ%20a',
  startdate: 'now',
  smbios1: 'base64=1',
  vga: 'std',
  agent: '1',
  bootdisk: 'scsi0',
  watchdog: 'i6300esb',
  nameserver: '192.0.2.1',
  ipconfig0: 'ip=dhcp',
  cicustom: 'user=local:snippets/a.yaml',
  affinity: '0',
}

test('each option of a VM needs its privilege to be set, deleted and created with', async (t) => {
  for (const [option, first] of OPTIONS) {
    const value = VALUES[option] ?? first
    const privilege = privilegeOf(option)
    const calls: (readonly [call: string, vmid: number, params: Record<string, string>])[] = [
      [`PUT ${VM}/config`, 100, { [option]: value }],
      [`POST ${VM}/config`, 100, { [option]: value }],
      [`PUT ${VM}/config`, 100, { delete: option }],
      ['POST /nodes/pve1/qemu', 555, { vmid: '555', [option]: value }],
    ]
    for (const [call, vmid, params] of calls) {
      // A new VM has no lock, and is not frozen by a privilege of its own.
      if (vmid === 555 && option === 'lock') continue
      if (privilege === undefined)
        await refused(
          callOf(host.administrator, call, params),
          { status: 500, text: `only root can set '${option}' config` },
          'only root',
        )
      else
        await refused(
          callOf(host.allBut(privilege.split('|')), call, params),
          noPermission(`/vms/${vmid}, ${privilege}`),
          'privilege',
        )
    }
  }
  settle(t, 250)
})

test('what a value names needs rights of its own', async (t) => {
  const missing = async (
    call: string,
    params: Record<string, string>,
    privilege: string,
    what: string,
  ): Promise<void> => {
    for (const format of ['json', 'extjs'])
      await refused(callOf(host.allBut(privilege.split('|')), call, params, format), noPermission(what))
  }
  const create = 'POST /nodes/pve1/qemu'
  const space = 'Datastore.AllocateSpace'
  await missing(create, { vmid: '555' }, 'VM.Allocate', '')
  await missing(create, { vmid: '555', pool: 'pool' }, 'VM.Allocate', '')
  await missing(create, { vmid: '555', pool: 'nope' }, 'VM.Allocate', "pool 'nope' does not exist")
  await missing(create, { vmid: '555', 'ha-managed': '1' }, 'Sys.Console', '/, Sys.Console')
  for (const [call, params, vmid] of [
    [create, { vmid: '555' }, 555],
    [`PUT ${VM}/config`, {}, 100],
  ] as const) {
    await missing(call, { ...params, scsi5: 'local-lvm:1' }, space, `/storage/local-lvm, ${space}`)
    await missing(call, { ...params, ide2: 'local:cloudinit' }, space, `/storage/local, ${space}`)
    await missing(call, { ...params, scsi5: 'local-lvm:1' }, 'VM.Config.Disk', `/vms/${vmid}, VM.Config.Disk`)
    await missing(
      call,
      { ...params, efidisk0: 'local-lvm:1' },
      'VM.Config.Disk',
      `/vms/${vmid}, VM.Config.Disk`,
    )
    await missing(
      call,
      { ...params, ide2: 'none,media=cdrom' },
      'VM.Config.CDROM',
      `/vms/${vmid}, VM.Config.CDROM`,
    )
    await missing(call, { ...params, ide2: 'cdrom,media=cdrom' }, 'Sys.Console', '/, Sys.Console')
    for (const each of ['VM.Config.Cloudinit', 'VM.Config.CDROM'])
      await missing(call, { ...params, ide2: 'local:cloudinit' }, each, `/vms/${vmid}, ${each}`)
    const net = '/sdn/zones/localnetwork/vmbr0'
    await missing(call, { ...params, net1: 'virtio,bridge=vmbr0' }, 'SDN.Use', `${net}, SDN.Use`)
    await missing(call, { ...params, net1: 'virtio,bridge=vmbr0,tag=5' }, 'SDN.Use', `${net}/5, SDN.Use`)
    await missing(call, { ...params, startup: 'order=1' }, 'Sys.Modify', '/, Sys.Modify')
    await missing(
      call,
      { ...params, serial0: 'socket' },
      'VM.Config.HWType',
      `/vms/${vmid}, VM.Config.HWType`,
    )
    await missing(call, { ...params, usb0: 'spice' }, 'VM.Config.HWType', `/vms/${vmid}, VM.Config.HWType`)
    await missing(call, { ...params, usb0: 'mapping=key' }, 'Mapping.Use', '/mapping/usb/key, Mapping.Use')
    await missing(
      call,
      { ...params, hostpci0: 'mapping=gpu' },
      'Mapping.Use',
      '/mapping/pci/gpu, Mapping.Use',
    )
  }
  await missing(`POST ${VM}/clone`, { newid: '555' }, 'VM.Allocate', '')
  await missing(`POST ${VM}/clone`, { newid: '555', pool: 'pool' }, 'VM.Allocate', '')
  await missing(`POST ${VM}/clone`, { newid: '555' }, space, `/storage/local-lvm, ${space}`)
  await missing(`POST ${VM}/clone`, { newid: '555', storage: 'shared' }, space, `/storage/shared, ${space}`)
  await missing(`POST ${VM}/clone`, { newid: '555' }, 'SDN.Use', '/sdn/zones/localnetwork/vmbr0, SDN.Use')
  await missing(
    `POST ${VM}/move_disk`,
    { disk: 'scsi0', storage: 'shared' },
    space,
    `/storage/shared, ${space}`,
  )
  const suspend = 'POST /nodes/pve1/qemu/101/status/suspend'
  await missing(suspend, { todisk: '1' }, 'VM.Config.Disk', '/vms/101, VM.Config.Disk')
  await missing(suspend, { todisk: '1', statestorage: 'shared' }, space, `/storage/shared, ${space}`)
  const volume = '/nodes/pve1/storage/local/content/iso/a.iso'
  const allocate = 'Datastore.Allocate'
  await missing(`DELETE ${volume}`, {}, allocate, `/storage/local, ${allocate}`)
  settle(t, 80)
})

test('devices of the host, paths and some commands are root’s, whoever else asks', async (t) => {
  for (const call of [`PUT ${VM}/config`, 'POST /nodes/pve1/qemu'])
    for (const [params, text] of [
      [{ usb0: 'host=1234:5678' }, "only root can set 'usb0' config for real devices"],
      [{ hostpci0: 'host=00:01.0' }, "only root can set 'hostpci0' config for non-mapped devices"],
      [{ serial0: '/dev/ttyS0' }, "only root can modify 'serial0' config for real devices"],
    ] as const) {
      const all = { ...params, ...(call.startsWith('POST') && { vmid: '555' }) }
      await refused(callOf(host.administrator, call, all), { status: 500, text })
    }
  const monitor = `POST ${VM}/monitor`
  await refused(callOf(host.administrator, monitor, { command: 'migrate tcp:192.0.2.1:5' }), {
    status: 500,
    text: "root-only command 'migrate'",
  })
  await refused(callOf(host.administrator, monitor, { command: 'nosuch' }), {
    status: 500,
    text: "command 'nosuch' non-existent or not assigned a required permission yet, limiting to root user",
  })
  await refused(callOf(host.administrator, `PUT ${VM}/config`, { hookscript: 'local:snippets/a.sh' }), {
    ...wrongParameters({ hookscript: "script 'local:snippets/a.sh' does not exist\n" }),
  })
  settle(t, 9)
})

test('parameters that only root may use are refused to every token, before the VM is looked at', async (t) => {
  const own: Readonly<Record<string, string>> = {
    start:
      'stateuri migratedfrom migration_type migration_network targetstorage force-cpu with-conntrack-state nets-host-mtu',
    stop: 'keepActive migratedfrom',
    shutdown: 'keepActive',
    resume: 'nocheck',
    migrate: 'force migration_type migration_network',
  }
  for (const [template, methods] of Object.entries(apiSchema.paths)) {
    if (!template.startsWith('/nodes/{node}/qemu/{vmid}')) continue
    for (const [method, { params }] of Object.entries(methods)) {
      const name = template.split('/').at(-1) ?? ''
      const isPower = /\/(?:status\/[a-z]+|migrate)$/.test(template)
      const wanted = method === 'POST' && isPower ? (own[name]?.split(' ') ?? []) : []
      for (const option of [...(params['skiplock'] ? ['skiplock'] : []), ...wanted]) {
        const param = params[option]
        if (param === undefined) throw new TypeError(`${template} has no ${option}`)
        for (const vmid of [100, 999]) {
          const path = template.replace('{node}', 'pve1').replace('{vmid}', String(vmid))
          const needed = Object.fromEntries(
            Object.entries(params)
              .filter(
                ([each, { opt, idx }]) => opt !== 1 && idx === undefined && !template.includes(`{${each}}`),
              )
              .map(([each, one]) => [each, rightText(one)]),
          )
          await refused(
            callOf(host.administrator, `${method} ${path}`, { ...needed, [option]: rightText(param) }),
            wrongParameters({ [option]: 'Only root may use this option.' }),
          )
        }
      }
    }
  }
  settle(t, 40)
})

test('an upload is judged before it is read, and says nothing in its body', async (t) => {
  const request = (caller: Caller): Parameters<typeof compare>[0] => ({
    method: 'POST',
    target: '/api2/json/nodes/pve1/storage/local/upload',
    caller,
    body: ['multipart/form-data; boundary=b', '--b--\r\n'],
  })
  const line = '403 Permission check failed (/storage/local, Datastore.AllocateTemplate)'
  await compare(request(host.nobody), { line, body: '' })
  await compare(request(host.allBut(['Datastore.AllocateTemplate'])), { line, body: '' })
  await compare(request([]), { line: '401 No ticket', body: '' })
  settle(t, 3)
})
