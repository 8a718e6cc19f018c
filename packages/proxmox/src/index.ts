// The public surface of the Proxmox VE SDK.
export { createProxmox, type CallOptions, type Proxmox, type ProxmoxConfig } from './client.ts'
export type { Credentials } from './auth.ts'
export type { SecondFactor } from './second-factor.ts'
export type { TlsConfig } from './tls.ts'
export type { Consoles, ConsoleOptions, Screen, Terminal } from './console/consoles.ts'
export type { ParamValue } from './encode.ts'
export * from './errors.ts'
export * from './failures.ts'
export { isUpid, parseUpid, printUpid, type Upid } from './upid.ts'
export type { Tasks, TaskStatus, WaitOptions } from './task.ts'
export type { UploadData, UploadOptions } from './upload.ts'
export { parseDrive, parseSize, printDrive, printSize, type Drive } from './drive.ts'
export { parsePropertyString, printPropertyString, type PropertyValues } from './property-string.ts'
export {
  createObserver,
  type ClusterResource,
  type ClusterTask,
  type ObservedChange,
  type Observer,
  type ObserverClock,
  type ObserverOptions,
} from './observer/observer.ts'
export { createPacer, type Pacer } from './observer/pacer.ts'
export type { DeleteCalls, GetCalls, PostCalls, PutCalls } from './generated/calls.ts'
export type { PropertyStrings } from './generated/formats.ts'
export { generatedFrom } from './generated/calls.ts'
