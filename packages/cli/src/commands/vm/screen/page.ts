import { tr } from '../../../locale.ts'

/** What the page shows at the top and says when something ends. */
export interface PageTexts {
  readonly title: string
  /** The command that opens another page. */
  readonly again: string
}

/** The page with a VM's screen. It asks for everything below its own path, and runs no script but its own and noVNC's. */
export function pageHtml({ title }: PageTexts): string {
  return `<!doctype html>
<html lang="${tr('en', 'it')}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title>
<link rel="stylesheet" href="page.css">
<header>
  <strong>${escapeHtml(title)}</strong>
  <span id="state" role="status">${tr('connecting…', 'connessione…')}</span>
  <button id="cad" type="button" disabled>Ctrl-Alt-Del</button>
  <button id="full" type="button">${tr('Full screen', 'Schermo intero')}</button>
</header>
<main id="screen"></main>
<script type="module" src="page.js"></script>
</html>
`
}

/** The page's looks. */
export const pageCss = `html, body { height: 100%; margin: 0; }
body { display: flex; flex-direction: column; background: #16181d; color: #e6e6e6; font: 14px/1.4 system-ui, sans-serif; }
header { display: flex; gap: 1rem; align-items: center; padding: .4rem .8rem; }
#state { flex: 1; }
button { font: inherit; }
main { flex: 1; min-height: 0; }
`

/** The page's script: asks for the password, which is given once, and shows the screen. */
export function pageScript({ again }: PageTexts): string {
  const texts = {
    connected: tr('connected', 'connesso'),
    closed: tr('the screen has closed', 'lo schermo si è chiuso'),
    refused: tr('the password was refused', 'la password è stata rifiutata'),
    again: `${tr('open another one with:', 'aprine un altro con:')}  ${again}`,
  }
  return `import RFB from './novnc/core/rfb.js'

const texts = ${JSON.stringify(texts).replaceAll('<', '\\u003c')}
const [state, screen, cad, full] = ['state', 'screen', 'cad', 'full'].map((id) => document.getElementById(id))
const end = (text) => {
  state.textContent = text + '. ' + texts.again
  cad.disabled = true
}
const answer = await fetch('open', { method: 'POST' })
if (!answer.ok) end(await answer.text())
else {
  const { password } = await answer.json()
  const address = new URL('socket', location.href.replace(/^http/, 'ws'))
  const rfb = new RFB(screen, address.href, { credentials: { password }, wsProtocols: ['binary'] })
  rfb.scaleViewport = true
  rfb.background = '#000'
  let refused = false
  rfb.addEventListener('connect', () => {
    state.textContent = texts.connected
    cad.disabled = false
    rfb.focus()
  })
  rfb.addEventListener('securityfailure', () => { refused = true })
  rfb.addEventListener('disconnect', () => end(refused ? texts.refused : texts.closed))
  cad.addEventListener('click', () => { rfb.sendCtrlAltDel(); rfb.focus() })
  full.addEventListener('click', () => { screen.requestFullscreen(); rfb.focus() })
}
`
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
