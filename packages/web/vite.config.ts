import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

/** `SKEIN_FIXTURE=1 vite`: the app over an API in memory, full of what is hard to show. Never in a build. */
const fixture: Plugin = {
  name: 'skein-fixture',
  apply: (_, { command }) => command === 'serve' && process.env.SKEIN_FIXTURE !== undefined,
  transformIndexHtml: (html) => html.replace('/src/main.tsx', '/dev/main.tsx'),
}

export default defineConfig({
  plugins: [fixture, react(), tailwindcss()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2024',
    sourcemap: false,
    // A page's policy allows no inline scripts and no data: fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Highlighting knows many languages; each is a file that is loaded when it is met.
    chunkSizeWarningLimit: 1200,
  },
  worker: { format: 'es' },
  server: { proxy: { '/v1': { target: process.env.SKEIN_URL ?? 'http://127.0.0.1:7717', ws: true } } },
})
