import type { Socket } from 'node:net'

/** Security type of RFB that asks for nothing. */
const NONE = 1

/** Goes through the greeting of a screen that asks nobody who he is (RFC 6143, 7.1). What comes after it is the caller's. */
export async function enterScreen(socket: Socket): Promise<Socket> {
  await read(socket, 12)
  socket.write('RFB 003.008\n')
  const [count = 0] = await read(socket, 1)
  const kinds = await read(socket, count)
  if (!kinds.includes(NONE)) throw new Error('the screen wants a password')
  socket.write(Buffer.from([NONE]))
  const result = await read(socket, 4)
  if (result.readUInt32BE(0) !== 0) throw new Error('the screen lets nobody in')
  return socket
}

/** Reads so many bytes; the rest stays in the socket. Rejects when it ends before. */
async function read(socket: Socket, length: number): Promise<Buffer> {
  for (;;) {
    const bytes = socket.read(length) as Buffer | null
    if (bytes !== null && bytes.length === length) return bytes
    if (bytes !== null) socket.unshift(bytes)
    await new Promise<void>((resolve, reject) => {
      const onReadable = (): void => {
        socket.off('end', onEnd)
        resolve()
      }
      const onEnd = (): void => {
        socket.off('readable', onReadable)
        reject(new Error('the screen went away'))
      }
      socket.once('readable', onReadable)
      socket.once('end', onEnd)
    })
  }
}
