import { readFile, writeFile } from 'node:fs/promises'
import { chromium } from 'playwright-core'

/** Draws the PNG icons of the web app from `skein.svg`: `node scripts/web-icons.ts`, after that was changed. */
const folder = new URL('../packages/web/public/icons/', import.meta.url)
const svg = await readFile(new URL('skein.svg', folder), 'utf8')
/** A maskable icon fills its square: launchers cut their own shape out of it. */
const maskable = svg
  .replace(/ rx="[\d.]+"/, '')
  .replace('translate(3.6 3.6) scale(.7)', 'translate(5.4 5.4) scale(.55)')

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
})
try {
  for (const [name, size, drawing] of [
    ['skein-180.png', 180, maskable],
    ['skein-192.png', 192, svg],
    ['skein-512.png', 512, svg],
    ['skein-maskable-512.png', 512, maskable],
  ] as const) {
    const page = await browser.newPage({ viewport: { width: size, height: size } })
    await page.setContent(`<style>body{margin:0}svg{display:block;width:${size}px;height:${size}px}</style>${drawing}`)
    await writeFile(new URL(name, folder), await page.screenshot({ omitBackground: true }))
    await page.close()
  }
} finally {
  await browser.close()
}
