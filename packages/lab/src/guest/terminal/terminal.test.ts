import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testWorld } from '../../proxmox/qemu/test-world.ts'
import type { GuestTerminal } from '../../proxmox/world.ts'
import { createGuests } from '../guests.ts'
import { eventually } from '../../test-eventually.ts'

const VM = '/nodes/pve1/qemu/100'

test('a guest lets in who has the password of its seed, and gives a shell on every terminal', async (t) => {
  const lab = testWorld(100)
  const guests = createGuests(lab.world)
  t.after(() => guests.close())
  await lab.task('POST /nodes/pve1/qemu', {
    vmid: '100',
    name: 'web',
    ide2: 'local-lvm:cloudinit',
    net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr0',
    serial0: 'socket',
    ciuser: 'ada',
    cipassword: 'first',
  })
  await lab.task(`POST ${VM}/status/start`)
  const vm = lab.world.vms.get(100)
  assert.ok(vm)
  const screen = vm.screen as GuestTerminal
  assert.match(screen.shown, /^SeaBIOS/)
  screen.type('typed while nobody reads\r')
  await eventually('a login', () => screen.shown.endsWith('web login: '))
  assert.doesNotMatch(screen.shown, /typed while/)
  const until = async (says: RegExp): Promise<void> => {
    await eventually(
      String(says),
      () => says.test(screen.shown),
      () => screen.shown,
    )
  }

  screen.type('ada\rwrong\r')
  await until(/Password: \r\n\r\nLogin incorrect\r\nweb login: $/)
  screen.type('ada\r')
  screen.type('first\r')
  await until(/Linux web .*\r\n\r\nada@web:~\$ $/)
  // Nothing that was typed as a password was shown.
  assert.doesNotMatch(screen.shown, /first|wrong/)

  screen.type('echo hello > /tmp/x; cat /tmp/x | grep h\r')
  await until(/\r\nhello\r\nada@web:~\$ $/)
  // Editing: a letter too many, one missing, and the line before once more.
  screen.type('whoamii\u007F\u001B[D\u001B[Dm\u007F\r')
  await until(/\r\nada\r\nada@web:~\$ $/)
  screen.type('sudo whoami\r')
  await until(/\r\nroot\r\nada@web:~\$ $/)
  screen.type('frobnicate\r')
  await until(/-bash: frobnicate: command not found\r\nada@web:~\$ $/)
  screen.type('ip -4 a; uname -r; ls /etc\r')
  await until(/link\/ether bc:24:11:00:00:01[^$]*6\.1\.0[^$]*hostname\r\n/)
  screen.type('sleep 100000\r')
  await until(/sleep 100000\r\n$/)
  screen.type('\u0003')
  await until(/\^C\r\nada@web:~\$ $/)
  screen.type('\u0004')
  await until(/logout\r\n\r\nDebian GNU\/Linux 12 web tty1\r\n\r\nweb login: $/)

  // The serial port has a login of its own; root has no password until somebody gives it one.
  const serial = vm.serial as GuestTerminal
  assert.match(serial.shown, /ttyS0\r\n\r\nweb login: $/)
  assert.doesNotMatch(serial.shown, /SeaBIOS/)
  await eventually('an agent', () => vm.agent)
  await vm.agent?.call('guest-set-user-password', { username: 'root', password: 'second', crypted: false })
  serial.type('root\rsecond\r')
  await eventually(
    'a shell',
    () => serial.shown.endsWith('root@web:~# '),
    () => serial.shown,
  )
  serial.type('poweroff\r')
  await eventually('it is off', () => !vm.running)
  assert.match(serial.shown, /Reached target poweroff\.target/)
  assert.equal(vm.screen, undefined)
})

test('a reset gives a VM another terminal, and Ctrl-Alt-Del is a reset', async (t) => {
  const lab = testWorld(100)
  const guests = createGuests(lab.world)
  t.after(() => guests.close())
  await lab.task('POST /nodes/pve1/qemu', { vmid: '100', name: 'web' })
  await lab.task(`POST ${VM}/status/start`)
  const vm = lab.world.vms.get(100)
  const first = await eventually('a login', () =>
    vm?.screen?.shown.endsWith('login: ') ? vm.screen : undefined,
  )
  first.attention()
  const second = await eventually('another', () => (vm?.screen === first ? undefined : vm?.screen))
  assert.match(first.shown, /Reached target reboot\.target/)
  await eventually('a login', () => second.shown.endsWith('login: '))
})
