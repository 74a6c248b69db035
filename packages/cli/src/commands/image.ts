import { resolve } from 'node:path'
import { buildImage, publishFlyImage } from 'skein'
import { type CommandContext, type CommandResult, print, remark } from '../context.ts'
import { ExitCode } from '../exit-codes.ts'
import { skeinHome } from '../home.ts'
import { writeJson } from '../json-output.ts'
import { cleanLine } from '../render/clean.ts'
import { row, span } from '../render/row.ts'

export interface ImageBuildOptions {
  tag?: string
  from?: string
  baseFromDebootstrap?: boolean
  engine?: 'docker' | 'podman'
  claude?: string
  node?: string
  force?: boolean
  fly?: string
  json?: boolean
}

/** `skein image build`: makes the image that containers, or with `--fly` Fly machines, are made of. */
export async function imageBuild(
  options: ImageBuildOptions,
  { env, cwd, terminal }: Omit<CommandContext, 'api'>,
): CommandResult {
  const { baseFromDebootstrap: debootstrap = false, json, claude, node, fly, ...rest } = options
  const ending = new AbortController()
  const end = () => ending.abort()
  process.once('SIGINT', end)
  try {
    const given = {
      ...rest,
      ...(claude ? { claude: resolve(cwd, claude) } : {}),
      ...(node ? { node: resolve(cwd, node) } : {}),
      debootstrap,
      home: skeinHome(env),
      progress: (line: string) => remark(terminal, [row(span(cleanLine(line), 'dim'))]),
      signal: ending.signal,
    }
    if (fly !== undefined) {
      const { tag: _, ...own } = given
      const { image, exact, pushed } = await publishFlyImage({ ...own, app: fly, env })
      if (json) writeJson(terminal.stdout, { type: 'fly_image', image, exact, pushed })
      else
        print(terminal, [
          row(span('✓ ', 'good'), pushed ? `Pushed ${image}` : `${image} is up to date`),
          row(span(`  Use it: skein run --on fly:${fly} "…"`, 'dim')),
        ])
      return ExitCode.ok
    }
    const image = await buildImage(given)
    if (json) writeJson(terminal.stdout, { type: 'image', ...image })
    else
      print(terminal, [
        row(span('✓ ', 'good'), image.built ? `Built ${image.tag}` : `${image.tag} is up to date`),
        row(span(`  ${Math.round(image.bytes / 1e6)} MB. Use it: skein run --on docker "…"`, 'dim')),
      ])
    return ExitCode.ok
  } finally {
    process.off('SIGINT', end)
  }
}
