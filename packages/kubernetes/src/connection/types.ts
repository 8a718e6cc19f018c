/** A TLS client certificate, both parts as PEM. */
export type ClientCertificate = { cert: string; key: string }

/** What proves who we are at one moment. */
export type Credentials = { token?: string; clientCertificate?: ClientCertificate }

/** How to reach one API server. Plain data except for credentials that change with time. */
export type Connection = {
  /** `https://host:port`, possibly with a path; `http://` for a running `kubectl proxy`. */
  server: string
  /** Certificate authorities (PEM) that the server's certificate must come from. @default the system's */
  ca?: string
  /** Bearer token, or a function asked before each request (it should cache; `refresh` asks past the cache after a 401). */
  token?: string | ((options?: { refresh: boolean }) => Promise<string>)
  clientCertificate?: ClientCertificate
  /** Credentials that change, as exec plug-ins give them. `refresh` asks past the cache, after the server refused the last ones. */
  credentials?: (options: { refresh: boolean }) => Promise<Credentials>
  /** Basic authentication; few servers still take it. */
  basic?: { username: string; password: string }
  /** Do not verify the server's certificate. @default false */
  insecureSkipVerify?: boolean
  /** Name expected in the server's certificate, when it is not the host of `server`. */
  tlsServerName?: string
  /** HTTP proxy to go through. */
  proxyUrl?: string
  /** Act as somebody else; needs the right to impersonate. */
  impersonate?: { user: string; groups?: string[]; uid?: string }
  /** Namespace that commands use when none is given. */
  namespace?: string
}
