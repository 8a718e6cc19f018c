import { spawn } from 'node:child_process'

/** The program that opens an address where the person reads it, by platform. */
const openers: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
}

/** Opens an address in the person's browser, where there is a program that does it. */
export async function openBrowser(url: string, platform: NodeJS.Platform = process.platform): Promise<void> {
  // Without a display there is no browser, and xdg-open would start one in the terminal.
  const hasDisplay = process.env['DISPLAY'] || process.env['WAYLAND_DISPLAY']
  const [program, ...words] = openers[platform] ?? ['xdg-open']
  if (!openers[platform] && !hasDisplay) return
  const child = spawn(program, [...words, url], { stdio: 'ignore', detached: true })
  await new Promise<void>((resolve) => {
    child.once('error', () => resolve())
    child.once('spawn', () => {
      child.unref()
      resolve()
    })
  })
}
