import { spawn } from 'node:child_process'

/** The program that opens an address where the person reads it, by platform. */
const openers: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
}

/** Opens an address in the person's browser. Resolves to whether there was a program to do it. */
export async function openBrowser(
  url: string,
  platform: NodeJS.Platform = process.platform,
): Promise<boolean> {
  // Without a display there is no browser, and xdg-open would start one in the terminal.
  const hasDisplay = process.env['DISPLAY'] || process.env['WAYLAND_DISPLAY']
  const [program, ...words] = openers[platform] ?? ['xdg-open']
  if (!openers[platform] && !hasDisplay) return false
  const child = spawn(program, [...words, url], { stdio: 'ignore', detached: true })
  return new Promise((resolve) => {
    child.once('error', () => resolve(false))
    child.once('spawn', () => {
      child.unref()
      resolve(true)
    })
  })
}
