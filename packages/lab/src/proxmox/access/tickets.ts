import { createHmac, timingSafeEqual } from 'node:crypto'
import type { ProxmoxWorld } from '../world.ts'

/** Seconds that a login lasts. */
const TICKET_LIFE = 7200
/** Seconds that a signer's clock may be ahead. */
const SKEW = 300
/** Seconds that a console ticket lasts, and how far ahead its clock may be. */
const CONSOLE_LIFE = 40
const CONSOLE_SKEW = 20

/** Makes a login ticket: `PVE:{user}:{time}::{signature}`. */
export function createTicket(world: ProxmoxWorld, user: string): string {
  return assemble(world, `PVE:${user.replaceAll(':', '%3A')}`, '')
}

/** The user that a login ticket is for; undefined when it is forged, too old or no ticket. */
export function readTicket(world: ProxmoxWorld, ticket: string): string | undefined {
  const [, plain = '', user = ''] = /^(PVE:([^:\s]+)):[0-9A-F]{8}::/.exec(ticket) ?? []
  return plain !== '' && isValid(world, ticket, plain, '', TICKET_LIFE, SKEW)
    ? user.replaceAll('%3A', ':')
    : undefined
}

/**
 * Makes the ticket of somebody whose password was right and who is asked for a second factor: `PVE:!tfa!{challenge}:{time}::{signature}`.
 * It opens nothing.
 * @param challenge what may be answered with, as it goes out as JSON.
 */
export function createChallengeTicket(world: ProxmoxWorld, user: string, challenge: object): string {
  return assemble(world, `PVE:!tfa!${JSON.stringify(challenge).replaceAll(':', '%3A')}`, user)
}

/** Whether a ticket was made to ask this user for a second factor, and is not too old. */
export function isChallengeTicket(world: ProxmoxWorld, ticket: string, user: string): boolean {
  const plain = /^(PVE:!tfa![^:]*):[0-9A-F]{8}::/.exec(ticket)?.[1]
  return plain !== undefined && isValid(world, ticket, plain, user, TICKET_LIFE, SKEW)
}

/** Makes the token that writes of a ticket's user must carry. */
export function createCsrfToken(world: ProxmoxWorld, user: string): string {
  const time = timeNow(world)
  return `${time}:${sign(world, `csrf:${time}:${user}`)}`
}

/** Whether a token allows writes of a user. */
export function isCsrfToken(world: ProxmoxWorld, token: string | undefined, user: string): boolean {
  const [, time = '', signature = ''] = /^([0-9A-F]{8}):(.+)$/.exec(token ?? '') ?? []
  return isYoung(world, time, TICKET_LIFE, SKEW) && isEqual(signature, sign(world, `csrf:${time}:${user}`))
}

/**
 * Makes a console ticket: `PVEVNC:{time}::{signature}`.
 * @param user with its token's name, where a token asks.
 * @param path `/vms/{vmid}` or `/nodes/{node}`.
 */
export function createConsoleTicket(world: ProxmoxWorld, user: string, path: string, port: number): string {
  return assemble(world, 'PVEVNC', `${user}:${path}:${port}`)
}

/** Whether a console ticket was made for this user, path and port within the last forty seconds. */
export function isConsoleTicket(
  world: ProxmoxWorld,
  ticket: string,
  user: string,
  path: string,
  port: number,
): boolean {
  // Its password may stand before it.
  const plain = ticket.replace(/^.{8}:(?=PVEVNC:)/, '')
  return isValid(world, plain, 'PVEVNC', `${user}:${path}:${port}`, CONSOLE_LIFE, CONSOLE_SKEW)
}

/** Makes a ticket for a migration's tunnel: `PVETUNNEL:{time}::{signature}`. */
export function createTunnelTicket(world: ProxmoxWorld, user: string, socket: string): string {
  return assemble(world, 'PVETUNNEL', `${user}:/socket${socket}`)
}

/** Whether a ticket of a tunnel was made for this user and socket within the last forty seconds. */
export function isTunnelTicket(world: ProxmoxWorld, ticket: string, user: string, socket: string): boolean {
  return isValid(world, ticket, 'PVETUNNEL', `${user}:/socket${socket}`, CONSOLE_LIFE, CONSOLE_SKEW)
}

function assemble(world: ProxmoxWorld, prefix: string, secret: string): string {
  const plain = `${prefix}:${timeNow(world)}`
  return `${plain}::${sign(world, `${plain}:${secret}`)}`
}

function isValid(
  world: ProxmoxWorld,
  ticket: string,
  prefix: string,
  secret: string,
  life: number,
  skew: number,
): boolean {
  const [, plain = '', signature = ''] = /^(.+)::([^:]+)$/.exec(ticket) ?? []
  const time = plain.slice(prefix.length + 1)
  if (!plain.startsWith(`${prefix}:`) || !isYoung(world, time, life, skew)) return false
  return isEqual(signature, sign(world, `${plain}:${secret}`))
}

function timeNow(world: ProxmoxWorld): string {
  return Math.floor(world.clock.now() / 1000)
    .toString(16)
    .toUpperCase()
    .padStart(8, '0')
}

function isYoung(world: ProxmoxWorld, time: string, life: number, skew: number): boolean {
  if (!/^[0-9A-F]{8}$/.test(time)) return false
  const age = Math.floor(world.clock.now() / 1000) - Number.parseInt(time, 16)
  return age > -skew && age < life
}

function sign(world: ProxmoxWorld, text: string): string {
  return createHmac('sha512', world.ticketKey).update(text).digest('base64')
}

function isEqual(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}
