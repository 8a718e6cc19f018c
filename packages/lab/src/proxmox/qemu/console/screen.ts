import { createCipheriv, randomBytes } from 'node:crypto'
import type { Vm } from '../../world.ts'
import type { ConsoleClient, ConsoleTask } from './sessions.ts'
import type { WebSocketEnd } from './websocket.ts'

/** Size of a text screen, pixels. */
const [WIDTH, HEIGHT] = [720, 400]

/** Bytes of client messages by type, where the length is fixed (RFC 6143, 7.5). */
const LENGTHS: Readonly<Record<number, number>> = { 0: 20, 3: 10, 4: 8, 5: 6 }

/**
 * Serves a VM's screen by RFB 3.8 with VNC authentication. The lab's guests draw nothing: the screen is black, and keys
 * and pointer are read and go nowhere.
 */
export function screen(vm: Vm, password: string, task: ConsoleTask): ConsoleClient {
  const challenge = randomBytes(16)
  let socket: WebSocketEnd | undefined
  let waiting: Buffer = Buffer.alloc(0)
  const send = (...parts: (Buffer | string)[]): void =>
    socket?.send(
      Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part))),
    )
  /** Takes bytes off the client's; undefined while they are not there. */
  const take = (length: number): Buffer | undefined => {
    if (waiting.length < length) return undefined
    const bytes = waiting.subarray(0, length)
    waiting = waiting.subarray(length)
    return bytes
  }
  const steps: (() => boolean)[] = [
    () => {
      if (!take(12)) return false
      send(Buffer.from([1, 2]))
      return true
    },
    () => {
      if (!take(1)) return false
      send(challenge)
      return true
    },
    () => {
      const response = take(16)
      if (!response) return false
      const isRight = response.equals(encrypt(challenge, password))
      send(uint32(isRight ? 0 : 1))
      if (!isRight) {
        const reason = 'Authentication failed'
        send(uint32(reason.length), reason)
        socket?.close()
      }
      return true
    },
    () => {
      if (!take(1)) return false
      const name = vm.config['name'] ?? `VM ${vm.vmid}`
      send(uint16(WIDTH), uint16(HEIGHT), PIXEL_FORMAT, uint32(name.length), name)
      return true
    },
  ]
  return {
    open: (opened) => {
      socket = opened
      if (vm.running) send('RFB 003.008\n')
      else {
        task.log(`VM ${vm.vmid} not running`)
        task.fail('Failed to run vncproxy.')
        opened.close()
      }
    },
    closed: () => task.done(),
    data: (bytes) => {
      waiting = Buffer.concat([waiting, bytes])
      while (steps[0]?.()) steps.shift()
      if (steps.length === 0) while (answerMessage(waiting, take, send)) continue
    },
  }
}

/** 32 bits, little endian, 8 for each colour, and three bytes of padding. */
const PIXEL_FORMAT = Buffer.from([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0])

/** Answers one message of a client that is in. False when none is whole. */
function answerMessage(
  waiting: Buffer,
  take: (length: number) => Buffer | undefined,
  send: (...parts: Buffer[]) => void,
): boolean {
  const type = waiting[0]
  if (type === undefined) return false
  let length = LENGTHS[type]
  if (type === 2 && waiting.length >= 4) length = 4 + 4 * waiting.readUInt16BE(2)
  if (type === 6 && waiting.length >= 8) length = 8 + waiting.readUInt32BE(4)
  const message = length === undefined ? undefined : take(length)
  if (!message) return false
  // The whole screen is sent when it is asked for; it never changes afterwards.
  if (type === 3 && message[1] === 0) {
    const head = Buffer.concat([
      Buffer.from([0, 0]),
      uint16(1),
      uint16(0),
      uint16(0),
      uint16(WIDTH),
      uint16(HEIGHT),
      uint32(0),
    ])
    send(head, Buffer.alloc(WIDTH * HEIGHT * 4))
  }
  return true
}

/** DES of a challenge, each byte of the password with its bits turned round, as VNC has it. Three equal keys make 3DES what DES is. */
function encrypt(challenge: Buffer, password: string): Buffer {
  const key = Buffer.alloc(8)
  key.write(password.slice(0, 8), 'latin1')
  for (const [index, byte] of key.entries())
    key[index] = Number.parseInt(byte.toString(2).padStart(8, '0').split('').toReversed().join(''), 2)
  const cipher = createCipheriv('des-ede3-ecb', Buffer.concat([key, key, key]), null)
  return cipher.setAutoPadding(false).update(challenge)
}

function uint16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff])
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
