import { randomInt } from 'node:crypto'
import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'

/** Where a connection is passed on to. */
export interface Target {
  host: string
  port: number
}

/** An address and port that listens for others. */
export interface Forward {
  /** Stops listening and breaks every connection: the next client is refused. */
  close(): Promise<void>
}

/** Where in 127.0.0.0/8 a network's addresses begin. */
export interface Block {
  readonly second: number
  readonly third: number
}

/** The lab's network: loopback addresses that stand for those a load balancer gives out. */
export interface LabNetwork {
  /** Whether each address is one of its own. False where the system has only 127.0.0.1. */
  readonly hasAddresses: boolean
  readonly block: Block
  /** Takes an address as given out. */
  reserve(address: string): void
  /** Gives out an address that nobody in this lab has; undefined when they are used up. */
  allocate(): string | undefined
  /** Takes back an address that was given out; once. */
  release(address: string): void
  /** Listens on an address and port and passes connections on as they are, TLS included. Rejects when it cannot listen there. */
  forward(address: string, port: number, target: Target): Promise<Forward>
  close(): Promise<void>
}

/** Addresses of one network, and how many of them share their first three numbers. */
const CAPACITY = 3840
const IN_A_BLOCK = 240
const SIGN_PORT = 6443

/**
 * Makes a network.
 * @param wanted where. Default: a part of 127.0.0.0/8 that no other lab on this machine has.
 * @param draw says which part to try next. Default: at random.
 */
export async function createLabNetwork(wanted?: Block, draw: () => Block = anyBlock): Promise<LabNetwork> {
  const { block, sign } = await claim(wanted, draw)
  const { second, third } = block
  const nth = (index: number): string =>
    `127.${second}.${third + Math.floor(index / IN_A_BLOCK)}.${10 + (index % IN_A_BLOCK)}`
  const hasAddresses = await canListen(nth(0))
  let given = 0
  const returned: string[] = []
  const forwards = new Set<Forward>()
  const reserved = new Set<string>()
  return {
    hasAddresses,
    block,
    reserve(address) {
      reserved.add(address)
    },
    allocate() {
      if (!hasAddresses) return '127.0.0.1'
      const again = returned.pop()
      if (again !== undefined) return again
      while (given < CAPACITY) {
        const address = nth(given++)
        if (!reserved.delete(address)) return address
      }
      return undefined
    },
    release(address) {
      if (hasAddresses) returned.push(address)
    },
    async forward(address, port, target) {
      const forward = await listen(address, port, target, () => forwards.delete(forward))
      forwards.add(forward)
      return forward
    },
    async close() {
      await Promise.all([...forwards].map((forward) => forward.close()))
      sign?.close()
    },
  }
}

const anyBlock = (): Block => ({
  second: randomInt(16, 240),
  third: randomInt(1, 250 - CAPACITY / IN_A_BLOCK),
})

/** Takes a block. What listens at an address of it that is never given out is the sign that it is taken. */
async function claim(
  wanted: Block | undefined,
  draw: () => Block,
): Promise<{ block: Block; sign: Server | undefined }> {
  for (let tries = 1; ; tries += 1) {
    const block = wanted ?? draw()
    const server = createServer((socket) => void socket.destroy()).unref()
    const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      server.once('error', resolve)
      server.listen(SIGN_PORT, `127.${block.second}.${block.third}.1`, () => resolve(undefined))
    })
    if (error === undefined) return { block, sign: server }
    if (error.code !== 'EADDRINUSE' || wanted !== undefined || tries === 100)
      return { block, sign: undefined }
  }
}

function canListen(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(0, address, () => server.close(() => resolve(true)))
  })
}

function listen(address: string, port: number, target: Target, onClose: () => void): Promise<Forward> {
  const sockets = new Set<Socket>()
  const server: Server = createServer({ noDelay: true }, (incoming) => {
    const outgoing = connect({ ...target, noDelay: true })
    for (const socket of [incoming, outgoing]) {
      sockets.add(socket)
      socket.on('close', () => {
        sockets.delete(socket)
        incoming.destroy()
        outgoing.destroy()
      })
      // A broken connection is closed on the other side too; that is all there is to say.
      socket.on('error', () => {})
    }
    incoming.pipe(outgoing)
    outgoing.pipe(incoming)
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, address, () => {
      server.off('error', reject)
      resolve({
        close: () =>
          new Promise((closed) => {
            onClose()
            server.close(() => closed())
            for (const socket of sockets) socket.destroy()
          }),
      })
    })
  })
}
