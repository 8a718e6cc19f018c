import type { Random } from '../../chaos/seed.ts'
import { bytes, inParts } from './pieces.ts'
import type { Make } from './pieces.ts'
import { call } from './server.ts'
import type { Server } from './server.ts'

const VM = '/api2/json/nodes/pve1/qemu/100'

/** Opens a console and asks for its WebSocket, with the ticket that it takes. */
async function join(server: Server, kind: 'vncproxy' | 'termproxy'): Promise<Buffer> {
  const { body } = await call(server, 'POST', `${VM}/${kind}`)
  const { data } = JSON.parse(body) as { data: { port?: string; ticket?: string } | null }
  const query = new URLSearchParams({ port: data?.port ?? '5900', vncticket: data?.ticket ?? 'x' })
  return Buffer.from(
    [
      `GET ${VM}/vncwebsocket?${query.toString()} HTTP/1.1`,
      'Host: lab',
      `Authorization: ${server.authorization}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Protocol: binary',
      '',
      '',
    ].join('\r\n'),
  )
}

/** A frame: its first byte, what its length says, masked or not. */
function frame(random: Random, first: number, data: Buffer, isMasked = true, said = data.length): Buffer {
  const mask = bytes(random, 4)
  const long = Buffer.alloc(8)
  long.writeBigUInt64BE(BigInt(said))
  const bit = isMasked ? 0x80 : 0
  const length =
    said < 126 && random() < 0.9
      ? Buffer.from([bit | said])
      : said < 65_536 && random() < 0.9
        ? Buffer.from([bit | 126, said >> 8, said & 255])
        : Buffer.concat([Buffer.from([bit | 127]), long])
  const body = isMasked ? Buffer.from(data.map((byte, index) => byte ^ (mask[index % 4] ?? 0))) : data
  return Buffer.concat([Buffer.from([first]), length, ...(isMasked ? [mask] : []), body])
}

/** What a viewer or a terminal would never send, beside what it would. */
function said(random: Random): Buffer {
  return random.pick<() => Buffer>([
    () => Buffer.from('RFB 003.008\n'),
    () => Buffer.from('RFB 999.999\n'),
    () => Buffer.from([random.whole(0, 255)]),
    () => Buffer.from([2, 0, 0xff, 0xff]),
    () => Buffer.from([6, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]),
    () => Buffer.from([3, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]),
    () => Buffer.from('root@pam!x:PVEVNC:00000000::x\n'),
    () => Buffer.from('0:999999999:x'),
    () => Buffer.from(`1:${random.pick(['0:0', '99999:99999', '-1:x', ':'])}:`),
    () => bytes(random, random.whole(0, 400)),
  ])()
}

function frames(random: Random): Buffer {
  return random.pick<() => Buffer>([
    () => frame(random, 0x82, said(random)),
    () => frame(random, 0x81, said(random)),
    () => frame(random, 0x82, said(random), false),
    // Reserved bits, operations that are none, pieces of a message.
    () =>
      frame(random, random.pick([0xc2, 0xa2, 0x92, 0x83, 0x87, 0x8b, 0x8f, 0x02, 0x00, 0x80]), said(random)),
    // Pings, pongs and ends, too long ones too.
    () => frame(random, random.pick([0x88, 0x89, 0x8a]), bytes(random, random.whole(0, 300))),
    () => Buffer.concat(Array.from({ length: 300 }, () => frame(random, 0x89, Buffer.from('p')))),
    () => frame(random, 0x82, said(random), true, random.pick([127, 65_536, 131_073, 2 ** 40, 2 ** 53])),
    () => frame(random, 0x82, Buffer.alloc(131_073, random.pick(['x', '\0']))),
    () => bytes(random, random.whole(1, 40)),
  ])()
}

/** Kinds of cases about consoles whose tickets are right. */
export const consoles: Readonly<Record<string, Make>> = {
  'broken frames': (random) => {
    const kind = random.pick(['vncproxy', 'termproxy'] as const)
    const all = Buffer.concat(Array.from({ length: random.whole(1, 8) }, () => frames(random)))
    return { before: (server) => join(server, kind), isPatient: random() < 0.7, parts: inParts(random, all) }
  },
}
